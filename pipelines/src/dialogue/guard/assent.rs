//! Whether an answer is a yes: the one rule for every write and every policy.
//!
//! A yes is not a word that stands somewhere in a sentence. It counts only if it covers the whole
//! answer: each word must be a yes, a filler, or part of what was read back (the day, the time, the
//! doctor, the patient's name, the deed itself). Whoever has said anything else is asked once more.

use frontdesk_types::Offer;

use super::ToolCall;
use crate::dialogue::reading::{ActKind, Reading};

/// What an answer to a yes-or-no question is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assent {
    /// A yes in so many words, and nothing else.
    Plain,
    /// "Okay", "perfect", "please": a yes to what can be undone easily, and nothing else.
    Soft,
    /// A yes beside words that nobody accounts for.
    Partly,
    /// No yes, or one that was taken back.
    None,
}

/// What the answer is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    /// The write that was read back.
    pub(crate) tool: Option<&'a ToolCall>,
    /// The visit that was read back.
    pub(crate) visit: Option<&'a Offer>,
    /// The patient's name as it was read back.
    pub(crate) name: Option<&'a str>,
    /// Whether the patient is known not to be the caller.
    pub(crate) for_other: bool,
}

impl Assent {
    /// Judges the answer to a question that asks for a yes.
    pub(crate) fn of(reading: &Reading, asked: Asked<'_>) -> Self {
        let open = reading.question || reading.has(ActKind::NoYes) || starts_a_question(reading);
        let Cover { plain, soft, please, left, last_yes } = Cover::of(reading, asked);
        if left.is_empty() && !open {
            return match (plain, soft || please) {
                (true, _) => Self::Plain,
                (false, true) => Self::Soft,
                _ => Self::None,
            };
        }
        if !plain && !soft {
            return Self::None;
        }
        let no = |at: &&usize| reading.at(ActKind::No, **at) > 0;
        // "No, that's fine" may mean either; "that's not fine" and "yeah, no" do not.
        let bare = |at: &usize| {
            reading.at(ActKind::BareNo, *at) > 0 && last_yes.is_some_and(|yes| *at < yes)
        };
        if left.iter().filter(no).all(bare) { Self::Partly } else { Self::None }
    }

    /// Whether it is a yes to this write: what takes an appointment away wants a plain one, and so
    /// does what nobody here knows.
    pub(crate) const fn is_to(self, tool: &ToolCall) -> bool {
        match self {
            Self::Plain => true,
            Self::Soft => !matches!(
                tool,
                ToolCall::Cancel { .. } | ToolCall::LeaveWaitlist { .. } | ToolCall::Other(_)
            ),
            Self::Partly | Self::None => false,
        }
    }

    /// Whether it is a yes to an offer that changes nothing.
    pub(crate) const fn is_yes(self) -> bool {
        matches!(self, Self::Plain | Self::Soft)
    }
}

/// Whether it begins as a question does; "why not" is a yes.
fn starts_a_question(reading: &Reading) -> bool {
    let yes = reading.at(ActKind::SoftYes, 0).max(reading.at(ActKind::Yes, 0));
    reading.at(ActKind::Question, 0) > yes
}

/// What of an answer is accounted for.
#[derive(Default)]
struct Cover {
    plain: bool,
    soft: bool,
    please: bool,
    /// Words that are not.
    left: Vec<usize>,
    /// Where the last yes begins.
    last_yes: Option<usize>,
}

