//! What was read into an utterance: acts with the words that each covers, the wish, and who is
//! meant.
//!
//! A plain value with a JSON form, made by the understanding of a language, that a language model
//! could write as well. What a sentence *covers* is decided here and nowhere else: a yes, a no or a
//! goodbye counts only by what is left over beside it (`Reading::cover`).

use std::ops::Range;

use frontdesk_types::{DoctorId, Offer};
use serde::{Deserialize, Serialize};

use crate::wish::{Order, Traits, Visit, When};

/// What a part of an utterance does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it; what belongs to each is data of a language")]
pub enum ActKind {
    // Yes, no, and the words beside them.
    /// A yes in so many words.
    Yes,
    /// "Okay", "perfect": a yes to what can be undone easily.
    SoftYes,
    /// "Please", which is a yes where it is all that was said.
    Please,
    /// "Book it": a yes where booking was asked about, and so on.
    BookIt,
    MoveIt,
    CancelIt,
    /// "Put me on the waiting list", and "take me off it".
    JoinList,
    LeaveList,
    /// Goes with a plain yes and changes nothing: "we will be there".
    WithYes,
    /// Changes nothing anywhere: "well", "so", "dear".
    Filler,
    /// Small words beside a day, a time or a name: "on the".
    Link,
    /// Sounds like a yes and is none: "yeah right".
    NoYes,
    /// "Not right".
    NegatedYes,
    No,
    /// "No" by itself, and not a "not".
    BareNo,
    /// Declines more: "that's all".
    Decline,
    Thanks,
    Greeting,
    Goodbye,
    /// A goodbye that ends a sentence: "bye".
    Bye,
    /// Said before a goodbye, and no matter of the call: "I have to go".
    Leaving,
    Unsure,
    Correction,
    // Wishes.
    Book,
    /// Asks for an appointment: "when can I come".
    BookQuestion,
    /// Asks about one that is not yet made: "when is the earliest appointment".
    NotMade,
    Cancel,
    NotCancel,
    Move,
    /// Drops what is under way.
    Abort,
    /// Asks for one's own appointments.
    List,
    OwnAppointment,
    /// One more appointment.
    Another,
    AnotherTime,
    AnotherDay,
    OtherDoctor,
    AnyDoctor,
    /// None of what was offered.
    NoneOf,
    Person,
    /// Not by telephone; no person is asked for.
    InPerson,
    Repeat,
    /// Asks for what was said or booked in this call.
    Recall,
    HoldOn,
    Question,
    // Who.
    OtherPatient,
    Relative,
    ForMe,
    NewPatient,
    NotNew,
    OthersData,
    // Beside the matter.
    SmallTalk,
    /// Small talk of what no clinic knows.
    Chatter,
    /// Asks whom they have reached.
    Reached,
    /// Something beside the call: "sorry about the noise".
    Aside,
    /// Asks why something is asked.
    Why,
    /// Asks for the time or the date.
    AsksNow,
    /// Asks who or what speaks.
    Machine,
    /// Asks if somebody is there.
    Presence,
    WrongNumber,
    Rude,
    // What parsers took.
    Story,
    Name,
    RelativeName,
    BirthDate,
    Phone,
    Doctor,
    Specialty,
    /// A day, a time, or a part of one.
    Time,
    /// One of several offers by its place.
    Choice,
}

/// One act, and the words that it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// What it does.
    pub act: ActKind,
    /// Its first word, from 0.
    pub from: usize,
    /// The word behind its last.
    pub to: usize,
}

impl Act {
    /// How many of its words stand at `at` and behind.
    const fn beyond(&self, at: usize) -> usize {
        if self.from <= at && at < self.to { self.to - at } else { 0 }
    }

    /// Whether it shares a word with another.
    pub(crate) const fn overlaps(&self, other: &Self) -> bool {
        self.from < other.to && other.from < self.to
    }
}

/// A doctor who was named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedDoctor {
    /// Which of the clinic's; none has a name that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<DoctorId>,
    /// The name.
    pub name: String,
}

/// What is wished for: constraints on the visit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    /// Days and times.
    #[serde(skip_serializing_if = "When::is_empty")]
    pub when: When,
    /// Any day will do.
    #[serde(skip_serializing_if = "is_not")]
    pub any_day: bool,
    /// A day that has passed, or one that could not be told, and no other.
    #[serde(skip_serializing_if = "is_not")]
    pub unclear: bool,
    /// With one of these; several if either will do, or if several have the name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doctors: Vec<NamedDoctor>,
    /// With none of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_doctors: Vec<DoctorId>,
    /// A specialty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub specialty: Option<String>,
    /// A doctor of some kind.
    #[serde(skip_serializing_if = "Traits::is_empty")]
    pub traits: Traits,
    /// A visit of some kind.
    #[serde(skip_serializing_if = "Visit::is_open")]
    pub visit: Visit,
    /// Which of the offers, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choice: Option<usize>,
}

