//! What was heard and done in a call, turn by turn, while it goes on.

use std::collections::HashMap;
use std::time::Duration;

use frontdesk_types::{AppointmentId, Clock, Mono};

use super::line::Heard;
use super::report::{Spoken, SpokenTurn, Turn};
use super::speech::Sound;
use super::speech::words::{as_spoken, errors};

/// A line of the conversation, while it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// What the patient says.
    Patient(String),
    /// What the agent understood of it.
    Understood(String),
    /// What the agent said, as far as it was heard.
    Agent(String),
}

/// What was heard and done in a call.
pub(super) struct Course {
    pub(super) turns: Vec<Turn>,
    /// Where the text of a segment stands: turn and place in it.
    places: HashMap<String, (usize, usize)>,
    /// The turn in which a segment was first heard of.
    seen: HashMap<String, usize>,
    /// When the words of the turn that goes on were out; `None` while they are being said.
    said_at: Option<Mono>,
    /// What the agent understood of the turn that goes on: segments and their texts.
    understood: Vec<(String, String)>,
    spoken: bool,
    /// The wall clock at the origin of the monotonic one, in microseconds since 1970.
    origin: u64,
    pub(super) others: Vec<AppointmentId>,
    pub(super) fault: Option<String>,
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

impl Course {
    pub(super) fn new(joined: Mono, spoken: bool, clock: &dyn Clock) -> Self {
        let wall = u64::try_from(clock.wall().as_microsecond()).unwrap_or_default();
        let origin = wall.saturating_sub(clock.mono().as_micros());
        let greeting = Turn { speech: spoken.then(SpokenTurn::default), ..Turn::default() };
        Self {
            turns: vec![greeting],
            places: HashMap::new(),
            seen: HashMap::new(),
            said_at: Some(joined),
            understood: Vec::new(),
            spoken,
            origin,
            others: Vec::new(),
            fault: None,
        }
    }

    pub(super) fn turn(&mut self) -> (usize, &mut Turn) {
        if self.turns.is_empty() {
            self.turns.push(Turn::default());
        }
        let index = self.turns.len() - 1;
        (index, &mut self.turns[index])
    }

    /// The patient says something, or begins to.
    pub(super) fn said(&mut self, now: Mono, patient: String, rule: Option<usize>) {
        self.said_at = (!self.spoken).then_some(now);
        self.understood.clear();
        let rule = rule.map(|rule| rule + 1);
        let speech = self
            .spoken
            .then(|| SpokenTurn { words: as_spoken(&patient).len(), ..SpokenTurn::default() });
        self.turns.push(Turn { patient: Some(patient), rule, speech, ..Turn::default() });
    }

    /// Takes in what comes over the line; gives the line to print, if it makes one.
    pub(super) fn take(&mut self, now: Mono, heard: &Heard) -> Option<Told> {
        match heard {
            Heard::Agent { segment, text, is_final } => {
                self.heard(now, segment, text, *is_final);
                (*is_final && !text.trim().is_empty()).then(|| Told::Agent(text.clone()))
            }
            Heard::Understood { segment, text, is_final: true } => {
                self.understood(segment, text);
                Some(Told::Understood(text.clone()))
            }
            Heard::Sound(sound) => {
                self.sound(sound);
                None
            }
            Heard::Understood { .. } | Heard::Read(_) | Heard::Listening(_) | Heard::Gone => None,
        }
    }

    /// The agent says something.
    fn heard(&mut self, now: Mono, segment: &str, text: &str, is_final: bool) {
        let after = self.said_at.map(|said| ms(now.since(said)));
        let known = self.places.get(segment).copied();
        let last = self.turn().0;
        let index = *self.seen.entry(segment.to_owned()).or_insert(last);
        let turn = &mut self.turns[index];
        // What was talked over ends in the next turn and answers nothing there.
        if index == last
            && let Some(after) = after
        {
            turn.first_segment_ms.get_or_insert(after);
            if is_final {
                turn.final_ms.get_or_insert(after);
            }
        }
        if !is_final || text.trim().is_empty() {
            return;
        }
        match known {
            // Cut: what was heard of it takes its place.
            Some((turn, place)) => text.clone_into(&mut self.turns[turn].agent[place]),
            None => {
                turn.agent.push(text.to_owned());
                let place = turn.agent.len() - 1;
                self.places.insert(segment.to_owned(), (index, place));
            }
        }
    }

    /// The agent has understood something of the patient's words.
    fn understood(&mut self, segment: &str, text: &str) {
        match self.understood.iter_mut().find(|(known, _)| known == segment) {
            Some((_, known)) => text.clone_into(known),
            None => self.understood.push((segment.to_owned(), text.to_owned())),
        }
        let texts: Vec<&str> = self.understood.iter().map(|(_, text)| text.as_str()).collect();
        let text = texts.join(" ");
        let turn = self.turn().1;
        let Some(speech) = &mut turn.speech else { return };
        let said = turn.patient.as_deref().map(as_spoken).unwrap_or_default();
        speech.word_errors = Some(errors(&said, &as_spoken(&text)).errors);
        speech.understood = Some(text);
    }

    /// Something could be heard.
    fn sound(&mut self, sound: &Sound) {
        match *sound {
            Sound::Said { began, ended } => {
                self.said_at = Some(ended);
                let origin = self.origin;
                if let Some(speech) = &mut self.turn().1.speech {
                    let wall = |at: Mono| origin + at.as_micros();
                    speech.speaking_ms = Some(ms(ended.since(began)));
                    speech.spoken = Some(Spoken { began: wall(began), ended: wall(ended) });
                }
            }
            Sound::Packet { at } => {
                let after = self.after(at);
                if let Some(speech) = &mut self.turn().1.speech {
                    speech.first_packet_ms = speech.first_packet_ms.or(after);
                }
            }
            Sound::Onset { at } => {
                let after = self.after(at);
                if let Some(speech) = &mut self.turn().1.speech {
                    speech.first_audio_ms = speech.first_audio_ms.or(after);
                }
            }
            Sound::Mute(ref why) => self.fault = Some(why.clone()),
            Sound::Quiet => {}
        }
    }

    /// Milliseconds from the end of the patient's words to `at`, if it is after it.
    fn after(&self, at: Mono) -> Option<f64> {
        self.said_at.filter(|said| *said <= at).map(|said| ms(at.since(said)))
    }

    /// Everything that the agent said, in order.
    pub(super) fn agent(&self) -> Vec<String> {
        self.turns.iter().flat_map(|turn| turn.agent.iter().cloned()).collect()
    }
}
