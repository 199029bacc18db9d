//! The program as an operator meets it: started as a process, with real servers.

mod announced;
mod anywhere;
mod as_an_image_runs_it;
mod clinic_settings;
mod console;
mod console_rig;
mod desk;
mod jobs;
mod language_model;
mod load;
mod phone_bench;
mod phone_calls;
mod phone_load;
mod phone_raw;
mod phone_rig;
mod phone_serving;
mod phone_turn_bench;
mod read_only;
mod refusals;
mod scenarios;
mod serving;
mod spoken_scenarios;
mod starting_calls;
mod supervision;
mod the_demo;
