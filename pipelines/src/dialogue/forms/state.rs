//! What the forms remember of a call; all of it is in the snapshot.

use std::collections::VecDeque;

use frontdesk_types::{DoctorId, MessageSubject, Mono, Offer, OfferId, Phi};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::course::{Done, Todo};
use crate::dialogue::Expectation;
use crate::dialogue::settings::Patience;
use crate::dialogue::tools::{AppointmentFacts, SlotWish, ToolCall, ToolCallId};
use crate::dialogue::understand::whom::{Person, Relation};
use crate::wish::{Traits, Visit, When};

/// What the caller wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Goal {
    Book,
    Move,
    Cancel,
    List,
    /// Leave a message for the staff.
    Message,
    /// Be put on the waiting list.
    Wait,
    /// Know whether one is on it.
    ListWaits,
    /// Be taken off it.
    LeaveWait,
}

/// Which question is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum Phase {
    /// What can we do for you.
    #[default]
    Open,
    Name,
    /// The name once more, spelled.
    SpelledName,
    /// The first name of somebody who is to be registered, letter by letter.
    SpellFirst,
    /// The last name of somebody who is to be registered, letter by letter.
    SpellLast,
    Birth,
    Phone,
    Doctor,
    Day,
    /// The read-back of a booking was declined: another time, or anything else.
    NotBooked,
    Choice,
    /// A write was read back and not confirmed.
    Confirm,
    PickAppointment,
    AnotherOrMove,
    OfferPerson,
    /// The details did not match: has the patient been here before.
    BeenBefore,
    /// Whether the visit is for the patient who is identified.
    ForWhom,
    /// What the message is to say.
    Message,
    /// When the caller wants to be called.
    CallWhen,
    Over,
}

impl Phase {
    pub(super) const fn expectation(self) -> Expectation {
        match self {
            Self::Open | Self::Message | Self::Over => Expectation::Request,
            Self::Name => Expectation::FullName,
            Self::SpelledName => Expectation::Spelling,
            Self::SpellFirst => Expectation::SpellingFirst,
            Self::SpellLast => Expectation::SpellingLast,
            Self::Birth => Expectation::DateOfBirth,
            Self::Phone => Expectation::PhoneNumber,
            Self::Doctor => Expectation::Doctor,
            Self::Day | Self::NotBooked | Self::CallWhen => Expectation::Day,
            Self::Choice | Self::PickAppointment => Expectation::Choice,
            Self::Confirm
            | Self::AnotherOrMove
            | Self::OfferPerson
            | Self::BeenBefore
            | Self::ForWhom => Expectation::YesNo,
        }
    }
}

/// Whom and when the caller wishes to see.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Wish {
    /// One of these.
    pub(super) doctors: Vec<DoctorId>,
    /// None of these.
    pub(super) not_doctors: Vec<DoctorId>,
    pub(super) specialty: Option<String>,
    /// Any doctor will do.
    pub(super) any: bool,
    /// The doctor who is named is only preferred.
    #[serde(default)]
    pub(super) soft_doctor: bool,
    /// A doctor without a name.
    #[serde(default)]
    pub(super) traits: Traits,
    #[serde(default)]
    pub(super) visit: Visit,
    pub(super) when: When,
}

impl Wish {
    pub(super) fn names_doctor(&self) -> bool {
        !self.doctors.is_empty() || self.specialty.is_some() || self.any || !self.traits.is_empty()
    }

    /// The free times that answer it.
    pub(super) fn search(&self, limit: u8) -> SlotWish {
        SlotWish {
            doctors: self.doctors.clone(),
            not_doctors: self.not_doctors.clone(),
            specialty: self.specialty.clone(),
            when: self.when.clone(),
            visit: self.visit,
            limit,
        }
    }
}

/// How much of a name was spelled, or need not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum Spelled {
    #[default]
    Nothing,
    First,
    Whole,
}

/// Who the patient is, as far as it was said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Patient {
    pub(super) name: Option<Phi<String>>,
    /// Whether the name has a first and a last part.
    pub(super) full: bool,
    pub(super) birth: Option<Phi<Date>>,
    /// Month and day of a date of birth whose year is missing.
    pub(super) birthday: Option<Phi<(i8, i8)>>,
    /// The month of one whose day is missing, and the year of one that lacks both.
    #[serde(default)]
    pub(super) birth_month: Option<Phi<i8>>,
    #[serde(default)]
    pub(super) birth_year: Option<Phi<i16>>,
    pub(super) phone: Option<Phi<String>>,
    /// How much of the name was spelled.
    #[serde(default)]
    pub(super) spelled: Spelled,
    /// Times that the spelling was asked for.
    #[serde(default)]
    pub(super) spelling_asks: u32,
    /// The name is not believed before it is spelled.
    #[serde(default)]
    pub(super) doubted: bool,
    /// To be registered.
    pub(super) new: bool,
    /// Several patients match without the phone number.
    pub(super) ambiguous: bool,
    /// Not the caller.
    pub(super) other: bool,
    /// How they are related to the caller, as far as it was said.
    #[serde(default)]
    pub(super) relation: Relation,
    /// The caller was asked whether the visit is for them, and said yes.
    #[serde(default)]
    pub(super) sure: bool,
}

