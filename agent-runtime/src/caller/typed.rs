//! The demo's typed call: a participant who types, and answers by rule as a scenario's patient.
//!
//! It books for one of the demo clinic's own invented patients, on the real clock.

use std::time::Duration;

use frontdesk_tenants::SetupError;
use frontdesk_tenants::demo::demo_file;
use frontdesk_types::{Clock, IdSource, Mono};

use super::Line as Spoken;
use crate::scenario::format::{FormatError, Medium, Scenario};
use crate::scenario::line::{Dial, Exchange, Heard, Line, LineError};
use crate::scenario::patient::{Input, Output, Pace, Patient};

/// Why there was no typed call.
#[derive(Debug, thiserror::Error)]
pub enum TypedError {
    /// The room.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The demo clinics.
    #[error(transparent)]
    Demo(#[from] SetupError),
    /// The caller's rules.
    #[error(transparent)]
    Rules(#[from] FormatError),
    /// There is nobody to call for.
    #[error(
        "{0:?} is not a demo clinic with patients, so that the typed demo call has nobody to book for"
    )]
    NobodyThere(String),
    /// The call did not end in order.
    #[error("the typed call: {0}")]
    Ending(&'static str),
}

/// A typed call to place.
pub struct TypedCall<'a> {
    /// LiveKit and the agent.
    pub exchange: Exchange,
    /// Slug of the clinic.
    pub clinic: &'a str,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Ids.
    pub ids: &'a dyn IdSource,
}

impl TypedCall<'_> {
    /// Holds the call; `print` gets each line with the time since joining. Returns the room.
    ///
    /// # Errors
    /// [`TypedError`] if there was no conversation, or it did not end in order.
    pub async fn hold(
        self,
        mut print: impl FnMut(Duration, Spoken) + Send,
    ) -> Result<String, TypedError> {
        let script = script(self.clinic)?;
        let clock = self.clock;
        let joined = clock.mono();
        let dial = Dial { clinic: self.clinic.to_owned(), medium: Medium::Text, now: None };
        let mut line = Line::open(&self.exchange, &dial, self.ids).await?;
        let room = line.room_name().to_owned();
        let mut patient = Patient::new(&script, Pace::TYPED, clock.mono());
        let ending = 'call: loop {
            while let Some(output) = patient.poll_output() {
                match output {
                    Output::Say { text, .. } => {
                        print(clock.mono().since(joined), Spoken::Caller(text.clone()));
                        if line.say(&text).await.is_err() {
                            patient.handle_input(clock.mono(), Input::AgentGone);
                        }
                        patient.handle_input(clock.mono(), Input::Said);
                    }
                    Output::Take { .. } => patient.handle_input(clock.mono(), Input::Taken),
                    Output::HangUp(ending) => break 'call ending,
                }
            }
            let wait = patient.poll_timeout().map(|due: Mono| due.since(clock.mono()));
            tokio::select! {
                biased;
                heard = line.next() => {
                    let input = match heard {
                        Heard::Agent { segment, text, is_final } => {
                            if is_final {
                                let at = clock.mono().since(joined);
                                print(at, Spoken::Agent(text.clone()));
                            }
                            Input::Agent { segment, text, is_final }
                        }
                        Heard::Listening(listening) => Input::Listening(listening),
                        Heard::Gone => Input::AgentGone,
                    };
                    patient.handle_input(clock.mono(), input);
                }
                () = tokio::time::sleep(wait.unwrap_or_default()) => {
                    patient.handle_timeout(clock.mono());
                }
            }
        };
        line.close().await;
        match ending.fault() {
            None => Ok(room),
            Some(fault) => Err(TypedError::Ending(fault)),
        }
    }
}

/// Who calls: the demo clinic's first patient types, its last one speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Types.
    First,
    /// Speaks.
    Last,
}

/// Name and date of birth of a demo clinic's patient, in words.
///
/// # Errors
/// [`TypedError::NobodyThere`] if it is not a demo clinic with patients.
pub fn patient_of(clinic: &str, who: Who) -> Result<(String, String), TypedError> {
    let nobody = || TypedError::NobodyThere(clinic.to_owned());
    let clinics = demo_file()?.clinics;
    let demo = clinics.into_iter().find(|demo| demo.slug == clinic).ok_or_else(nobody)?;
    let patient = match who {
        Who::First => demo.patients.first(),
        Who::Last => demo.patients.last(),
    };
    let patient = patient.ok_or_else(nobody)?;
    let born = patient.date_of_birth.expose().strftime("%B %-d, %Y").to_string();
    Ok((patient.name.expose().clone(), born))
}

/// What the caller says, for the clinic's first patient.
fn script(clinic: &str) -> Result<Scenario, TypedError> {
    let (name, born) = patient_of(clinic, Who::First)?;
    let rules = include_str!("typed.yaml")
        .replace("CLINIC", clinic)
        .replace("NAME", &name)
        .replace("BORN", &born);
    Ok(Scenario::parse("typed.yaml", &rules)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_clinics_have_somebody_to_book_for() {
        for clinic in ["nile-heart", "harbor-family"] {
            let script = script(clinic).expect("a script");
            assert_eq!(script.clinic, clinic);
        }
        assert!(matches!(script("elsewhere"), Err(TypedError::NobodyThere(_))));
    }
}
