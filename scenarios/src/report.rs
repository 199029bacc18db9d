//! What a call was like: printed for people, as JSON for machines.
//!
//! The demo clinics and their patients are invented, and the report is the result that was asked
//! for: it holds what was said. It goes to standard output or to the named file, never to the log.

use std::fmt::{self, Display};

use frontdesk_pipelines::turn::EndReason;
use frontdesk_types::CallId;
use serde::Serialize;

use super::format::{Expect, Medium};
use super::judge::{Check, Evidence, named};
use super::speech::Intelligible;

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
    /// What could be heard, where the call is spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speech: Option<SpokenTurn>,
}

/// What could be heard in a turn. Times are milliseconds from the moment at which the patient's
/// last voiced frame was sent (from joining, for the greeting).
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct SpokenTurn {
    /// From the patient's first voiced frame to the last.
    pub speaking_ms: Option<f64>,
    /// What the agent understood of the patient's words: its own transcript of them.
    pub understood: Option<String>,
    /// Words that the patient said, as they are spoken.
    pub words: usize,
    /// Words of them that the agent got wrong or missed, and those that it made up.
    pub word_errors: Option<usize>,
    /// When it was said.
    #[serde(skip)]
    pub spoken: Option<Spoken>,
    /// How often the agent took the turn to be over while the patient was still speaking.
    pub cuts: Option<usize>,
    /// When the agent paused for it, from the patient's first voiced frame.
    pub paused_ms: Option<f64>,
    /// When the agent decided that the patient had finished, as its decision log says.
    pub turn_decided_ms: Option<f64>,
    /// By which rule.
    pub reason: Option<EndReason>,
    /// From there to the recognizer's final words.
    pub recognized_ms: Option<u64>,
    /// When the first packet of the agent's voice came.
    pub first_packet_ms: Option<f64>,
    /// When its first voiced sample came.
    pub first_audio_ms: Option<f64>,
}

/// When a sentence of the patient was said, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spoken {
    /// Its first voiced frame was sent.
    pub began: u64,
    /// Its last.
    pub ended: u64,
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

impl Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { change, start, doctor, patient, reference } = self;
        write!(f, "{change:<8} {start} Dr. {doctor} for {patient}, reference {reference}")
    }
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// Its file.
    pub file: String,
    /// Id of the call's record, for `frontdesk replay`.
    pub call: Option<CallId>,
    /// How the patient called.
    pub channel: Medium,
    /// The patient's voice, where the call was spoken.
    pub voice: Option<String>,
    /// Slug of the copy of the clinic that was called.
    pub clinic: String,
    /// Clinic-local clock at the start of the call.
    pub now: String,
    /// Whether everything expected holds.
    pub passed: bool,
    /// Whether the call did something to an appointment that was not expected of it.
    pub wrong_write: bool,
    /// The outcome in the call's record.
    pub outcome: Option<&'static str>,
    /// What the call did to appointments.
    pub appointments: Vec<Row>,
    /// What was expected and what came.
    pub checks: Vec<Check>,
    /// The conversation.
    pub turns: Vec<Turn>,
    /// How much of the agent's voice could be understood, where the call was spoken.
    pub intelligible: Option<Intelligible>,
    /// Seconds from joining the room to leaving it.
    pub seconds: f64,
}

impl Report {
    /// Puts what the judge found into the report.
    pub fn conclude(&mut self, evidence: &Evidence, expect: &Expect) {
        let checks = evidence.judge(expect);
        self.wrong_write = evidence.wrote_wrongly(expect);
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

    /// Every measured time from a patient's words to the text of the agent's answer, in
    /// milliseconds, the greeting left out.
    pub fn reply_times(&self) -> impl Iterator<Item = f64> {
        self.replies().filter_map(|turn| turn.first_segment_ms)
    }

    /// The same to the answer being heard, where the call was spoken.
    pub fn audio_times(&self) -> impl Iterator<Item = f64> {
        self.replies().filter_map(|turn| turn.speech.as_ref()?.first_audio_ms)
    }

    /// The turns in which the patient said something.
    pub fn replies(&self) -> impl Iterator<Item = &Turn> {
        self.turns.iter().filter(|turn| turn.patient.is_some())
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenario, channel, clinic, now, .. } = self;
        let voice = self.voice.as_ref().map_or_else(String::new, |voice| format!(" by {voice}"));
        writeln!(f, "{scenario}: {} call{voice} to {clinic}, {now}", channel.as_str())?;
        for turn in &self.turns {
            if let Some(words) = &turn.patient {
                let by = turn.rule.map_or("no rule".to_owned(), |rule| format!("rule {rule}"));
                writeln!(f, "  patient  {words}  [{by}]")?;
                if let Some(speech) = &turn.speech {
                    writeln!(f, "  heard    {speech}")?;
                }
            }
            let times = Times(turn);
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
            writeln!(f, "  {row}")?;
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

impl Display for SpokenTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { understood, words, word_errors, .. } = self;
        match (understood, word_errors) {
            (Some(text), Some(0)) => write!(f, "{text}  [all {words} words]"),
            (Some(text), Some(errors)) => {
                write!(f, "{text}  [{errors} word errors in {words} words]")
            }
            _ => write!(f, "nothing"),
        }
    }
}

/// The times of a turn, as far as they are known.
struct Times<'a>(&'a Turn);

impl Display for Times<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(speech) = &self.0.speech else {
            return match (self.0.first_segment_ms, self.0.final_ms) {
                (Some(first), Some(last)) => write!(f, "  [{first:.1} ms, final {last:.1} ms]"),
                (Some(first), None) => write!(f, "  [{first:.1} ms]"),
                _ => Ok(()),
            };
        };
        let times = [
            ("decided", speech.turn_decided_ms),
            ("text", self.0.first_segment_ms),
            ("packet", speech.first_packet_ms),
            ("audio", speech.first_audio_ms),
        ];
        let known = times.iter().filter_map(|(name, ms)| Some(format!("{name} {:.0}", (*ms)?)));
        let known: Vec<String> = known.collect();
        if known.is_empty() { Ok(()) } else { write!(f, "  [{} ms]", known.join(", ")) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn report(passed: bool) -> Report {
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
            call: None,
            channel: Medium::Text,
            voice: None,
            clinic: "nile-heart-7".to_owned(),
            now: "2026-06-10T09:00:00".to_owned(),
            passed,
            wrong_write: false,
            outcome: Some("abandoned"),
            appointments: Vec::new(),
            checks: vec![check],
            turns: vec![Turn { first_segment_ms: Some(900.0), ..Turn::default() }, turn],
            intelligible: None,
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
    fn a_spoken_turn_is_printed_with_what_was_understood_and_every_known_time() {
        let mut report = report(true);
        report.turns[1].speech = Some(SpokenTurn {
            understood: Some("good morning".to_owned()),
            words: 2,
            word_errors: Some(0),
            first_packet_ms: Some(300.0),
            first_audio_ms: Some(320.0),
            ..SpokenTurn::default()
        });
        let text = report.to_string();
        assert!(text.contains("heard    good morning  [all 2 words]"), "{text}");
        assert!(text.contains("[text 4, packet 300, audio 320 ms]"), "{text}");
    }

    #[test]
    fn the_report_is_json_with_the_names_of_the_documentation() {
        let json = serde_json::to_value(report(true)).expect("serializes");
        assert_eq!(json["channel"], "text");
        assert_eq!(json["turns"][1]["first_segment_ms"], 4.25);
        assert_eq!(json["checks"][0]["name"], "outcome");
    }
}
