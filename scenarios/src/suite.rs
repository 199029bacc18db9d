//! Several calls together: the table, and the times of all of them.

use std::fmt::{self, Display};

use frontdesk_pipelines::turn::EndReason;
use serde::Serialize;

use super::judge::Check;
use super::report::{Report, SpokenTurn};
use super::speech::Intelligible;

/// Several calls.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Suite {
    /// Whether every call passed.
    pub passed: bool,
    /// Wall time of the whole run in seconds.
    pub seconds: f64,
    /// Reply times of all turns in milliseconds, to the text of the answer.
    pub replies: Replies,
    /// What was heard, of spoken calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spoken: Option<Spoken>,
    /// Calls that did something to an appointment that was not expected of them.
    pub wrong_writes: usize,
    /// The calls, in the order of the files.
    pub calls: Vec<Report>,
    /// Files whose call could not be placed, and why.
    pub faults: Vec<Fault>,
}

/// A call that could not be placed or followed to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    /// The scenario's file.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// From a patient's words to the first sign of the answer, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Replies {
    /// How many.
    pub count: usize,
    /// Half of them took at most so long.
    pub median_ms: f64,
    /// 95 of 100 took at most so long.
    pub p95_ms: f64,
    /// 99 of 100 took at most so long.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Replies {
    /// Of these times, in any order.
    #[must_use]
    pub(crate) fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let Some(&max_ms) = times.last() else { return Self::default() };
        let rank = |share: usize| times[(times.len() * share).div_ceil(100).max(1) - 1];
        Self { count: times.len(), median_ms: rank(50), p95_ms: rank(95), p99_ms: rank(99), max_ms }
    }
}

impl Display for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, median_ms, p95_ms, p99_ms, max_ms } = self;
        write!(
            f,
            "{count}, median {median_ms:.1} ms, p95 {p95_ms:.1} ms, p99 {p99_ms:.1} ms, max \
             {max_ms:.1} ms"
        )
    }
}

/// What was heard in spoken calls. Times count from the patient's last voiced frame.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Spoken {
    /// Sentences that the patients said.
    pub sentences: usize,
    /// Those of them in which the agent took the turn to be over before it was.
    pub cut: usize,
    /// Word errors of what the agent understood per word that was said to it.
    pub word_error_rate: f64,
    /// To the first sound of the answer, of all turns.
    pub audio: Replies,
    /// The same of turns that ended because the words were complete.
    pub audio_complete: Replies,
    /// The same of turns that ended by the default wait.
    pub audio_default: Replies,
    /// From the end of a turn to the answer's first packet, less the recognizer's last words.
    pub answer: Replies,
    /// From the first voiced frame of an interruption to the agent's pause.
    pub pause: Replies,
    /// Smallest share of the agent's words that were recognized in a recording.
    pub least_intelligible: f64,
}

impl Spoken {
    /// Of the spoken ones of these calls; `None` if there are none.
    fn of(calls: &[Report]) -> Option<Self> {
        let heard = calls.iter().filter_map(|call| call.intelligible.as_ref());
        let least_intelligible = heard.map(Intelligible::share).reduce(f64::min)?;
        let turns = calls.iter().flat_map(Report::replies);
        let turns: Vec<&SpokenTurn> = turns.filter_map(|turn| turn.speech.as_ref()).collect();
        let words: usize = turns.iter().map(|turn| turn.words).sum();
        // What was not understood at all is wrong in every word.
        let errors = turns.iter().map(|turn| turn.word_errors.unwrap_or(turn.words));
        let times = |of: &dyn Fn(&SpokenTurn) -> Option<f64>| {
            Replies::of(turns.iter().filter_map(|turn| of(turn)).collect())
        };
        let audio = |reason: EndReason| {
            times(&|turn| turn.first_audio_ms.filter(|_| turn.reason == Some(reason)))
        };
        Some(Self {
            sentences: turns.len(),
            cut: turns.iter().filter(|turn| turn.cuts.is_some_and(|cuts| cuts > 0)).count(),
            word_error_rate: errors.sum::<usize>() as f64 / words.max(1) as f64,
            audio: times(&|turn| turn.first_audio_ms),
            audio_complete: audio(EndReason::Complete),
            audio_default: audio(EndReason::Default),
            answer: times(&|turn| {
                Some(turn.first_packet_ms? - turn.turn_decided_ms? - turn.recognized_ms? as f64)
            }),
            pause: times(&|turn| turn.paused_ms),
            least_intelligible,
        })
    }
}

impl Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sentences, cut, .. } = self;
        writeln!(
            f,
            "{cut} of {sentences} sentences cut; {:.1} % word errors; the least intelligible \
                     agent had {:.0} % of its words recognized",
            self.word_error_rate * 100.0,
            self.least_intelligible * 100.0
        )?;
        writeln!(f, "last voiced frame to first sound: {}", self.audio)?;
        writeln!(f, "  of complete answers: {}", self.audio_complete)?;
        writeln!(f, "  after the default wait: {}", self.audio_default)?;
        writeln!(f, "turn decided to first packet, less final recognition: {}", self.answer)?;
        write!(f, "first voiced frame of an interruption to the pause: {}", self.pause)
    }
}

