//! One call by LiveKit: somebody types or speaks by rule, and what they are told in the end.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_tenants::Reference;
use frontdesk_types::{Clock, IdSource};

use super::people::{Person, Told};
use crate::format::{Medium, Scenario};
use crate::line::{Dial, Exchange, Heard, Line};
use crate::patient::{Ending, Input, Output, Pace, Patient};
use crate::place::input_of;
use crate::speech::{Carrier, Voice};

/// As people type, so that a call lasts while things break.
const PACE: Pace = Pace {
    polite: Duration::from_millis(1500),
    patience: Duration::from_secs(45),
    longest: Duration::from_secs(180),
    ..Pace::TYPED
};

/// As people speak.
const SPOKEN: Pace =
    Pace { patience: Duration::from_secs(45), longest: Duration::from_secs(240), ..Pace::SPOKEN };

/// What a caller says who cannot make anything of what was said. Not the wish: who says it again while
/// the first is still being written, and says yes again, has asked for two.
const AGAIN: &str = "Sorry, could you repeat that";

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    /// To have an appointment.
    Book,
    /// To have it no longer.
    Cancel,
    /// To know something.
    Ask,
}

/// What came of a call.
#[derive(Debug)]
pub(super) struct Course {
    /// What the caller knows now; `None` if the errand was no appointment.
    pub told: Option<Told>,
    /// Why the call did not come to its end, as the caller saw it.
    pub fault: Option<String>,
}

/// Who calls whom, and how.
pub(super) struct Caller {
    pub exchange: Exchange,
    pub clinic: String,
    pub medium: Medium,
    pub errand: Errand,
    pub person: Person,
    /// How far the clock of the call is from everybody's.
    pub offset: Option<jiff::SignedDuration>,
    /// Number of the call, to vary what is asked for.
    pub number: usize,
}

impl Caller {
    /// Holds the call to its end.
    pub(super) async fn call(self, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Course {
        let told = (self.errand != Errand::Ask).then_some(Told::Unsure);
        match self.hold(&clock, ids.as_ref()).await {
            Ok((ending, words)) => {
                let told = told.map(|unsure| self.learned(&words).unwrap_or(unsure));
                let done = told.is_none_or(|told| told != Told::Unsure);
                let fault = ending.fault().map(str::to_owned);
                let fault = fault.or_else(|| {
                    (!done).then(|| format!("ended ({ending:?}) without what it was for"))
                });
                Course { told, fault }
            }
            Err(fault) => Course { told, fault: Some(fault) },
        }
    }

    /// What the agent's words say of the errand.
    fn learned(&self, words: &[String]) -> Option<Told> {
        match self.errand {
            Errand::Book => words.iter().rev().find_map(|text| booked(text)).map(Told::Booked),
            Errand::Cancel => words.iter().any(|text| cancelled(text)).then_some(Told::None),
            Errand::Ask => None,
        }
    }

    async fn hold(
        &self,
        clock: &Arc<dyn Clock>,
        ids: &dyn IdSource,
    ) -> Result<(Ending, Vec<String>), String> {
        let scenario = self.scenario()?;
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let voice = match self.medium {
            Medium::Text => None,
            Medium::Web => {
                let texts = scenario.rules.iter().filter_map(|rule| rule.say.clone());
                let texts = texts.chain(scenario.silence.clone()).collect();
                let voice =
                    Voice::prepare(None, Carrier::default(), 0, texts, Arc::clone(clock)).await;
                Some(voice.map_err(|error| said(&error))?)
            }
        };
        let pace = if voice.is_some() { SPOKEN } else { PACE };
        let now = self.offset.map(|offset| clock.wall().saturating_add(offset));
        let now = now.transpose().map_err(|error| said(&error))?;
        let dial = Dial { clinic: self.clinic.clone(), medium: self.medium, now, explain: false };
        let line = Line::open(&self.exchange, &dial, voice, ids).await;
        let mut line = line.map_err(|error| said(&error))?;
        let mut patient = Patient::new(&scenario, pace, clock.mono());
        let mut words: Vec<(String, String)> = Vec::new();
        let ending = 'call: loop {
            while let Some(output) = patient.poll_output() {
                match output {
                    Output::HangUp(ending) => break 'call ending,
                    Output::Say { text, .. } if line.say(&text).await.is_err() => {
                        patient.handle_input(clock.mono(), Input::AgentGone);
                    }
                    Output::Say { .. } if !line.is_spoken() => {
                        patient.handle_input(clock.mono(), Input::Said);
                    }
                    Output::Say { .. } | Output::Take { .. } => {}
                }
            }
            let wait = patient.poll_timeout().map(|due| due.since(clock.mono()));
            tokio::select! {
                biased;
                heard = line.next() => {
                    if let Heard::Agent { segment, text, is_final: true } = &heard {
                        match words.iter_mut().find(|(known, _)| known == segment) {
                            // Cut: what was heard of it takes its place.
                            Some((_, known)) => text.clone_into(known),
                            None => words.push((segment.clone(), text.clone())),
                        }
                    }
                    if let Some(input) = input_of(heard) {
                        patient.handle_input(clock.mono(), input);
                    }
                }
                () = tokio::time::sleep(wait.unwrap_or_default()) => {
                    patient.handle_timeout(clock.mono());
                }
            }
        };
        line.close().await;
        Ok((ending, words.into_iter().map(|(_, text)| text).collect()))
    }

