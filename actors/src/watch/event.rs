//! What is told of a live call, and the state that it comes to.

use std::collections::VecDeque;
use std::sync::Arc;

use frontdesk_line::{AgentState, CallerKind};
use frontdesk_types::{CallId, CallOutcome, Channel, PatientId, Phi, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Lines of a live call's transcript that are kept; older ones are in its record.
const MAX_WORDS: usize = 400;

/// Tool calls of a live call that are kept.
const MAX_TOOLS: usize = 200;

/// Number of an event: increases within a clinic, also over restarts of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventNumber(pub u64);

/// Who spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The caller.
    Caller,
    /// The agent.
    Agent,
    /// A person of the clinic who has taken the call over.
    Supervisor,
}

/// A line of the transcript, as far as it is known: one of the same number replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Words {
    /// Number of the line in its call.
    pub line: u64,
    /// Who spoke.
    pub by: Speaker,
    /// All of its words so far; of the agent's, those that the caller has begun to hear.
    pub text: Phi<String>,
    /// Whether they will not change any more.
    pub is_final: bool,
    /// Whether the caller heard all of it; only an utterance of the agent's can be cut off.
    pub complete: bool,
}

/// A tool that was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToolRun {
    /// Number of the call of the tool within its call.
    pub number: u64,
    /// The tool.
    pub name: String,
    /// What kind of result it gave, once it has: `slots`, `booked`, `refused`, … Nothing of what
    /// is in it.
    pub result: Option<String>,
}

/// Who has taken a call over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TakenOver {
    /// The supervisor.
    pub user: UserId,
    /// Their name, as the caller is shown it.
    pub name: String,
    /// Whether they speak; otherwise they type.
    pub voice: bool,
}

/// Why the agent has a call again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HandedBack {
    /// The supervisor handed it back.
    Asked,
    /// The supervisor was gone for too long.
    Lost,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// A call began.
    Started {
        /// As it stands.
        state: Box<LiveCall>,
    },
    /// The caller is there, or lost the connection.
    Caller {
        /// Whether they are there.
        here: bool,
        /// Their identity in the room, if the line has one.
        identity: Option<Phi<String>>,
    },
    /// The caller was identified, or is not any more: somebody else is being identified.
    Identified {
        /// As this patient.
        patient: Option<PatientId>,
    },
    /// What the agent does.
    Agent {
        /// That.
        state: AgentState,
    },
    /// Somebody began or stopped to speak.
    Speaking {
        /// Who.
        by: Speaker,
        /// Whether they began.
        speaking: bool,
    },
    /// A line of the transcript is there, or has changed.
    Words(Words),
    /// A tool was called, or has answered.
    Tool(ToolRun),
    /// Words of the caller raised a red flag.
    RedFlag {
        /// Its id.
        flag: String,
    },
    /// A supervisor has taken the call over: the agent is silent.
    TakenOver(TakenOver),
    /// The agent has the call again.
    HandedBack {
        /// Why.
        why: HandedBack,
    },
    /// The call is over.
    Ended {
        /// How it ended, as the database bears it out.
        outcome: CallOutcome,
        /// What went wrong, if anything did.
        error: Option<String>,
    },
}

/// An event of a clinic's feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its number.
    pub number: EventNumber,
    /// When it was told.
    pub at: Timestamp,
    /// The call.
    pub call: CallId,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// A live call, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveCall {
    /// The call.
    pub call: CallId,
    /// When it began.
    pub began_at: Timestamp,
    /// How the caller reaches the agent.
    pub channel: Channel,
    /// At what the caller sits.
    pub caller_kind: CallerKind,
    /// Name of the room or of the line.
    pub room: String,
    /// Language, ISO 639-1.
    pub language: String,
    /// Whether the caller is there.
    pub caller_here: bool,
    /// The caller's identity in the room: the one written into the call when its token was made, or
    /// that of whom the line took for the caller where there was none.
    pub caller_identity: Option<Phi<String>>,
    /// Whether a supervisor can take the call over by voice.
    pub can_speak: bool,
    /// Whether a supervisor can take it over by typing.
    pub can_type: bool,
    /// The patient, once the caller is identified.
    pub patient: Option<PatientId>,
    /// What the agent does.
    pub agent: AgentState,
    /// Who is speaking.
    pub speaking: Vec<Speaker>,
    /// The latest lines of the transcript, oldest first.
    pub words: VecDeque<Arc<Words>>,
    /// The latest calls of tools, oldest first.
    pub tools: VecDeque<ToolRun>,
    /// Red flags.
    pub red_flags: Vec<String>,
    /// Who has taken it over.
    pub taken_over: Option<TakenOver>,
}

impl LiveCall {
    /// What happened in it while another process had it.
    pub(crate) fn had(&mut self, said: &[(Speaker, Phi<String>)], patient: Option<PatientId>) {
        self.patient = patient;
        for (line, (by, text)) in (0..).zip(said) {
            let (by, text) = (*by, text.clone());
            let words = Words { line, by, text, is_final: true, complete: true };
            push(&mut self.words, Arc::new(words), MAX_WORDS);
        }
    }

    /// Comes to the state after an event.
    pub(super) fn apply(&mut self, what: &What) {
        match what {
            What::Started { .. } | What::Ended { .. } => {}
            What::Caller { here, identity } => {
                self.caller_here = *here;
                if identity.is_some() {
                    self.caller_identity.clone_from(identity);
                }
            }
            What::Identified { patient } => self.patient = *patient,
            What::Agent { state } => self.agent = *state,
            What::Speaking { by, speaking } => {
                self.speaking.retain(|who| who != by);
                if *speaking {
                    self.speaking.push(*by);
                }
            }
            What::Words(words) => {
                let known = self.words.iter_mut().rev().find(|known| known.line == words.line);
                match known {
                    Some(known) => *known = Arc::new(words.clone()),
                    None => push(&mut self.words, Arc::new(words.clone()), MAX_WORDS),
                }
            }
            What::Tool(run) => {
                match self.tools.iter_mut().rev().find(|known| known.number == run.number) {
                    Some(known) => known.clone_from(run),
                    None => push(&mut self.tools, run.clone(), MAX_TOOLS),
                }
            }
            What::RedFlag { flag } => {
                if !self.red_flags.contains(flag) {
                    self.red_flags.push(flag.clone());
                }
            }
            What::TakenOver(by) => self.taken_over = Some(by.clone()),
            What::HandedBack { .. } => self.taken_over = None,
        }
    }
}

fn push<T>(queue: &mut VecDeque<T>, item: T, most: usize) {
    if queue.len() >= most {
        queue.pop_front();
    }
    queue.push_back(item);
}
