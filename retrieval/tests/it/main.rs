//! What is found, and that nothing is found outside its scope.

mod nothing_is_found_outside_its_scope;
mod questions_are_answered_by_meaning_as_long_as_it_is_in_time;
