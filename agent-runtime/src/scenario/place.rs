//! One call from its preparation to its report.

use std::collections::HashMap;
use std::sync::Arc;

use frontdesk_tenants::Database;
use frontdesk_tenants::crypt::KeyRing;
use frontdesk_types::{AppointmentId, Clock, IdSource, Mono};

use super::format::{Medium, Scenario};
use super::judge::Evidence;
use super::line::{Dial, Exchange, Heard, Line, LineError};
use super::patient::{Ending, Input, Output, Pace, Patient};
use super::report::{Event, Report, Turn};
use super::world::{World, WorldError};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The clinic's copy.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The room.
    #[error(transparent)]
    Line(#[from] LineError),
    /// Speaking is not built.
    #[error(
        "{0}: this runner types and does not speak yet; call with --channel text, or say \
         `channel: text` in the file"
    )]
    Spoken(String),
}

/// What all calls of a run share.
#[derive(Clone)]
pub struct Outside {
    /// LiveKit and the agent.
    pub exchange: Exchange,
    /// The clinics' database, as the application's role.
    pub database: Database,
    /// Keys of the sealed columns.
    pub ring: Arc<KeyRing>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdSource>,
}

/// What was heard and done in a call.
struct Course {
    turns: Vec<Turn>,
    /// Where the text of a segment stands: turn and place in it.
    places: HashMap<String, (usize, usize)>,
    /// The turn in which a segment was first heard of.
    seen: HashMap<String, usize>,
    /// When the words of the turn that goes on were said.
    said_at: Mono,
    others: Vec<AppointmentId>,
    fault: Option<String>,
}

impl Course {
    fn new(joined: Mono) -> Self {
        Self {
            turns: vec![Turn::default()],
            places: HashMap::new(),
            seen: HashMap::new(),
            said_at: joined,
            others: Vec::new(),
            fault: None,
        }
    }

    fn turn(&mut self) -> (usize, &mut Turn) {
        if self.turns.is_empty() {
            self.turns.push(Turn::default());
        }
        let index = self.turns.len() - 1;
        (index, &mut self.turns[index])
    }

    fn said(&mut self, now: Mono, patient: String, rule: Option<usize>) {
        self.said_at = now;
        let rule = rule.map(|rule| rule + 1);
        self.turns.push(Turn { patient: Some(patient), rule, ..Turn::default() });
    }

    fn heard(&mut self, now: Mono, segment: &str, text: &str, is_final: bool) {
        let after = now.since(self.said_at).as_secs_f64() * 1000.0;
        let known = self.places.get(segment).copied();
        let last = self.turn().0;
        let index = *self.seen.entry(segment.to_owned()).or_insert(last);
        let turn = &mut self.turns[index];
        // What was talked over ends in the next turn and answers nothing there.
        if index == last {
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
}

/// Places the call of `scenario` and judges it. `medium` overrides the scenario's.
///
/// # Errors
/// [`PlaceError`] if the call could not be prepared or the database could not be read; a call that
/// went wrong is a report that did not pass.
pub async fn place(
    outside: &Outside,
    scenario: &Scenario,
    file: &str,
    medium: Option<Medium>,
) -> Result<Report, PlaceError> {
    let medium = medium.unwrap_or(scenario.medium);
    if medium != Medium::Text {
        return Err(PlaceError::Spoken(scenario.name.clone()));
    }
    let Outside { exchange, database, ring, clock, ids } = outside;
    let (clock, ids) = (clock.as_ref(), ids.as_ref());
    let world = World::prepare(database, ring, scenario, clock, ids).await?;
    let before = world.visits().await?;
    let joining = clock.mono();
    let dial = Dial { clinic: world.slug().to_owned(), medium, now: world.pinned_now() };
    let line = Line::open(exchange, &dial, ids).await?;
    let room = line.room_name().to_owned();
    let patient = Patient::new(scenario, Pace::TYPED, clock.mono());
    let (course, agent_turns) = hold(line, patient, &world, clock, ids, joining).await?;
    let seconds = clock.mono().since(joining).as_secs_f64();
    // The record is closed after the last write of the call.
    let outcome = world.outcome(&room).await?;
    let evidence = Evidence {
        today: Some(world.today()),
        outcome,
        before,
        after: world.visits().await?,
        others: course.others,
        agent: course.turns.iter().flat_map(|turn| turn.agent.iter().cloned()).collect(),
        agent_turns,
        fault: course.fault,
    };
    let mut report = Report {
        scenario: scenario.name.clone(),
        file: file.to_owned(),
        channel: medium,
        clinic: world.slug().to_owned(),
        now: world.local_start().to_string(),
        passed: false,
        outcome: None,
        appointments: Vec::new(),
        checks: Vec::new(),
        turns: course.turns,
        seconds,
    };
    let checks = evidence.judge(&scenario.expect);
    report.conclude(&evidence, checks);
    Ok(report)
}

/// Holds the call; returns what happened and the agent's turns.
async fn hold(
    mut line: Line,
    mut patient: Patient,
    world: &World,
    clock: &dyn Clock,
    ids: &dyn IdSource,
    joined: Mono,
) -> Result<(Course, u32), PlaceError> {
    let mut course = Course::new(joined);
    let ending = 'call: loop {
        while let Some(output) = patient.poll_output() {
            match output {
                Output::Say { text, rule } => {
                    course.said(clock.mono(), text.clone(), rule);
                    if line.say(&text).await.is_err() {
                        patient.handle_input(clock.mono(), Input::AgentGone);
                    }
                    patient.handle_input(clock.mono(), Input::Said);
                }
                Output::Take { offer, .. } => {
                    let since = clock.mono().since(joined);
                    match world.take_offered(&offer, since, ids).await {
                        Ok(taken) => {
                            course.others.push(taken.appointment);
                            course.turn().1.meanwhile.push(Event { what: taken.description });
                        }
                        Err(error) => course.fault = Some(error.to_string()),
                    }
                    patient.handle_input(clock.mono(), Input::Taken);
                }
                Output::HangUp(ending) => break 'call ending,
            }
        }
        let wait = patient.poll_timeout().map(|due| due.since(clock.mono()));
        let wait = wait.unwrap_or_default();
        tokio::select! {
            biased;
            heard = line.next() => {
                let now = clock.mono();
                let input = match heard {
                    Heard::Agent { segment, text, is_final } => {
                        course.heard(now, &segment, &text, is_final);
                        Input::Agent { segment, text, is_final }
                    }
                    Heard::Listening(listening) => Input::Listening(listening),
                    Heard::Gone => Input::AgentGone,
                };
                patient.handle_input(now, input);
            }
            () = tokio::time::sleep(wait) => patient.handle_timeout(clock.mono()),
        }
    };
    line.close().await;
    if let Some(fault) = Ending::fault(ending) {
        course.fault.get_or_insert_with(|| fault.to_owned());
    }
    // A greeting that never came is not a turn.
    course.turns.retain(|turn| turn.patient.is_some() || !turn.agent.is_empty());
    Ok((course, patient.agent_turns()))
}