impl Suite {
    /// Of these calls, which took `seconds` together.
    #[must_use]
    pub(crate) fn of(calls: Vec<Report>, faults: Vec<Fault>, seconds: f64) -> Self {
        let replies = Replies::of(calls.iter().flat_map(Report::reply_times).collect());
        let spoken = Spoken::of(&calls);
        let wrong_writes = calls.iter().filter(|call| call.wrong_write).count();
        let passed = faults.is_empty() && calls.iter().all(|call| call.passed);
        Self { passed, seconds, replies, spoken, wrong_writes, calls, faults }
    }
}

impl Display for Suite {
    /// The table: one line per call, and what was not as expected under it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.calls.iter().map(|call| call.scenario.len()).max().unwrap_or(0).max(8);
        writeln!(
            f,
            "{:<6} {:<width$} {:<12} {:>5} {:>7}",
            "", "scenario", "outcome", "turns", "s"
        )?;
        for call in &self.calls {
            let verdict = if call.passed { "passed" } else { "FAILED" };
            let (outcome, turns) = (call.outcome.unwrap_or("-"), call.turns.len());
            let Report { scenario, seconds, .. } = call;
            writeln!(f, "{verdict} {scenario:<width$} {outcome:<12} {turns:>5} {seconds:>7.1}")?;
            for check in call.checks.iter().filter(|check| !check.ok) {
                let Check { name, expected, actual, .. } = check;
                writeln!(f, "       {name}: expected {expected}; got {actual}")?;
            }
        }
        for fault in &self.faults {
            writeln!(f, "FAILED {}: {}", fault.file, fault.reason)?;
        }
        let passed = self.calls.iter().filter(|call| call.passed).count();
        let all = self.calls.len() + self.faults.len();
        writeln!(f, "{passed} of {all} calls as expected in {:.1} s", self.seconds)?;
        write!(f, "replies: {}", self.replies)?;
        if self.wrong_writes > 0 {
            write!(f, "\nWRONG WRITES in {} calls", self.wrong_writes)?;
        }
        if let Some(spoken) = &self.spoken {
            write!(f, "\n{spoken}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::report;
    use super::*;

    #[test]
    fn several_calls_pass_only_if_all_do() {
        assert!(Suite::of(vec![report(true)], Vec::new(), 2.0).passed);
        assert!(!Suite::of(vec![report(true), report(false)], Vec::new(), 2.0).passed);
        let fault = Fault { file: "x.yaml".to_owned(), reason: "no server".to_owned() };
        let suite = Suite::of(vec![report(true)], vec![fault], 2.0);
        assert!(!suite.passed);
        assert!(suite.to_string().contains("1 of 2 calls as expected"), "{suite}");
    }

    #[test]
    fn the_greeting_is_no_reply() {
        let suite = Suite::of(vec![report(true)], Vec::new(), 1.0);
        assert_eq!(suite.replies.count, 1);
        assert!((suite.replies.p99_ms - 4.25).abs() < f64::EPSILON);
        let many = Replies::of((1..=200).map(f64::from).collect());
        assert!((many.median_ms - 100.0).abs() < f64::EPSILON);
        assert!((many.p99_ms - 198.0).abs() < f64::EPSILON);
    }

    #[test]
    fn spoken_turns_are_counted_by_what_ended_them() {
        let mut spoken = report(true);
        spoken.intelligible =
            Some(Intelligible { words: 10, recognized_words: 9, recognized: String::new() });
        spoken.turns[1].speech = Some(SpokenTurn {
            words: 4,
            word_errors: Some(1),
            cuts: Some(1),
            reason: Some(EndReason::Complete),
            turn_decided_ms: Some(260.0),
            recognized_ms: Some(30),
            first_packet_ms: Some(310.0),
            first_audio_ms: Some(330.0),
            ..SpokenTurn::default()
        });
        let suite = Suite::of(vec![spoken, report(true)], Vec::new(), 1.0);
        let spoken = suite.spoken.as_ref().expect("one was spoken");
        assert_eq!((spoken.sentences, spoken.cut), (1, 1));
        assert!((spoken.word_error_rate - 0.25).abs() < 1e-9);
        assert_eq!((spoken.audio_complete.count, spoken.audio_default.count), (1, 0));
        assert!((spoken.answer.median_ms - 20.0).abs() < 1e-9, "{spoken:?}");
        assert!(suite.to_string().contains("1 of 1 sentences cut; 25.0 % word errors"), "{suite}");
        assert_eq!(Suite::of(vec![report(true)], Vec::new(), 1.0).spoken, None);
    }
}
