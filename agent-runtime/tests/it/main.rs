//! The program as an operator meets it: started as a process, with real servers.

mod desk;
mod jobs;
mod load;
mod refusals;
mod scenarios;
mod serving;
mod spoken_scenarios;
mod the_demo;
