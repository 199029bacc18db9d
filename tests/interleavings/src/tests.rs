//! Each check on the source as it is, and on the mutants that it must find.

use crate::run::{finds, holds};
use crate::{mail, recognition, ring, second, threads};

/// One test per line: `name: holds|finds path`.
macro_rules! tests {
    ($($name:ident: $what:ident $($check:ident)::+;)+) => {$(
        #[test]
        fn $name() {
            $what($($check)::+);
        }
    )+};
}

tests! {
    mail_each_input_wakes_the_reader_and_is_handled_once:
        holds mail::original::checks::each_input_wakes_the_reader_and_is_handled_once;
    mail_a_successor_gets_what_the_dead_left:
        holds mail::original::checks::a_successor_gets_what_the_dead_left;
    mail_a_replaced_reader_changes_nothing:
        holds mail::original::checks::a_replaced_reader_changes_nothing;
    mail_a_full_mail_keeps_the_newest_and_counts_the_rest:
        holds mail::original::checks::a_full_mail_keeps_the_newest_and_counts_the_rest;
    mail_mutant_empty_mail_stays_rung:
        finds mail::empty_mail_stays_rung::checks::each_input_wakes_the_reader_and_is_handled_once;
    mail_mutant_successor_is_not_rung:
        finds mail::successor_is_not_rung::checks::a_successor_gets_what_the_dead_left;
    mail_mutant_input_in_flight_dies_with_its_reader:
        finds mail::input_in_flight_dies_with_its_reader::checks::a_successor_gets_what_the_dead_left;
    mail_mutant_replaced_reader_reads_on:
        finds mail::replaced_reader_reads_on::checks::a_replaced_reader_changes_nothing;
    mail_mutant_replaced_reader_commits:
        finds mail::replaced_reader_commits::checks::a_replaced_reader_changes_nothing;
    mail_mutant_full_mail_drops_the_newest:
        finds mail::full_mail_drops_the_newest::checks::a_full_mail_keeps_the_newest_and_counts_the_rest;

    ring_a_reader_that_is_notified_comes_to_the_end:
        holds ring::original::checks::a_reader_that_is_notified_comes_to_the_end;
    ring_a_reader_that_waits_comes_to_the_end:
        holds ring::original::checks::a_reader_that_waits_comes_to_the_end;
    ring_a_successor_reads_on:
        holds ring::original::checks::a_successor_reads_on;
    ring_mutant_notified_apart_from_the_callback:
        finds ring::notified_apart_from_the_callback::checks::a_reader_that_is_notified_comes_to_the_end;
    ring_mutant_notified_apart_from_the_callback_of_a_successor:
        finds ring::notified_apart_from_the_callback::checks::a_successor_reads_on;
    ring_mutant_reading_does_not_allow_the_next_notice:
        finds ring::reading_does_not_allow_the_next_notice::checks::a_reader_that_is_notified_comes_to_the_end;
    ring_mutant_packets_left_behind_ring_nobody:
        finds ring::packets_left_behind_ring_nobody::checks::a_reader_that_is_notified_comes_to_the_end;
    ring_mutant_overwritten_packets_are_not_passed_over:
        finds ring::overwritten_packets_are_not_passed_over::checks::a_reader_that_is_notified_comes_to_the_end;
    ring_mutant_full_ring_keeps_the_oldest:
        finds ring::full_ring_keeps_the_oldest::checks::a_reader_that_is_notified_comes_to_the_end;
    ring_mutant_waiting_does_not_allow_the_next_notice:
        finds ring::waiting_does_not_allow_the_next_notice::checks::a_reader_that_waits_comes_to_the_end;
    ring_mutant_a_new_callback_is_not_told_what_waits:
        finds ring::a_new_callback_is_not_told_what_waits::checks::a_successor_reads_on;

    threads_each_job_is_run_once_and_the_close_ends_all:
        holds threads::original::checks::each_job_is_run_once_and_the_close_ends_all;
    threads_a_hung_thread_is_abandoned_once:
        holds threads::original::checks::a_hung_thread_is_abandoned_once;
    threads_nothing_is_queued_after_the_close:
        holds threads::original::checks::nothing_is_queued_after_the_close;
    threads_mutant_told_before_there_is_a_job:
        finds threads::told_before_there_is_a_job::checks::each_job_is_run_once_and_the_close_ends_all;
    threads_mutant_close_wakes_nobody:
        finds threads::close_wakes_nobody::checks::each_job_is_run_once_and_the_close_ends_all;
    threads_mutant_abandoned_thread_works_on:
        finds threads::abandoned_thread_works_on::checks::a_hung_thread_is_abandoned_once;
    threads_mutant_look_forgets_who_is_busy:
        finds threads::look_forgets_who_is_busy::checks::a_hung_thread_is_abandoned_once;
    threads_mutant_abandoned_thread_counts_as_live:
        finds threads::abandoned_thread_counts_as_live::checks::a_hung_thread_is_abandoned_once;
    threads_mutant_job_queued_after_the_close_stays:
        finds threads::job_queued_after_the_close_stays::checks::nothing_is_queued_after_the_close;

    recognition_each_utterance_is_heard_whole_and_told_once:
        holds recognition::original::checks::each_utterance_is_heard_whole_and_told_once;
    recognition_a_discarded_utterance_frees_its_recognizer:
        holds recognition::original::checks::a_discarded_utterance_frees_its_recognizer;
    recognition_a_hung_recognizer_is_replaced_and_its_utterance_told_once:
        holds recognition::original::checks::a_hung_recognizer_is_replaced_and_its_utterance_told_once;
    recognition_a_recognizer_that_dies_is_replaced:
        holds recognition::original::checks::a_recognizer_that_dies_is_replaced;
    recognition_mutant_any_epoch_may_change_it:
        finds recognition::any_epoch_may_change_it::checks::a_hung_recognizer_is_replaced_and_its_utterance_told_once;
    recognition_taken_for_hung_at_any_moment_an_utterance_is_told_once:
        holds recognition::original::checks::taken_for_hung_at_any_moment_an_utterance_is_told_once;
    recognition_mutant_its_end_is_not_kept:
        finds recognition::its_end_is_not_kept::checks::taken_for_hung_at_any_moment_an_utterance_is_told_once;
    recognition_mutant_offer_in_the_middle_of_a_turn_is_forgotten:
        finds recognition::offer_in_the_middle_of_a_turn_is_forgotten::checks::each_utterance_is_heard_whole_and_told_once;
    recognition_mutant_discarded_one_keeps_the_offer:
        finds recognition::discarded_one_keeps_the_offer::checks::a_discarded_utterance_frees_its_recognizer;
    recognition_mutant_lost_recognizer_is_still_counted:
        finds recognition::lost_recognizer_is_still_counted::checks::a_recognizer_that_dies_is_replaced;
    recognition_mutant_any_number_is_made:
        finds recognition::any_number_is_made::checks::each_utterance_is_heard_whole_and_told_once;
    recognition_mutant_words_are_told_after_a_discard:
        finds recognition::words_are_told_after_a_discard::checks::a_discarded_utterance_frees_its_recognizer;
    recognition_mutant_unread_samples_are_lost:
        finds recognition::unread_samples_are_lost::checks::each_utterance_is_heard_whole_and_told_once;
    recognition_mutant_work_that_came_in_a_turn_is_forgotten:
        finds recognition::work_that_came_in_a_turn_is_forgotten::checks::each_utterance_is_heard_whole_and_told_once;

    second_who_goes_on_after_a_pause_is_heard_whole_and_told_once:
        holds second::original::checks::who_goes_on_after_a_pause_is_heard_whole_and_told_once;
    second_after_it_is_given_up_nothing_is_told:
        holds second::original::checks::after_it_is_given_up_nothing_is_told;
    second_a_decode_whose_thread_dies_is_begun_anew:
        holds second::original::checks::a_decode_whose_thread_dies_is_begun_anew;
    second_mutant_what_was_decoded_in_a_pause_stays:
        finds second::what_was_decoded_in_a_pause_stays::checks::who_goes_on_after_a_pause_is_heard_whole_and_told_once;
    second_mutant_any_decode_counts:
        finds second::any_decode_counts::checks::who_goes_on_after_a_pause_is_heard_whole_and_told_once;
    second_mutant_words_are_told_after_it_is_given_up:
        finds second::words_are_told_after_it_is_given_up::checks::after_it_is_given_up_nothing_is_told;
    second_mutant_a_lost_decode_is_not_begun_anew:
        finds second::a_lost_decode_is_not_begun_anew::checks::a_decode_whose_thread_dies_is_begun_anew;
}
