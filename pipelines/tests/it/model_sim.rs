//! A call that a scripted language model holds, against the clinic in memory.
//!
//! Before every input the dialogue is restored from its snapshot beside the one that lives on, is
//! given the same input, and must want the same.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use frontdesk_models::llm::{CallMade, Message, ModelEvent, ModelFailure, ModelRequest, Usage};
use frontdesk_pipelines::dialogue::{
    Dialogue, Input, ModelDialogue, ModelSettings, Now, Output, RequestId, UtteranceId,
};
use frontdesk_types::{CallOutcome, Mono, Phi};
use jiff::Span;
use serde_json::{Value, json};

use crate::dialogue_sim::Clinic;

/// What a scripted model answers to a request.
pub(crate) type Script = Box<dyn FnMut(&Asked) -> Vec<ModelEvent>>;

/// A request as a script sees it.
pub(crate) struct Asked {
    /// How many there were before.
    pub(crate) number: usize,
    pub(crate) request: ModelRequest,
}

impl Asked {
    /// What the caller said last.
    pub(crate) fn heard(&self) -> &str {
        let mut messages = self.request.messages.iter().rev();
        let last = messages.find_map(|message| match message {
            Message::User { text } => Some(text.expose().as_str()),
            _ => None,
        });
        last.unwrap_or_default()
    }

    /// What came of the tools since the caller spoke, oldest first.
    pub(crate) fn results(&self) -> Vec<Value> {
        let mut results = Vec::new();
        for message in self.request.messages.iter().rev() {
            match message {
                Message::Tool { text, .. } => {
                    results.push(serde_json::from_str(text.expose()).expect("JSON"));
                }
                Message::User { .. } => break,
                _ => {}
            }
        }
        results.reverse();
        results
    }

