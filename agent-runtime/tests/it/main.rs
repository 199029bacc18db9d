//! The program as an operator meets it: started as a process, with real servers.

mod announced;
mod anywhere;
mod clinic_settings;
mod desk;
mod jobs;
mod load;
mod read_only;
mod refusals;
mod scenarios;
mod serving;
mod spoken_scenarios;
mod starting_calls;
mod the_demo;
