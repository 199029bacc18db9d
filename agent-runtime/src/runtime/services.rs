//! What the calls of a runtime share, made of its parts.

use std::sync::Arc;

use frontdesk_actors::booking::SlotRegistry;
use frontdesk_actors::{
    DialogueFactory, Pacer, RecognitionPool, RecognitionSettings, Records, SecondPool, Services,
    SpeechPool, Tools, Writes,
};
use frontdesk_models::llm::ChatModel;
use frontdesk_types::{Clock, IdSource};

use crate::clinics::Clinics;
use crate::config::Config;
use crate::engines::Engines;

/// What was made for the services before them.
pub(super) type Made =
    (Engines, Option<Arc<dyn ChatModel>>, Option<Records>, SlotRegistry, (Tools, DialogueFactory));

/// Starts the threads of the engines.
pub(super) fn services(
    config: &Config,
    clinics: &Clinics,
    (engines, model, records, slots, (tools, dialogue)): Made,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
) -> std::io::Result<Arc<Services>> {
    // Speaking and recognizing compute; more threads than cores would only take turns.
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let recognition = RecognitionSettings { threads: cores, recognizers: config.max_calls };
    Ok(Arc::new(Services {
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
        database: clinics.database().clone(),
        slots,
        records,
        writes: Writes::default(),
        pacer: Pacer::start(Arc::clone(clock))?,
        speech: SpeechPool::start(cores, Arc::clone(clock), engines.tts)?,
        recognition: RecognitionPool::start(recognition, Arc::clone(clock), engines.stt)?,
        second: match engines.free {
            Some(free) => Some(SecondPool::start(cores, Arc::clone(clock), free.stt)?),
            None => None,
        },
        vad: engines.vad,
        model,
        tools,
        dialogue,
        settings: config.profile.settings(&engines.voice),
    }))
}
