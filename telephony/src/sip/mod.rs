//! SIP: what comes from the network, dialogs, and transfers.

pub(crate) mod dialog;
pub(crate) mod headers;
pub(crate) mod number;
pub(crate) mod refer;
pub(crate) mod sdp;
pub(crate) mod server;
pub(crate) mod shared;
