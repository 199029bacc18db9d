//! The call tree on a real PostgreSQL; what is about LiveKit on a real livekit-server, the rest on a
//! line in memory and a clock that is moved by hand (`sim`).

mod admission;
mod early_words;
mod leaks;
mod no_udp;
mod nobody_is_refused_in_silence;
mod nobody_waits;
mod rig;
mod second_microphone;
mod sim;
mod sim_callers;
mod sim_course;
mod sim_cut_off;
mod sim_double;
mod sim_faults;
mod sim_keys;
mod sim_model;
mod sim_moved;
mod sim_private;
mod sim_take_over;
mod sim_tools;
mod sim_watch;
mod spoken_crashes;
mod take_over_in_a_room;
mod text_bench;
mod text_calls;
mod two_recognizers;
