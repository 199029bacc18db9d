//! Integration tests of the pipelines: one binary, one module per behaviour.

mod dialogue;
mod dialogue_guard;
mod dialogue_heard;
mod dialogue_new_patient;
mod dialogue_props;
mod dialogue_sim;
mod dialogue_words;
mod hearing;
mod hearing_figures;
