//! What every crate may name; this crate depends on no other of ours.
//!
//! Typed ids, PCM frames, the clock and the id source, the wrapper for personal data, the offer of
//! a free slot and the outcome of a call, the
//! rules of time zones. Nothing here does anything: no IO, no tasks, no rules.

mod audio;
mod call;
mod clock;
mod doctor;
mod id;
mod name;
mod offer;
mod phi;
#[cfg(feature = "testing")]
pub mod testing;
mod zone;

pub use audio::{FRAME_MS, PcmFrame, SAMPLE_RATE_HZ, SAMPLES_PER_FRAME};
pub use call::{CallOutcome, Channel, MessageSubject, TransferReason};
pub use clock::{Clock, ManualClock, Mono, SystemClock};
pub use doctor::Gender;
pub use id::{
    AbsenceId, AppointmentId, CallId, CallbackId, ClinicId, ConsoleId, DoctorId, EventId, HoldId,
    IdSource, OfferId, ParseIdError, PatientId, SeededIds, SignInId, SlotId, SystemIds, TemplateId,
    UserId, WaitlistEntryId,
};
pub use name::UnknownName;
pub use offer::Offer;
pub use phi::Phi;
pub use zone::{ZoneRules, time_zone};
