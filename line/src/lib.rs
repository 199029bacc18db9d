//! One caller's connection, as a call sees it.
//!
//! A [`Line`] carries the caller's voice as PCM ([`AudioIn`]) and the agent's ([`Line::play`]), shows
//! state and captions where the caller's end can show them, and tells what happens to the caller
//! ([`LineEvent`]). What kind of line it is, with which codec and which protocol, is its own affair:
//! a room of LiveKit, a telephone, or a script in memory ([`scripted`]). A call is given a
//! [`Connect`], which makes the line when the call begins. For lines that are made of RTP there are
//! the order of packets ([`Reorder`]) and the gaps between them ([`GapTracker`]).
#![forbid(unsafe_code)]

mod caller;
mod event;
mod gap;
mod handed;
mod port;
mod reorder;
mod ring;
pub mod scripted;
mod shown;

pub use caller::{CallerFacts, CallerKind};
pub use event::{Gone, LineEvent, Listener};
pub use gap::{Gap, GapTracker};
pub use handed::{HandedOver, Relay};
pub use port::{
    Abilities, AudioCounts, AudioIn, Connect, ConnectError, Line, LineContext, LineError,
    LineFuture, OnReadable, Transfer,
};
pub use reorder::{Ordered, Reorder};
pub use ring::PcmRing;
pub use shown::{AgentState, AppointmentChange, RefusalReason, Shown};
