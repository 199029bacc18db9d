//! The program as an operator meets it: started as a process, with real servers.

mod announced;
mod anywhere;
mod clinic_settings;
mod desk;
mod jobs;
mod language_model;
mod load;
mod read_only;
mod refusals;
mod scenarios;
mod serving;
mod spoken_scenarios;
mod the_demo;