    /// All that the model is told, in a line each.
    pub(crate) fn told(&self) -> String {
        let line = |message: &Message| match message {
            Message::System { .. } => "system".to_owned(),
            Message::User { text } => format!("user: {}", text.expose()),
            Message::Assistant { text, calls } => {
                let calls: Vec<_> = calls.iter().map(|call| call.name.as_str()).collect();
                format!("assistant: {} {}", text.expose(), calls.join(","))
            }
            Message::Tool { text, .. } => format!("tool: {}", text.expose()),
        };
        self.request.messages.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

pub(crate) fn text(piece: &str) -> ModelEvent {
    ModelEvent::Text(Phi::new(piece.to_owned()))
}

pub(crate) fn call(name: &str, args: &Value) -> ModelEvent {
    let (id, args) = (format!("id-{name}"), Phi::new(args.to_string()));
    ModelEvent::Call(CallMade { id, name: name.to_owned(), args })
}

pub(crate) const fn done() -> ModelEvent {
    ModelEvent::Done(Usage { prompt: 0, answer: 0 })
}

/// Says this, word by word, and is done.
pub(crate) fn says(words: &str) -> Vec<ModelEvent> {
    let words = words.split_inclusive(' ').map(text);
    words.chain([done()]).collect()
}

/// Calls these tools.
pub(crate) fn calls(tools: &[(&str, Value)]) -> Vec<ModelEvent> {
    tools.iter().map(|(name, args)| call(name, args)).chain([done()]).collect()
}

pub(crate) struct Call {
    pub(crate) dialogue: ModelDialogue,
    pub(crate) clinic: Clinic,
    settings: ModelSettings,
    script: Script,
    pub(crate) mono: Mono,
    /// Events of requests that have not been told yet.
    pub(crate) coming: VecDeque<(RequestId, ModelEvent)>,
    /// Whether they are told at once.
    pub(crate) flows: bool,
    /// Whether tools return at once; else what they return waits here.
    pub(crate) returns: bool,
    pub(crate) returning: VecDeque<Input>,
    pub(crate) asked: Vec<Asked>,
    pub(crate) cancelled: Vec<RequestId>,
    /// Pieces in the order in which they were said.
    pub(crate) pieces: Vec<(UtteranceId, String)>,
    open: BTreeMap<u64, String>,
    /// Whole utterances.
    pub(crate) said: Vec<String>,
    pub(crate) outcome: Option<CallOutcome>,
}

impl Call {
    pub(crate) fn new(script: impl FnMut(&Asked) -> Vec<ModelEvent> + 'static) -> Self {
        Self::with(Clinic::new(), ModelSettings::default(), script)
    }

    pub(crate) fn with(
        clinic: Clinic,
        settings: ModelSettings,
        script: impl FnMut(&Asked) -> Vec<ModelEvent> + 'static,
    ) -> Self {
        let mut call = Self {
            dialogue: ModelDialogue::new(clinic.facts.clone(), settings),
            clinic,
            settings,
            script: Box::new(script),
            mono: Mono::ZERO,
            coming: VecDeque::new(),
            flows: true,
            returns: true,
            returning: VecDeque::new(),
            asked: Vec::new(),
            cancelled: Vec::new(),
            pieces: Vec::new(),
            open: BTreeMap::new(),
            said: Vec::new(),
            outcome: None,
        };
        call.input(Input::Begin);
        call
    }

    pub(crate) fn now(&self) -> Now {
        let since = Span::new().milliseconds(i64::try_from(self.mono.as_millis()).expect("small"));
        Now { mono: self.mono, wall: self.clinic.now + since }
    }

    pub(crate) fn restored(&self) -> ModelDialogue {
        let (facts, snapshot) = (self.clinic.facts.clone(), self.dialogue.snapshot());
        ModelDialogue::restore(facts, self.settings, snapshot).expect("restores")
    }

    fn step(&mut self, input: Input) -> Vec<Output> {
        let now = self.now();
        let mut twin = self.restored();
        self.dialogue.handle_input(now, input.clone());
        twin.handle_input(now, input);
        let drain = |dialogue: &mut ModelDialogue| {
            std::iter::from_fn(|| dialogue.poll_output()).collect::<Vec<_>>()
        };
        let (outputs, twins) = (drain(&mut self.dialogue), drain(&mut twin));
        assert_eq!(outputs, twins, "a restored dialogue does the same");
        assert_eq!(self.dialogue.snapshot(), twin.snapshot());
        assert_eq!(self.dialogue.poll_timeout(), twin.poll_timeout());
        outputs
    }

    pub(crate) fn input(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        loop {
            let next = inputs.pop_front().or_else(|| {
                let event = self.flows.then(|| self.coming.pop_front()).flatten();
                event.map(|(request, event)| Input::Model { request, event })
            });
            let Some(input) = next else { return };
            self.mono = self.mono + Duration::from_millis(5);
            for output in self.step(input) {
                assert!(self.outcome.is_none(), "nothing follows the end: {output:?}");
                match output {
                    Output::Say { utterance, text, more } => {
                        inputs.extend(self.speak(utterance, text, more));
                    }
                    Output::Tool { call, tool, checked } => {
                        let result = self.clinic.run(&tool, checked.write);
                        let done = Input::ToolDone { call, result };
                        let to = if self.returns { &mut inputs } else { &mut self.returning };
                        to.push_back(done);
                    }
                    Output::Ask { request, body } => {
                        let asked = Asked { number: self.asked.len(), request: *body };
                        let events = (self.script)(&asked);
                        self.coming.extend(events.into_iter().map(|event| (request, event)));
                        self.asked.push(asked);
                    }
                    Output::Cancel { request } => self.cancelled.push(request),
                    Output::End { outcome } => self.outcome = Some(outcome),
                    Output::Expect(_) | Output::Born(_) | Output::Alert { .. } => {}
                }
            }
        }
    }

    /// Spoken; what was played of it, once it is all there.
    fn speak(&mut self, utterance: UtteranceId, text: String, more: bool) -> Option<Input> {
        let so_far = self.open.remove(&utterance.0);
        assert!(self.open.is_empty(), "another utterance is open: {text}");
        if !text.is_empty() {
            self.pieces.push((utterance, text.clone()));
        }
        let heard = match so_far {
            Some(so_far) if text.is_empty() => so_far,
            Some(so_far) => format!("{so_far} {text}"),
            None => text,
        };
        if more {
            self.open.insert(utterance.0, heard);
            return None;
        }
        self.said.push(heard.clone());
        Some(Input::Played { utterance, heard, complete: true })
    }

    /// Says something, and gives back all that is answered.
    pub(crate) fn hears(&mut self, words: &str) -> String {
        let before = self.said.len();
        self.input(Input::Heard { text: words.to_owned(), confidence: None });
        self.said[before..].join(" | ")
    }

    /// The next event of the model alone.
    pub(crate) fn next_event(&mut self) {
        let (request, event) = self.coming.pop_front().expect("an event");
        self.input(Input::Model { request, event });
    }

    /// The caller cuts the open utterance off, of which this was heard.
    pub(crate) fn interrupts(&mut self, heard: &str) {
        let (utterance, _) = self.open.pop_first().expect("an open utterance");
        let (utterance, heard) = (UtteranceId(utterance), heard.to_owned());
        self.input(Input::Interrupted { utterance, heard: heard.clone() });
        self.input(Input::Played { utterance, heard, complete: false });
    }

    pub(crate) fn times_out(&mut self) {
        let due = self.dialogue.poll_timeout().expect("something is waited for");
        self.mono = self.mono.max(due);
        self.input(Input::Timeout);
    }
}

/// A model that is of use: it identifies, searches, books, and tells what the tools return. It
/// stops working with `fails` at the request of that number.
pub(crate) fn receptionist(
    fails: Option<(usize, Vec<ModelEvent>)>,
) -> impl FnMut(&Asked) -> Vec<ModelEvent> {
    let mut offer = None;
    move |asked| {
        if let Some((at, events)) = &fails
            && asked.number >= *at
        {
            return events.clone();
        }
        if let Some(last) = asked.results().last() {
            return match last["result"].as_str() {
                Some("identified") => calls(&[(
                    "find_slots",
                    json!({ "doctor": "Haddad", "from": "2026-06-14", "to": "2026-06-14" }),
                )]),
                Some("slots") => {
                    offer = Some(last["offers"][0]["offer"].clone());
                    says("On Sunday there is nine o'clock, or half past nine. Which do you like?")
                }
                Some("booked") => says("It is booked. Is there anything else?"),
                other => says(&format!("Something went wrong: {other:?}.")),
            };
        }
        match asked.heard() {
            words if words.contains("Miller") => calls(&[(
                "identify_patient",
                json!({ "full_name": "Jane Miller", "date_of_birth": "1980-05-17" }),
            )]),
            "nine please" => calls(&[("book", json!({ "offer": offer.clone() }))]),
            words if words.contains("bye") => calls(&[("end_call", json!({}))]),
            _ => says("Of course. What is your full name, and your date of birth?"),
        }
    }
}

pub(crate) const fn failed(failure: ModelFailure) -> ModelEvent {
    ModelEvent::Failed(failure)
}
