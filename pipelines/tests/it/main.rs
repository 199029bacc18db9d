//! Integration tests of the pipelines: one binary, one module per behaviour.

mod a_call_ends_only_when_the_caller_ends_it;
mod a_cancellation_becomes_a_move;
mod a_language_model_holds_a_call;
mod a_visit_is_for_the_person_who_is_named;
mod a_yes_covers_the_whole_answer;
mod an_utterance_comes_in_pieces;
mod cancelling_wants_a_plain_yes;
mod dialogue;
mod dialogue_guard;
mod dialogue_heard;
mod dialogue_new_patient;
mod dialogue_props;
mod dialogue_sim;
mod dialogue_words;
mod emergencies_interrupt_any_dialogue;
mod forms_go_on_where_a_model_fails;
mod german;
mod hearing;
mod hearing_figures;
mod model_sim;
mod nobody_is_promised_a_call_without_a_number;
mod partials_cost_the_same_all_call_long;
mod pieces_of_a_model_cost_the_same_all_call_long;
mod read_backs_name_the_patient;
mod second_language;
mod the_nearest_times_are_offered;
