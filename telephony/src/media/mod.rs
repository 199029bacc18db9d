//! Sound and keys of one call in RTP.

mod conceal;
mod g711;
mod hearing;
mod keys;
mod path;
mod ports;
mod resample;
mod rtp;
mod session;
mod speaking;
mod voice_in;

pub(crate) use g711::Law;
pub(crate) use ports::{NoPort, Ports};
pub(crate) use session::{Media, Talk};