/// Whom the visit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Patient {
    /// Not said.
    #[default]
    Unsaid,
    /// Whoever calls.
    Caller,
    /// Somebody else.
    Other,
}

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Roles {
    /// Whom the visit is for.
    pub patient: Patient,
    /// A name that was given for oneself, or to the question for a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name of a relative who is spoken of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative: Option<String>,
}

/// What was read into an utterance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Reading {
    /// The words, contractions written out.
    pub words: Vec<String>,
    /// Whether it ends as a question does.
    pub question: bool,
    /// What its parts do, in their order; parts of several acts may be the same words.
    pub acts: Vec<Act>,
    /// The wish.
    pub wish: Wish,
    /// Who is meant.
    pub roles: Roles,
    /// Words that no act covers. Made from the acts: not read from JSON.
    pub left: Vec<usize>,
}

/// A [`Reading`] as it may be written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    words: Vec<String>,
    #[serde(default)]
    question: bool,
    #[serde(default)]
    acts: Vec<Act>,
    #[serde(default)]
    wish: Wish,
    #[serde(default)]
    roles: Roles,
    #[serde(default, rename = "left")]
    _left: Vec<usize>,
}

impl From<Written> for Reading {
    fn from(written: Written) -> Self {
        let Written { words, question, acts, wish, roles, .. } = written;
        let mut reading = Self { words, question, acts, wish, roles, left: Vec::new() };
        reading.finish();
        reading
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
const fn is_not(flag: &bool) -> bool {
    !*flag
}

/// Which words some kinds of acts cover.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Cover {
    /// The acts that cover, in their order.
    pub(crate) acts: Vec<Act>,
    /// Words that nothing covers.
    pub(crate) left: Vec<usize>,
}

impl Cover {
    pub(crate) fn has(&self, kind: ActKind) -> bool {
        self.acts.iter().any(|act| act.act == kind)
    }
}

impl Reading {
    /// Sorts the acts and finds what is left over.
    pub(crate) fn finish(&mut self) {
        let words = self.words.len();
        self.acts.retain(|act| act.from < act.to && act.to <= words);
        self.acts.sort_by_key(|act| (act.from, std::cmp::Reverse(act.to), act.act));
        let covers = |act: &&Act| act.act != ActKind::Link;
        let covered = |at: &usize| self.acts.iter().filter(covers).any(|act| act.beyond(*at) > 0);
        self.left = (0..words).filter(|at| !covered(at)).collect();
    }

    /// Whether there is such an act.
    #[must_use]
    pub fn has(&self, kind: ActKind) -> bool {
        self.all(kind).next().is_some()
    }

    pub(crate) fn all(&self, kind: ActKind) -> impl Iterator<Item = &Act> {
        self.acts.iter().filter(move |act| act.act == kind)
    }

    /// Whether there is such an act that shares no word with one of `others`.
    pub(crate) fn has_apart_from(&self, kind: ActKind, others: &[ActKind]) -> bool {
        self.all(kind).any(|act| {
            let mut beside = self.acts.iter().filter(|other| others.contains(&other.act));
            !beside.any(|other| other.overlaps(act))
        })
    }

    /// Whether an act of this kind is all that was said, a greeting aside.
    pub(crate) fn is_alone(&self, kind: ActKind) -> bool {
        let rest =
            |act: &Act| (act.to..self.words.len()).all(|at| self.at(ActKind::Greeting, at) > 0);
        self.all(kind).any(|act| act.from == 0 && rest(act))
    }

    /// How many words from `at` on an act of this kind covers.
    pub(crate) fn at(&self, kind: ActKind, at: usize) -> usize {
        self.all(kind).map(|act| act.beyond(at)).max().unwrap_or(0)
    }

    /// Covers the words from `from` on by acts of these kinds, from the left and the longest first;
    /// of two that are as long the kind that stands first in the list counts.
    pub(crate) fn cover(&self, from: usize, kinds: &[ActKind]) -> Cover {
        let mut cover = Cover::default();
        let mut at = from;
        while at < self.words.len() {
            let best = kinds.iter().map(|kind| (self.at(*kind, at), *kind));
            // The first of the longest.
            let best = best.reduce(|best, next| if next.0 > best.0 { next } else { best });
            match best {
                Some((length @ 1.., act)) => {
                    cover.acts.push(Act { act, from: at, to: at + length });
                    at += length;
                }
                _ => {
                    cover.left.push(at);
                    at += 1;
                }
            }
        }
        cover
    }

