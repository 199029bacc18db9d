//! Searching, holding, booking, moving, cancelling. Each write is one SQL function in one round
//! trip, which also settles idempotency and writes outbox and audit. Booking decides on the primary
//! database: never on a cache.
//!
//! What the domain refuses comes back as [`crate::Refusal`]. Where another writer is just at the
//! same rows, the call is tried again a few times; the answer to a repeated idempotency key is the
//! first answer.

mod answer;
mod change;
mod double;
mod header;
mod list;
mod read;
mod search;
mod take;

pub(crate) use answer::{Answer, call, request_hash};
pub use answer::{Appointment, Booked, Hold, Status};
pub use change::{
    Cancel, CancelReason, Move, Step, advance, cancel, expire_unpaid, mark_missed, reschedule,
};
pub use double::{CancelDouble, Double, MoveDouble, book_double, cancel_double, move_double};
pub(crate) use header::Header;
pub use list::{Filter, appointments};
pub use read::{
    SlotState, appointment, appointment_by_reference, appointments_made_in, appointments_of,
    slot_state,
};
pub use search::{Search, find_free_slots};
pub use take::{
    Assign, Book, HOLD_CALL, HOLD_WEB, HoldRequest, book, book_assigned, hold, release, sweep_holds,
};
pub(crate) use take::{references, same_clinic};
