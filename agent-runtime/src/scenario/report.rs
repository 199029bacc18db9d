//! What a call was like: printed for people, as JSON for machines.
//!
//! The demo clinics and their patients are invented, and the report is the result that was asked
//! for: it holds what was said. It goes to standard output or to the named file, never to the log.

use std::fmt::{self, Display};

use serde::Serialize;

use super::format::Medium;
use super::judge::{Check, Evidence, named};

/// What somebody else did meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// What happened.
    pub what: String,
}

/// A turn: what the patient said, and what the agent said to that.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Turn {
    /// What the patient said; `None` for the greeting, and where the agent spoke unasked.
    pub patient: Option<String>,
    /// Number of the rule, from 1; `None` if none matched.
    pub rule: Option<usize>,
    /// What the agent said: final segments, in order.
    pub agent: Vec<String>,
    /// What others did during the turn.
    pub meanwhile: Vec<Event>,
    /// Milliseconds from the patient's words being out (from joining, for the greeting) to the
    /// first sign of the agent's first segment.
    pub first_segment_ms: Option<f64>,
    /// Milliseconds from there to the first final segment.
    pub final_ms: Option<f64>,
}

/// An appointment after the call, for the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What the call did to it.
    pub change: &'static str,
    /// Local start, `2026-06-14 09:00`.
    pub start: String,
    /// The doctor's name.
    pub doctor: String,
    /// The patient's name.
    pub patient: String,
    /// The reference.
    pub reference: String,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// Its file.
    pub file: String,
    /// How the patient called.
    pub channel: Medium,
    /// Slug of the copy of the clinic that was called.
    pub clinic: String,
    /// Clinic-local clock at the start of the call.
    pub now: String,
    /// Whether everything expected holds.
    pub passed: bool,
    /// The outcome in the call's record.
    pub outcome: Option<&'static str>,
    /// What the call did to appointments.
    pub appointments: Vec<Row>,
    /// What was expected and what came.
    pub checks: Vec<Check>,
    /// The conversation.
    pub turns: Vec<Turn>,
    /// Seconds from joining the room to leaving it.
    pub seconds: f64,
}

impl Report {
    /// Puts what the judge found into the report.
    pub fn conclude(&mut self, evidence: &Evidence, checks: Vec<Check>) {
        self.passed = checks.iter().all(|check| check.ok);
        self.checks = checks;
        self.outcome = evidence.outcome.map(named);
        let changes = evidence.changes();
        let row = |change, visit: &super::judge::Visit| Row {
            change,
            start: visit.start.strftime("%Y-%m-%d %H:%M").to_string(),
            doctor: visit.doctor.clone(),
            patient: visit.patient.clone(),
            reference: visit.reference.clone(),
        };
        let made = changes.made.iter().map(|visit| row("made", visit));
        let moved = changes.moved.iter().map(|visit| row("moved", visit));
        let cancelled = changes.cancelled.iter().map(|visit| row("cancelled", visit));
        self.appointments = made.chain(moved).chain(cancelled).collect();
    }

    /// Every measured time from a patient's words to the agent's answer, in milliseconds, the
    /// greeting left out.
    pub fn reply_times(&self) -> impl Iterator<Item = f64> {
        let replies = self.turns.iter().filter(|turn| turn.patient.is_some());
        replies.filter_map(|turn| turn.first_segment_ms)
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenario, channel, clinic, now, .. } = self;
        writeln!(f, "{scenario}: {} call to {clinic}, {now}", channel.as_str())?;
        for turn in &self.turns {
            if let Some(words) = &turn.patient {
                let by = turn.rule.map_or("no rule".to_owned(), |rule| format!("rule {rule}"));
                writeln!(f, "  patient  {words}  [{by}]")?;
            }
            let times = Times(turn.first_segment_ms, turn.final_ms);
            for (number, words) in turn.agent.iter().enumerate() {
                match number {
                    0 => writeln!(f, "  agent    {words}{times}")?,
                    _ => writeln!(f, "           {words}")?,
                }
            }
            for event in &turn.meanwhile {
                writeln!(f, "  others   {}", event.what)?;
            }
        }
        writeln!(f, "  outcome  {}", self.outcome.unwrap_or("none recorded"))?;
        for row in &self.appointments {
            let Row { change, start, doctor, patient, reference } = row;
            writeln!(f, "  {change:<8} {start} Dr. {doctor} for {patient}, {reference}")?;
        }
        for check in &self.checks {
            let Check { name, expected, actual, ok } = check;
            let mark = if *ok { "ok" } else { "NOT OK" };
            match ok {
                true => writeln!(f, "  {mark:<8} {name}: {expected}")?,
                false => writeln!(f, "  {mark:<8} {name}: expected {expected}; got {actual}")?,
            }
        }
        let verdict = if self.passed { "passed" } else { "FAILED" };
        write!(f, "  {verdict} in {:.1} s", self.seconds)
    }
}

