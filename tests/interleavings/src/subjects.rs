// Included by build.rs: the pieces under check and their mutants.

const SUBJECTS: &[Subject] = &[
    Subject {
        name: "mail",
        files: &[("mail", "actors/src/mail.rs")],
        smaller: &[("CAPACITY: usize = 4096", "CAPACITY: usize = 3")],
        mutants: &[
            Mutant {
                name: "empty_mail_stays_rung",
                from: "                inner.rung = false;\n                Next::Nothing",
                to: "                Next::Nothing",
            },
            Mutant {
                name: "successor_is_not_rung",
                from: "        inner.rung = false;\n        if inner.in_flight",
                to: "        if inner.in_flight",
            },
            Mutant {
                name: "replaced_reader_reads_on",
                from: "        if inner.readers != reading.0 {\n            return Next::Replaced;\n        }",
                to: "",
            },
            Mutant {
                name: "replaced_reader_commits",
                from: "let is_reader = inner.readers == reading.0;",
                to: "let is_reader = true;",
            },
            Mutant {
                name: "input_in_flight_dies_with_its_reader",
                from: "inner.in_flight = Some((input.clone(), 1));",
                to: "inner.in_flight = None;",
            },
            Mutant {
                name: "full_mail_drops_the_newest",
                from: "inner.queue.pop_front();\n            inner.dropped",
                to: "inner.queue.pop_back();\n            inner.dropped",
            },
        ],
    },
    Subject {
        name: "ring",
        files: &[("ring", "rtc/src/ring.rs")],
        smaller: &[],
        mutants: &[
            // As it was: a packet that came while a callback was set left the reader asleep for ever.
            Mutant {
                name: "notified_apart_from_the_callback",
                from: "            let first = !std::mem::replace(&mut inner.notified, true);\n            (first, inner.on_readable.clone())\n        };\n        if first {",
                to: "            ((), inner.on_readable.clone())\n        };\n        let ((), on_readable) = (first, on_readable);\n        if !std::mem::replace(&mut self.inner.lock().notified, true) {",
            },
            Mutant {
                name: "reading_does_not_allow_the_next_notice",
                from: "            inner.notified = self.next < inner.next_index;\n",
                to: "",
            },
            Mutant {
                name: "packets_left_behind_ring_nobody",
                from: "(taken, if inner.notified { inner.on_readable.clone() } else { None })",
                to: "(taken, if inner.notified { inner.on_readable.clone().filter(|_| false) } else { None })",
            },
            Mutant {
                name: "waiting_does_not_allow_the_next_notice",
                from: "                inner.notified = false;\n            }\n            notified.await;",
                to: "            }\n            notified.await;",
            },
            Mutant {
                name: "overwritten_packets_are_not_passed_over",
                from: "                self.next = oldest;",
                to: "",
            },
            Mutant {
                name: "a_new_callback_is_not_told_what_waits",
                from: "        if waiting {\n            on_readable();\n        }",
                to: "",
            },
            Mutant {
                name: "full_ring_keeps_the_oldest",
                from: "inner.packets.pop_front();",
                to: "inner.packets.pop_back();",
            },
        ],
    },
    Subject {
        name: "threads",
        files: &[
            ("thread_time", "actors/src/media/thread_time.rs"),
            ("threads", "actors/src/media/threads.rs"),
        ],
        smaller: &[],
        mutants: &[
            Mutant {
                name: "told_before_there_is_a_job",
                from: "            state.queue.push_back(job);\n            drop(state);\n            self.shared.wake.notify_one();",
                to: "            drop(state);\n            self.shared.wake.notify_one();\n            self.shared.state.lock().queue.push_back(job);",
            },
            Mutant {
                name: "abandoned_thread_works_on",
                from: "if !state.live.contains(&number) {",
                to: "if false {",
            },
            Mutant {
                name: "look_forgets_who_is_busy",
                from: "            state.busy = busy;",
                to: "            drop(busy);",
            },
            Mutant {
                name: "abandoned_thread_counts_as_live",
                from: "                state.live.retain(|&thread| thread != busy.thread);\n",
                to: "",
            },
            Mutant {
                name: "close_wakes_nobody",
                from: "        drop(state);\n        self.shared.wake.notify_all();",
                to: "        drop(state);",
            },
            Mutant {
                name: "job_queued_after_the_close_stays",
                from: "                    && !state.closed\n",
                to: "",
            },
        ],
    },
    Subject {
        name: "recognition",
        files: &[
            ("thread_time", "actors/src/media/thread_time.rs"),
            ("threads", "actors/src/media/threads.rs"),
            ("utterance", "actors/src/media/utterance.rs"),
            ("lease", "actors/src/media/lease.rs"),
            ("recognition", "actors/src/media/recognition.rs"),
        ],
        smaller: &[("TURN_SAMPLES: usize = SAMPLE_RATE_HZ as usize", "TURN_SAMPLES: usize = 5")],
        mutants: &[
            Mutant {
                name: "any_epoch_may_change_it",
                from: "(audio.epoch == self.epoch && !audio.over)",
                to: "(!audio.over)",
            },
            Mutant {
                name: "its_end_is_not_kept",
                from: "            audio.over = true;\n            audio.holds = false;",
                to: "            audio.holds = false;",
            },
            Mutant {
                name: "offer_in_the_middle_of_a_turn_is_forgotten",
                from: "let again = audio.discarded || !is_in_line();",
                to: "let again = audio.discarded;",
            },
            Mutant {
                name: "discarded_one_keeps_the_offer",
                from: "                if turn.end(None, |_| {}) {\n                    self.leases.leave(&turn.utterance);\n                }",
                to: "                turn.end(None, |_| {});",
            },
            Mutant {
                name: "lost_recognizer_is_still_counted",
                from: "        if is_lost {\n            self.leases.give_back(None);\n        }",
                to: "",
            },
            Mutant {
                name: "any_number_is_made",
                from: "None if recognizers.made < self.max => {",
                to: "None if true => {",
            },
            Mutant {
                name: "words_are_told_after_a_discard",
                from: "                if !audio.discarded {\n                    (self.utterance.sink)(RecognitionEvent::Final(transcript));\n                }",
                to: "                (self.utterance.sink)(RecognitionEvent::Final(transcript));",
            },
            Mutant {
                name: "unread_samples_are_lost",
                from: "            audio.read -= unread;\n",
                to: "            let _ = unread;\n",
            },
            Mutant {
                name: "work_that_came_in_a_turn_is_forgotten",
                from: "            Schedule::Running => audio.schedule = Schedule::Again,",
                to: "            Schedule::Running => {}",
            },
        ],
    },
    Subject {
        name: "second",
        files: &[
            ("thread_time", "actors/src/media/thread_time.rs"),
            ("threads", "actors/src/media/threads.rs"),
            ("fair", "actors/src/media/fair.rs"),
            ("second", "actors/src/media/second.rs"),
        ],
        smaller: &[],
        mutants: &[
            Mutant {
                name: "what_was_decoded_in_a_pause_stays",
                from: "state.wanted.is_none() && Self::drop_current(&mut state)",
                to: "state.wanted.is_none() && state.current.is_some()",
            },
            Mutant {
                name: "any_decode_counts",
                from: "if let Some(current) = state.current.as_mut().filter(|current| current.number == number) {",
                to: "let _ = number;\n        if let Some(current) = state.current.as_mut() {",
            },
            Mutant {
                name: "words_are_told_after_it_is_given_up",
                from: "        state.over = true;\n        Self::drop_current(&mut state);",
                to: "",
            },
            Mutant {
                name: "a_lost_decode_is_not_begun_anew",
                from: "            Self::drop_current(&mut state);\n            self.decode(&mut state);\n            return;",
                to: "            return;",
            },
        ],
    },
];