/// Somebody for whom the same is to be done as was done for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NextPerson {
    pub(super) person: Person,
    pub(super) goal: Goal,
    pub(super) wish: Wish,
}

/// A message as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Draft {
    pub(super) subject: MessageSubject,
    /// The caller's words, if they have named the matter.
    pub(super) words: Option<Phi<String>>,
    /// Nobody needs to be identified, or could be: there will be a number.
    pub(super) by_phone: bool,
    /// Whether the caller wants to be called.
    pub(super) call: bool,
    pub(super) call_when: Option<Phi<String>>,
}

/// A tool whose answer is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) call: ToolCallId,
    pub(super) tool: ToolCall,
    /// How often it was tried again because it was unavailable.
    #[serde(default)]
    pub(super) retries: u32,
    /// When it is tried again.
    pub(super) retry_at: Option<Mono>,
}

/// See the module's documentation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) goal: Option<Goal>,
    pub(super) wish: Wish,
    pub(super) patient: Patient,
    /// The details that did not match last.
    pub(super) previous: Option<Patient>,
    /// Others of whom this call was about, as they were told.
    #[serde(default)]
    pub(super) people: Vec<Patient>,
    /// Whose turn it is next.
    #[serde(default)]
    pub(super) next_persons: Vec<NextPerson>,
    /// What was done last.
    #[serde(default)]
    pub(super) last_goal: Option<Goal>,
    /// It is doubtful whether the visit is for the patient who is identified.
    #[serde(default)]
    pub(super) doubtful: bool,
    /// The name in the next words is not to be believed before it is spelled.
    #[serde(default)]
    pub(super) doubt: bool,
    /// The call turned to somebody else than the ledger's patient.
    pub(super) turned: bool,
    pub(super) failed: u32,
    /// What answered the last search, in the order in which it is told.
    pub(super) offers: Vec<OfferId>,
    /// First and number of the offers that were spoken last.
    pub(super) shown: (usize, usize),
    pub(super) chosen: Option<OfferId>,
    /// The offer that was let go last.
    pub(super) let_go: Option<OfferId>,
    /// Whether the appointments were listed for what is under way.
    pub(super) listed_all: bool,
    pub(super) listed: Vec<AppointmentFacts>,
    pub(super) target: Option<AppointmentFacts>,
    /// Words that tell which appointment is meant.
    pub(super) which: Option<Phi<String>>,
    /// Words that count from that appointment: "a week later".
    #[serde(default)]
    pub(super) from_it: Option<Phi<String>>,
    /// Words by which an appointment is given up for the one that is sought.
    #[serde(default)]
    pub(super) instead_of: Option<Phi<String>>,
    /// Words that give up a day for the visit that is sought: whoever has one then moves it.
    #[serde(default)]
    pub(super) may_replace: Option<Phi<String>>,
    /// What is to be done after what is under way.
    #[serde(default)]
    pub(super) later: VecDeque<Todo>,
    /// Whether a question was answered before what is taken up next.
    #[serde(default)]
    pub(super) answered_first: bool,
    /// What this call wrote for the patient, oldest first.
    #[serde(default)]
    pub(super) done: Vec<Done>,
    /// Whether the offers are only the nearest to what was wished for.
    #[serde(default)]
    pub(super) nearest_only: bool,
    /// Whether the waiting list was offered with the open question.
    #[serde(default)]
    pub(super) wait_offered: bool,
    /// The visit that is to be as it was.
    #[serde(default)]
    pub(super) restoring: Option<Offer>,
    /// A double visit may move to a single slot.
    #[serde(default)]
    pub(super) as_single: bool,
    pub(super) last_booked: Option<AppointmentFacts>,
    /// Several visits are wanted, one after the other.
    #[serde(default)]
    pub(super) series: bool,
    #[serde(default)]
    pub(super) draft: Option<Draft>,
    pub(super) pending: Option<Pending>,
    pub(super) queued: Option<Phi<String>>,
    pub(super) misunderstood: u32,
    pub(super) repeats: u32,
    pub(super) patience: Patience,
    pub(super) prompt: String,
    /// What was said last, and how often since.
    #[serde(default)]
    pub(super) last_said: String,
    #[serde(default)]
    pub(super) same_said: u32,
    /// Said before the next question.
    pub(super) carry: String,
    /// What came of a write, until the caller has heard it.
    #[serde(default)]
    pub(super) news: Option<String>,
    /// The utterance in which it is being told.
    #[serde(default)]
    pub(super) telling: Option<u64>,
    /// Whether the call should come to its end soon.
    #[serde(default)]
    pub(super) brief: bool,
    pub(super) next_utterance: u64,
    pub(super) next_call: u64,
}