struct Times(Option<f64>, Option<f64>);

impl Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(Some(first), Some(last)) => write!(f, "  [{first:.1} ms, final {last:.1} ms]"),
            Self(Some(first), None) => write!(f, "  [{first:.1} ms]"),
            _ => Ok(()),
        }
    }
}

/// Several calls.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Suite {
    /// Whether every call passed.
    pub passed: bool,
    /// Wall time of the whole run in seconds.
    pub seconds: f64,
    /// Reply times of all turns in milliseconds.
    pub replies: Replies,
    /// The calls, in the order of the files.
    pub calls: Vec<Report>,
    /// Files whose call could not be placed, and why.
    pub faults: Vec<Fault>,
}

/// A call that could not be placed or followed to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The scenario's file.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// From a patient's words to the first sign of the answer, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Replies {
    /// How many.
    pub count: usize,
    /// Half of them took at most so long.
    pub median_ms: f64,
    /// 99 of 100 took at most so long.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Replies {
    /// Of these times, in any order.
    #[must_use]
    pub fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let Some(&max_ms) = times.last() else { return Self::default() };
        let rank = |share: usize| times[(times.len() * share).div_ceil(100).max(1) - 1];
        Self { count: times.len(), median_ms: rank(50), p99_ms: rank(99), max_ms }
    }
}

impl Suite {
    /// Of these calls, which took `seconds` together.
    #[must_use]
    pub fn of(calls: Vec<Report>, faults: Vec<Fault>, seconds: f64) -> Self {
        let replies = Replies::of(calls.iter().flat_map(Report::reply_times).collect());
        let passed = faults.is_empty() && calls.iter().all(|call| call.passed);
        Self { passed, seconds, replies, calls, faults }
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
        let Replies { count, median_ms, p99_ms, max_ms } = self.replies;
        writeln!(f, "{passed} of {all} calls as expected in {:.1} s", self.seconds)?;
        write!(
            f,
            "replies: {count}, median {median_ms:.1} ms, p99 {p99_ms:.1} ms, max {max_ms:.1} ms"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(passed: bool) -> Report {
        let turn = Turn {
            patient: Some("Good morning".to_owned()),
            rule: Some(1),
            agent: vec!["One moment.".to_owned(), "Which day?".to_owned()],
            first_segment_ms: Some(4.25),
            final_ms: Some(5.5),
            ..Turn::default()
        };
        let check = Check {
            name: "outcome",
            expected: "booked".to_owned(),
            actual: "abandoned".to_owned(),
            ok: passed,
        };
        Report {
            scenario: "books".to_owned(),
            file: "books.yaml".to_owned(),
            channel: Medium::Text,
            clinic: "nile-heart-7".to_owned(),
            now: "2026-06-10T09:00:00".to_owned(),
            passed,
            outcome: Some("abandoned"),
            appointments: Vec::new(),
            checks: vec![check],
            turns: vec![Turn { first_segment_ms: Some(900.0), ..Turn::default() }, turn],
            seconds: 1.5,
        }
    }

    #[test]
    fn a_call_is_printed_with_its_latencies_and_what_was_not_as_expected() {
        let text = report(false).to_string();
        for part in [
            "patient  Good morning  [rule 1]",
            "agent    One moment.  [4.2 ms, final 5.5 ms]",
            "NOT OK   outcome: expected booked; got abandoned",
            "FAILED in 1.5 s",
        ] {
            assert!(text.contains(part), "{part:?} in {text}");
        }
    }

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
    fn the_report_is_json_with_the_names_of_the_documentation() {
        let json = serde_json::to_value(report(true)).expect("serializes");
        assert_eq!(json["channel"], "text");
        assert_eq!(json["turns"][1]["first_segment_ms"], 4.25);
        assert_eq!(json["checks"][0]["name"], "outcome");
    }
}
