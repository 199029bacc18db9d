//! A message for the staff, where nothing here settles what the caller wants: who, about whom, what
//! in their words, when and how to reach them.

use frontdesk_types::Phi;

use super::state::{Draft, Goal, Phase};
use super::{Heard, Now, Policy, fill};
use crate::dialogue::tools::{Message, ToolCall};
use crate::dialogue::understand::matter::matter;

/// Letters of a message at most.
const LONGEST: usize = 500;

impl Policy {
    /// Begins a message if the words are about a matter that only the staff can settle.
    pub(super) fn on_matter(&mut self, now: Now, heard: &Heard, text: &str) -> bool {
        let open = matches!(
            self.state.phase,
            Phase::Open | Phase::OfferPerson | Phase::NotBooked | Phase::AnotherOrMove
        );
        if !open {
            return false;
        }
        let language = self.language.clone();
        let Some(matter) = matter(text, heard, &language) else { return false };
        if matter.ask && (heard.phone.is_some() || self.state.phase == Phase::OfferPerson) {
            // Who says on which number, or was just offered it, wants the call and nothing else.
            return false;
        }
        self.understood();
        self.begin_goal(Goal::Message);
        let named = |name: &crate::dialogue::understand::names::NameMention| {
            !(name.full && has_capitals(text, &name.name))
        };
        if heard.name.as_ref().is_some_and(named) {
            // "We are stuck in traffic" tells no name.
            self.forget_name();
        }
        if matter.patient && (heard.other_patient || heard.relative) {
            self.turn_to_other(heard);
        }
        let words = (!matter.ask).then(|| words_of(text));
        self.state.draft = Some(Draft {
            subject: matter.subject,
            words,
            by_phone: !matter.patient,
            call: matter.call,
            call_when: None,
        });
        let phrases = &language.phrases;
        if matter.sorry {
            self.carry(&phrases.sorry_to_hear);
        }
        let intro = fill(&phrases.message_intro, &[("subject", &matter.name)]);
        self.carry(if matter.ask { &phrases.message_intro_plain } else { &intro });
        self.advance(now);
        true
    }

    /// What a message still lacks is asked; then it is read back.
    pub(super) fn message(&mut self, now: Now) {
        let phrases = self.language.phrases.clone();
        let Some(draft) = self.state.draft.clone() else {
            self.open(now);
            return;
        };
        if !self.is_identified() && !draft.by_phone {
            self.identify(now);
        } else if let Some(words) = draft.words {
            if draft.call && draft.call_when.is_none() {
                self.ask(now, Phase::CallWhen, &phrases.ask_call_when);
                return;
            }
            let about = if self.is_identified() { None } else { self.state.patient.name.clone() };
            let phone = self.state.patient.phone.clone();
            let (subject, call_when) = (draft.subject, draft.call_when);
            self.state.phase = Phase::Confirm;
            let message = Message { subject, words, about, call_when, phone };
            self.write(now, ToolCall::TakeMessage(message));
        } else {
            self.ask(now, Phase::Message, &phrases.ask_message);
        }
    }

    /// The caller's words for the message, or when they want to be called.
    pub(super) fn on_message(&mut self, now: Now, heard: &Heard, text: &str) {
        let dropped = heard.abort || (heard.no && text.split_whitespace().count() <= 2);
        let Some(draft) = &mut self.state.draft else {
            self.open(now);
            return;
        };
        if dropped && self.state.phase == Phase::Message {
            self.drop_message(now);
            return;
        }
        if self.state.phase == Phase::CallWhen {
            draft.call_when = Some(words_of(text));
        } else {
            draft.words = Some(words_of(text));
        }
        self.understood();
        self.advance(now);
    }

    /// What was said to the message as it was read back.
    pub(super) fn on_message_declined(&mut self, now: Now, heard: &Heard, text: &str) {
        let phrases = self.language.phrases.clone();
        let few = text.split_whitespace().count() <= 3;
        if heard.abort || heard.cancel {
            self.drop_message(now);
        } else if heard.no && few {
            self.understood();
            self.ask(now, Phase::Message, &phrases.ask_message_again);
        } else if heard.has_identity() || heard.yes || few {
            self.state.misunderstood += 1;
            if self.state.misunderstood >= self.settings.max_misunderstood {
                self.misunderstood(now);
            } else {
                self.advance(now);
            }
        } else {
            // What is to be told instead.
            if let Some(draft) = &mut self.state.draft {
                draft.words = Some(words_of(text));
            }
            self.advance(now);
        }
    }

    fn drop_message(&mut self, now: Now) {
        self.understood();
        let text = self.language.phrases.message_dropped.clone();
        self.carry(&text);
        self.open(now);
    }

    /// The message is written down.
    pub(super) fn on_message_taken(&mut self, now: Now) {
        self.understood();
        let text = self.language.phrases.message_taken.clone();
        self.tell(&text);
        self.open(now);
    }

    /// Who cannot be identified leaves a message with a number.
    pub(super) fn message_by_phone(&mut self, now: Now) -> bool {
        let Some(draft) = &mut self.state.draft else { return false };
        draft.by_phone = true;
        let text = self.language.phrases.message_by_phone.clone();
        self.carry(&text);
        self.advance(now);
        true
    }
}

/// Whether a name stands in the words as names are written.
fn has_capitals(text: &str, name: &str) -> bool {
    name.split_whitespace().all(|part| text.contains(part))
}

/// The words as they are told, on one line and not too long.
fn words_of(text: &str) -> Phi<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('"', "'");
    Phi::new(line.chars().take(LONGEST).collect())
}