impl Cover {
    fn of(reading: &Reading, asked: Asked<'_>) -> Self {
        use ActKind::{
            BookIt, CancelIt, Filler, Greeting, JoinList, LeaveList, MoveIt, OtherPatient, Please,
            SoftYes, Thanks, WithYes, Yes,
        };
        let deed = match asked.tool {
            Some(ToolCall::Book { .. } | ToolCall::AcceptWaitlist { .. }) => Some(BookIt),
            Some(ToolCall::Reschedule { .. }) => Some(MoveIt),
            Some(ToolCall::Cancel { .. }) => Some(CancelIt),
            Some(ToolCall::JoinWaitlist(_)) => Some(JoinList),
            Some(ToolCall::LeaveWaitlist { .. }) => Some(LeaveList),
            _ => None,
        };
        let other = asked.for_other.then_some(OtherPatient);
        let mut kinds: Vec<ActKind> = deed.into_iter().collect();
        kinds.extend([Yes, SoftYes, Please, WithYes]);
        kinds.extend(other);
        kinds.extend([Filler, Greeting, Thanks]);
        let whole = reading.cover(0, &kinds);
        let is_plain = |kind: ActKind| kind == Yes || Some(kind) == deed;
        let says_yes = |kind: ActKind| is_plain(kind) || kind == SoftYes;
        let echoed = echo(reading, asked);
        let mut cover = Self {
            plain: whole.acts.iter().any(|act| is_plain(act.act)),
            soft: whole.has(SoftYes),
            please: whole.has(Please),
            left: whole.left.into_iter().filter(|at| !echoed[*at]).collect(),
            last_yes: whole.acts.iter().filter(|act| says_yes(act.act)).map(|act| act.from).max(),
        };
        if !cover.plain {
            let clauses = whole.acts.iter().filter(|act| act.act == WithYes);
            cover.left.extend(clauses.map(|act| act.from));
        }
        cover
    }
}

/// Which words repeat what was read back: those of its day, time and doctor if all that were said
/// are its own, the patient's name, and small words beside them.
fn echo(reading: &Reading, asked: Asked<'_>) -> Vec<bool> {
    let mut echoed = vec![false; reading.words.len()];
    if asked.visit.is_some_and(|visit| reading.agrees(visit)) {
        let kinds = [ActKind::Time, ActKind::Doctor, ActKind::Specialty];
        for act in kinds.iter().flat_map(|kind| reading.all(*kind)) {
            echoed[act.from..act.to].fill(true);
        }
    }
    for (word, echoed) in reading.words.iter().zip(&mut echoed) {
        let of_name =
            |name: &str| name.split([' ', '-']).any(|part| part.eq_ignore_ascii_case(word));
        *echoed |= asked.name.is_some_and(of_name);
    }
    let taken = echoed.clone();
    for at in (0..taken.len()).filter(|at| taken[*at]) {
        // "On the", "at", "with": small words count beside what they belong to.
        let link = |at: usize| reading.at(ActKind::Link, at) > 0;
        let before = (0..at).rev().take_while(|at| link(*at));
        let behind = (at + 1..echoed.len()).take_while(|at| link(*at));
        before.chain(behind).for_each(|at| echoed[at] = true);
    }
    echoed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reading that somebody else has written.
    fn judged(json: &str, asked: Asked<'_>) -> Assent {
        Assent::of(&serde_json::from_str(json).expect("a reading"), asked)
    }

    #[test]
    fn a_reading_that_our_tables_did_not_make_is_judged_as_well() {
        let yes = r#"{"words": ["oui"], "acts": [{"act": "yes", "from": 0, "to": 1}]}"#;
        assert_eq!(judged(yes, Asked::default()), Assent::Plain);
        let soft = r#"{"words": ["bon"], "acts": [{"act": "soft_yes", "from": 0, "to": 1}]}"#;
        assert_eq!(judged(soft, Asked::default()), Assent::Soft);
        let more = r#"{"words": ["oui", "mais"], "acts": [{"act": "yes", "from": 0, "to": 1}]}"#;
        assert_eq!(judged(more, Asked::default()), Assent::Partly);
        let none = r#"{"words": ["oui"]}"#;
        assert_eq!(judged(none, Asked::default()), Assent::None);
    }

    #[test]
    fn words_of_the_patients_name_repeat_what_was_read_back() {
        let named = r#"{"words": ["yes", "for", "Jane", "Miller"], "acts": [
            {"act": "yes", "from": 0, "to": 1}, {"act": "link", "from": 1, "to": 2}]}"#;
        let asked = Asked { name: Some("Jane Miller"), ..Asked::default() };
        assert_eq!(judged(named, asked), Assent::Plain);
        assert_eq!(judged(named, Asked::default()), Assent::Partly);
    }
}
