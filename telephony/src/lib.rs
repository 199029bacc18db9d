//! A telephone as a line: SIP over UDP, one audio stream of G.711 in RTP, keys as named events.
//!
//! [`Telephone::start`] listens; a [`Reception`] decides on each call by who calls which number, and
//! is given a [`frontdesk_line::Connect`] that answers it. SIP's transactions and dialogs are
//! rsipstack's; what is agreed on, what is answered, and all of the sound is done here.
#![forbid(unsafe_code)]

mod line;
mod media;
mod reception;
mod sip;

pub use reception::{Reception, Rejection, Take};
pub use sip::server::{Counts, StartError, Telephone, TelephoneOptions};
