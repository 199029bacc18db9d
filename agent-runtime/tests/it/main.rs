//! The program as an operator meets it: started as a process, with real servers.

mod a_model_that_obeys_an_attacker;
mod announced;
mod anywhere;
mod as_an_image_runs_it;
mod clinic_settings;
mod desk;
mod documents_of_a_folder;
mod jobs;
mod language_model;
mod load;
mod models;
mod phone_bench;
mod phone_calls;
mod phone_load;
mod phone_raw;
mod phone_rig;
mod phone_serving;
mod read_only;
mod refusals;
mod scenarios;
mod serving;
mod spoken_scenarios;
mod starting_calls;
mod the_demo;
mod typist;