    /// Whether the answer to "anything else" declines it and says nothing else.
    #[must_use]
    pub fn declines(&self) -> bool {
        use ActKind::{Decline, Filler, Goodbye, Greeting, Thanks};
        let kinds = [Decline, Filler, Thanks, Goodbye, Greeting];
        !self.words.is_empty() && !self.question && self.cover(0, &kinds).left.is_empty()
    }

    /// Whether it only turns down what was read back, or is nothing but filler: the answer to the
    /// read-back is all that there is in it.
    #[must_use]
    pub(crate) fn turns_down(&self) -> bool {
        use ActKind::{
            Abort, BareNo, Correction, Decline, Filler, HoldOn, NegatedYes, No, NoYes, Thanks,
            Unsure,
        };
        let kinds = [
            No, BareNo, NegatedYes, NoYes, Decline, Abort, Correction, Unsure, Filler, Thanks,
            HoldOn,
        ];
        !self.question && self.cover(0, &kinds).left.is_empty()
    }

    /// Whether it takes leave: there is a goodbye in it, and nothing but what people leave with.
    /// Before a "bye" at the end that may be a little more.
    #[must_use]
    pub fn takes_leave(&self) -> bool {
        use ActKind::{
            Abort, Bye, Decline, Filler, Goodbye, Greeting, HoldOn, Leaving, SoftYes, Thanks,
            WithYes, Yes,
        };
        let kinds = [
            Goodbye, Decline, Filler, Thanks, Bye, Greeting, Leaving, WithYes, Abort, HoldOn,
            SoftYes, Yes,
        ];
        let ends = self.all(Bye).any(|act| self.cover(act.to, &kinds[..7]).left.is_empty());
        let kinds = if ends { &kinds[..] } else { &kinds[..7] };
        let leaves = ends || (self.has(Goodbye) && !self.question);
        leaves && self.cover(0, kinds).left.is_empty()
    }

    /// Whether day, time, doctor and specialty, where they were named, are those of a visit.
    #[must_use]
    pub fn agrees(&self, visit: &Offer) -> bool {
        let wish = &self.wish;
        let own = match wish.doctors.as_slice() {
            [] => true,
            [one] => one.id == Some(visit.doctor),
            _ => false,
        };
        let named = |name: &String| name.eq_ignore_ascii_case(&visit.specialty);
        own && wish.not_doctors.is_empty()
            && !self.has(ActKind::OtherDoctor)
            && wish.specialty.as_ref().is_none_or(named)
            && !wish.unclear
            && !wish.any_day
            && wish.traits.is_empty()
            && !wish.visit.remote
            && (wish.visit.is_open() || visit.second.is_some())
            && wish.when.none.is_empty()
            && !wish.when.is_soft()
            && wish.when.order == Order::Any
            && wish.when.fits(visit.local_start().datetime())
    }

    /// The words of a range, with blanks.
    #[must_use]
    pub fn text(&self, range: Range<usize>) -> String {
        self.words.get(range).unwrap_or_default().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::understand::acts;
    use crate::language::tests::english;

    #[test]
    fn a_reading_is_the_same_after_it_was_written_as_json() {
        for text in ["yes please, on Sunday", "no, that's all, thanks, bye", "purple elephants?"] {
            let reading = acts::read(text, &english());
            let json = serde_json::to_string(&reading).expect("JSON");
            assert_eq!(serde_json::from_str::<Reading>(&json).expect("a reading"), reading);
        }
    }

    #[test]
    fn what_is_left_over_is_made_from_the_acts_and_unknown_keys_are_refused() {
        let json = r#"{"words": ["a", "b", "c"], "left": [0, 1, 2],
            "acts": [{"act": "filler", "from": 0, "to": 2}, {"act": "link", "from": 2, "to": 3}]}"#;
        let reading: Reading = serde_json::from_str(json).expect("a reading");
        assert_eq!(reading.left, [2]);
        for bad in [r#"{"words": [], "tool": 1}"#, r#"{"words": [], "acts": [{"act": "write"}]}"#] {
            assert!(serde_json::from_str::<Reading>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_goodbye_counts_only_if_the_rest_is_what_people_leave_with() {
        let leaves = |text: &str| acts::read(text, &english()).takes_leave();
        for text in ["bye", "thanks, bye now", "I have to go, bye", "I'll call back later, goodbye"]
        {
            assert!(leaves(text), "{text}");
        }
        for text in ["my dog ate it, bye", "they said goodbye to me", "is that all?", "no"] {
            assert!(!leaves(text), "{text}");
        }
    }
}
