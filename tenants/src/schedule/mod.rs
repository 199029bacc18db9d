//! Shifts, templates, the generation of slots, and sudden changes to them.

mod change;
mod generate;
mod grid;
pub mod horizon;
mod list;

pub(crate) use change::Deactivated;
pub use change::{
    Absence, Alternative, Change, Hanging, Impact, NewTemplate, Order, Rebooked, Withdrawn,
    add_absence, block_slot, deactivate_clinic, deactivate_doctor, preview, remove_slot,
    replace_templates, revoke_absence, unblock_slot,
};
pub use generate::{Generated, generate, generate_range};
pub use grid::{Grid, GridSlot, Shift, grid};
pub use list::{
    KnownAbsence, Slot, SlotFilter, SlotStatus, Template, TimeSlot, absence_of, absences,
    add_time_slot, slot, slot_at, slots, templates, time_slots,
};
