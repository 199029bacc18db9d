//! The tools of a dialogue: the same for the built-in forms and for a language model.
//!
//! A write takes the id of an offer or an appointment that a tool returned in this call, never a
//! free time. Its number comes from the guard ([`Checked`](super::ledger::Checked)). What each tool
//! is for, and how arguments in JSON become a [`ToolCall`], says the [`toolbox`](super::toolbox).

use frontdesk_types::{
    AppointmentId, DoctorId, MessageSubject, Offer, OfferId, Phi, TransferReason, WaitlistEntryId,
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::wish::{Visit, When};

/// Number of a tool call within a dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolCallId(pub u64);

/// Number of a write within a call, given by the guard when it is read back: the idempotency key of
/// the write is the call's id and this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WriteNumber(pub u32);

/// Part of a day by local start (domain.md, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartOfDay {
    /// Before 12:00.
    Morning,
    /// From 12:00, before 17:00.
    Afternoon,
    /// From 17:00.
    Evening,
}

/// Whom and when the caller wishes to see. Every part is optional.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SlotWish {
    /// One of these doctors; any if there are none.
    #[serde(default)]
    pub doctors: Vec<DoctorId>,
    /// None of these doctors.
    #[serde(default)]
    pub not_doctors: Vec<DoctorId>,
    /// Any doctor of this specialty.
    pub specialty: Option<String>,
    /// Days and times, in the clinic's zone.
    #[serde(default)]
    pub when: When,
    /// The kind of visit.
    #[serde(default)]
    pub visit: Visit,
    /// Offers at most.
    pub limit: u8,
}

/// Who the caller says they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Full name.
    pub full_name: Phi<String>,
    /// Date of birth.
    pub date_of_birth: Phi<Date>,
    /// Phone number, to tell namesakes apart or to register; digits with an optional leading `+`.
    pub phone: Option<Phi<String>>,
}

/// What a caller wants told to the staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What it is about.
    pub subject: MessageSubject,
    /// The caller's words.
    pub words: Phi<String>,
    /// Whom it is about, where that is no identified patient.
    #[serde(default)]
    pub about: Option<Phi<String>>,
    /// When the caller wants to be called, in their words.
    #[serde(default)]
    pub call_when: Option<Phi<String>>,
    /// Number to call back, if the caller gave one in this call.
    #[serde(default)]
    pub phone: Option<Phi<String>>,
}

/// What a caller waits for: a doctor or a specialty, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WaitlistWish {
    /// This doctor.
    pub doctor: Option<DoctorId>,
    /// Any doctor of this specialty.
    pub specialty: Option<String>,
    /// Days and times, in the clinic's zone.
    #[serde(default)]
    pub when: When,
}

/// A place on the waiting list, as spoken of with its patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitlistFacts {
    /// Id.
    pub id: WaitlistEntryId,
    /// The doctor who is waited for.
    pub doctor: Option<DoctorId>,
    /// The specialty that is waited for.
    pub specialty: Option<String>,
    /// A time that became free and is kept for them.
    pub offered: Option<Offer>,
}

/// A tool and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tool", rename_all = "snake_case")]
pub enum ToolCall {
    /// Look the caller up. Says nothing of who exists.
    IdentifyPatient(Identity),
    /// Register the caller as a new patient, after a read-back.
    RegisterPatient(Identity),
    /// Search for free slots. Needs no identity.
    FindSlots(SlotWish),
    /// Keep a chosen offer for this caller until they have said yes or no.
    Hold {
        /// The chosen offer.
        offer: OfferId,
    },
    /// Let a held offer go.
    Release {
        /// The held offer.
        offer: OfferId,
    },
    /// The identified patient's appointments that lie ahead.
    ListAppointments,
    /// Book an offer, after read-back and yes.
    Book {
        /// The offer.
        offer: OfferId,
    },
    /// Move an appointment to an offer, after read-back and yes.
    Reschedule {
        /// The appointment.
        appointment: AppointmentId,
        /// Where it moves to.
        offer: OfferId,
    },
    /// Cancel an appointment, after read-back and yes.
    Cancel {
        /// The appointment.
        appointment: AppointmentId,
    },
    /// Put the identified patient on the waiting list, after read-back and yes.
    JoinWaitlist(WaitlistWish),
    /// The identified patient's places on the waiting list.
    ListWaitlist,
    /// Give a place on the waiting list up, after read-back and yes.
    LeaveWaitlist {
        /// The place.
        entry: WaitlistEntryId,
    },
    /// Take the time that is kept for who waits, after read-back and yes.
    AcceptWaitlist {
        /// The place.
        entry: WaitlistEntryId,
    },
    /// Search the clinic's data and documents.
    AskClinic {
        /// The question in the caller's words.
        question: Phi<String>,
    },
    /// Write down a message for the staff, after read-back and yes.
    TakeMessage(Message),
    /// Hand the call to a person; while none can be reached, note a callback.
    Transfer {
        /// Why.
        reason: TransferReason,
        /// Number to call back, if the caller gave one in this call.
        #[serde(default)]
        phone: Option<Phi<String>>,
    },
    /// A tool that is not built in.
    Other(OtherCall),
}

