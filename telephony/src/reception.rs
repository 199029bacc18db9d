//! Who decides on calls.

use frontdesk_line::{CallerFacts, Connect, LineFuture};

/// Why a call is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Nobody here has the number that was dialled: 404.
    #[error("nobody has this number")]
    UnknownNumber,
    /// Its owner takes no calls at present: 480.
    #[error("its owner takes no calls")]
    Closed,
    /// There is no place for another call: 486, to be tried again soon.
    #[error("all places are taken")]
    Full,
    /// No calls are taken at present, by nobody here: 503, to be tried again.
    #[error("no calls are taken at present")]
    Unavailable,
}

/// Takes a call that was decided for: it is given the line to connect.
pub type Take = Box<dyn FnOnce(Box<dyn Connect>) + Send>;

/// Decides on calls that come in.
pub trait Reception: Send + Sync {
    /// Decides. The caller waits meanwhile and may give up, which drops the future.
    ///
    /// # Errors
    /// [`Rejection`] with the reason.
    fn decide<'a>(&'a self, caller: &'a CallerFacts) -> LineFuture<'a, Result<Take, Rejection>>;
}
