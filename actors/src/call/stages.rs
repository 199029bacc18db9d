//! The stages of a call by kind: their mails and their pulses.

use std::sync::Arc;

use super::{heard, link, record, speaker, supervisor_transcriber, thinker, tool_stage};
use crate::mail::{Mail, Queue};
use crate::stage::Pulse;

/// What a stage is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StageKind {
    Link,
    Ingest,
    Transcriber,
    Dialogue,
    Thinker,
    Tools,
    Record,
    Speaker,
    Supervisor,
}

impl StageKind {
    /// How many there are.
    const COUNT: usize = 9;

    /// Its name in logs, and where faults are injected.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Link => "line_link",
            Self::Ingest => "audio_ingest",
            Self::Transcriber => "transcriber",
            Self::Dialogue => "dialogue",
            Self::Thinker => "thinker",
            Self::Tools => "tool_stage",
            Self::Record => "call_recorder",
            Self::Speaker => "speaker",
            Self::Supervisor => "supervisor_transcriber",
        }
    }
}

/// The mails of a call's stages.
#[derive(Default)]
pub(crate) struct Mails {
    pub(crate) link: Arc<Mail<link::LinkInput>>,
    pub(crate) ingest: Arc<Mail<heard::IngestInput>>,
    pub(crate) transcriber: Arc<Mail<heard::TranscriberInput>>,
    pub(crate) dialogue: Arc<Mail<frontdesk_pipelines::dialogue::Input>>,
    pub(crate) thinker: Arc<Mail<thinker::ThinkerInput>>,
    pub(crate) tools: Arc<Mail<tool_stage::ToolInput>>,
    pub(crate) record: Arc<Mail<record::RecordInput>>,
    pub(crate) speaker: Arc<Mail<speaker::SpeakerInput>>,
    pub(crate) supervisor: Arc<Mail<supervisor_transcriber::SupervisorInput>>,
}

impl Mails {
    /// All of them, whatever they carry.
    pub(crate) fn all(&self) -> [&dyn Queue; StageKind::COUNT] {
        [
            &*self.link,
            &*self.ingest,
            &*self.transcriber,
            &*self.dialogue,
            &*self.thinker,
            &*self.tools,
            &*self.record,
            &*self.speaker,
            &*self.supervisor,
        ]
    }
}

/// The pulses of a call's stages.
#[derive(Default)]
pub(crate) struct Pulses {
    stages: [Arc<Pulse>; StageKind::COUNT],
    /// Beats at every look of the watchdog, so that the watchdog is watched too.
    pub(crate) supervisor: Arc<Pulse>,
}

impl Pulses {
    pub(crate) const fn of(&self, kind: StageKind) -> &Arc<Pulse> {
        &self.stages[kind as usize]
    }

    pub(crate) const fn stages(&self) -> &[Arc<Pulse>; StageKind::COUNT] {
        &self.stages
    }
}