/// A call of a tool that is not built in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherCall {
    /// Name of the tool in the toolbox.
    pub name: String,
    /// Its arguments, which fit its schema.
    pub args: Phi<Value>,
}

impl ToolCall {
    /// Name of the tool, under which the toolbox knows it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::IdentifyPatient(_) => "identify_patient",
            Self::RegisterPatient(_) => "register_patient",
            Self::FindSlots(_) => "find_slots",
            Self::Hold { .. } => "hold",
            Self::Release { .. } => "release",
            Self::ListAppointments => "list_appointments",
            Self::Book { .. } => "book",
            Self::Reschedule { .. } => "reschedule",
            Self::Cancel { .. } => "cancel",
            Self::JoinWaitlist(_) => "join_waitlist",
            Self::ListWaitlist => "list_waitlist",
            Self::LeaveWaitlist { .. } => "leave_waitlist",
            Self::AcceptWaitlist { .. } => "accept_waitlist",
            Self::AskClinic { .. } => "ask_clinic",
            Self::TakeMessage(_) => "take_message",
            Self::Transfer { .. } => "transfer",
            Self::Other(other) => &other.name,
        }
    }
}

/// An appointment as spoken of with its patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppointmentFacts {
    /// Id; of the first of two, where the visit is a double one.
    pub id: AppointmentId,
    /// The second of two.
    #[serde(default)]
    pub second: Option<AppointmentId>,
    /// What was booked.
    pub visit: Offer,
    /// Speakable reference.
    pub reference: String,
    /// Whether it was booked in this call.
    pub made_in_this_call: bool,
}

/// Code of [`Refusal::Other`]: what was given as a phone number cannot be one in this country.
pub const BAD_PHONE: &str = "bad_phone";

/// Code of [`Refusal::Other`]: too many identifications have failed, in this call or in all calls
/// with that name or date of birth. The staff is to call back.
pub const TOO_MANY_TRIES: &str = "too_many_tries";

/// Why a tool refused. Refusals are answers of the domain, not faults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Somebody else has the slot.
    SlotTaken,
    /// The slot lies too near or too far ahead.
    OutsideBookingWindow,
    /// It is too late to cancel or move; staff may.
    TooLate,
    /// The patient has another appointment at that time.
    PatientBusy,
    /// The caller is not identified.
    NotIdentified,
    /// The offer or appointment is not one of this call.
    UnknownReference,
    /// No yes after a read-back stands for this write.
    NotConfirmed,
    /// The clinic does not accept it for another reason, as a code.
    Other(String),
}

/// What came of a tool call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum ToolResult {
    /// The caller is a patient with a record here.
    Identified,
    /// Several patients match: ask for the phone number.
    Ambiguous,
    /// Nobody matches, or not all of it does; which of the two is not told.
    NotIdentified,
    /// The caller was registered and is identified.
    Registered,
    /// Offers, soonest first. `exact` is false if none fits and these are the nearest.
    Slots {
        /// The offers; empty if there are none at all.
        offers: Vec<Offer>,
        /// Whether they fit the wish.
        exact: bool,
    },
    /// The offer is kept.
    Held,
    /// The offer was let go.
    Released,
    /// Appointments ahead.
    Appointments {
        /// Soonest first.
        appointments: Vec<AppointmentFacts>,
    },
    /// Booked or moved.
    Booked {
        /// The appointment as it stands now.
        appointment: AppointmentFacts,
    },
    /// Cancelled.
    Cancelled,
    /// On the waiting list.
    WaitlistJoined {
        /// Whether the patient waited for the same already; when they wish it was changed.
        known: bool,
    },
    /// Places on the waiting list.
    Waitlist {
        /// First come first.
        entries: Vec<WaitlistFacts>,
    },
    /// No longer on the waiting list.
    WaitlistLeft,
    /// An answer and where it is from.
    Answer {
        /// Text to say.
        text: String,
        /// Title of the document or datum.
        source: String,
    },
    /// Nothing was found.
    NoAnswer,
    /// A person takes over, or a callback is noted.
    CallbackNoted,
    /// The message is written down.
    MessageTaken,
    /// What a tool that is not built in returned.
    Other {
        /// For a language model to read.
        value: Phi<Value>,
    },
    /// The domain says no.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// The tool could not run now (database away, timeout); nothing was written, or it is not
    /// known, in which case the same write number asked again gives the same answer.
    Unavailable,
}