    /// The rules by which the caller speaks.
    fn scenario(&self) -> Result<Scenario, String> {
        const DOCTORS: [&str; 4] =
            ["Dr. Samira Hassan", "Dr. David Mansour", "Dr. Laila Farouk", "a cardiologist"];
        const DAYS: [&str; 3] = ["next week", "as soon as possible", "in two weeks"];
        let doctor = DOCTORS[self.number % DOCTORS.len()];
        let day = DAYS[self.number / DOCTORS.len() % DAYS.len()];
        let wish = match self.errand {
            Errand::Book => format!("I would like to see {doctor} {day}"),
            Errand::Cancel => "I want to cancel my appointment".to_owned(),
            Errand::Ask => "What are your opening hours".to_owned(),
        };
        let (name, birth) = (&self.person.name, self.person.birth());
        let rules = format!(
            "name: soak\nclinic: nile-heart\nrules:\n\
             - {{when: \"help you\", say: \"{wish}\", once: true}}\n\
             - {{when: \"full name\", say: \"{name}\"}}\n\
             - {{when: \"date of birth\", say: \"{birth}\"}}\n\
             - {{when: \"first visit|been here before|new patient\", say: \"I have been here before\"}}\n\
             - {{when: \"which (time|one)\", say: \"The first one\"}}\n\
             - {{when: \"is that correct|shall i (book|cancel)\", say: \"Yes, please\"}}\n\
             - {{when: \"anything else|can i do (more|something else)\", say: \"No, thank you\", hang_up: true}}\n\
             silence: \"{AGAIN}\"\nexpect: {{}}\n",
        );
        Scenario::parse("soak", &rules).map_err(|error| error.to_string())
    }
}

/// The reference of the appointment that these words say is booked.
fn booked(text: &str) -> Option<Reference> {
    let (_, after) = text.split_once("reference is ")?;
    let end = after.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()).nth(7);
    let end = end.map(|(at, _)| at + 1)?;
    after[..end].parse().ok()
}

fn cancelled(text: &str) -> bool {
    text.contains("is cancelled")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_found_as_it_is_written_and_as_it_is_read_out() {
        let reference: Reference = "KW407190".parse().expect("valid");
        for text in
            ["It is booked. Your reference is KW407190.", "The reference is K, W, 4 0, 7 1, 9 0."]
        {
            assert_eq!(booked(text), Some(reference), "{text}");
        }
        assert_eq!(booked("Your reference is KW4"), None);
        assert_eq!(booked("It is cancelled"), None);
    }
}
