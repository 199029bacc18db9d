//! What a call asks of a line.

use std::pin::Pin;
use std::sync::Arc;

use frontdesk_types::{CallId, Phi, SAMPLES_PER_FRAME};

use crate::{Listener, Shown};

/// A boxed future, so that lines of any kind stand behind one pointer.
pub type LineFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Is called when there is something to read, and then not again until it was read. It must not
/// block; it may be called on any thread.
pub type OnReadable = Arc<dyn Fn() + Send + Sync>;

/// What a line can do beside carrying sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Abilities {
    /// The caller can type.
    pub text: bool,
    /// The caller can see captions and state.
    pub captions: bool,
    /// The caller can press keys.
    pub dtmf: bool,
    /// The call can be handed to another number.
    pub transfer: bool,
    /// A supervisor can speak on it ([`Line::attend`]).
    pub supervisor: bool,
    /// Another process can go on with the call: the caller is where it can be joined.
    pub movable: bool,
}

/// Where a call is to be handed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// A telephone number (E.164) or a SIP address.
    pub to: Phi<String>,
}

/// What a line could not do.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// This kind of line cannot do it; see [`Line::abilities`].
    #[error("this line cannot {0}")]
    Unable(&'static str),
    /// It failed.
    #[error("{0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

/// Why a line could not be made: what went wrong, for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConnectError(pub Box<dyn std::error::Error + Send + Sync>);

/// Numbers of the sound that came in, since the line began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AudioCounts {
    /// Packets of the caller's sound that were read.
    pub packets: u64,
    /// Packets that could not be decoded.
    pub undecodable: u64,
    /// Sound made up where packets were missing, in milliseconds.
    pub concealed_ms: u64,
    /// Packets that were not read in time and were dropped, oldest first.
    pub dropped: u64,
}

/// The caller's sound: 16 kHz, mono, gaps already concealed, in a bounded ring that drops the
/// oldest. It belongs to the line, so a reader that dies loses only what it was handling, and its
/// successor reads on. There is one reader at a time.
pub trait AudioIn: Send + Sync {
    /// Sets what is called when there is sound to read, replacing what was set before; calls it at
    /// once if there is.
    fn set_on_readable(&self, on_readable: OnReadable);

    /// Gives the sound that has arrived to `take`, oldest first, in pieces of mostly 20 ms: at most
    /// `max` pieces, and notifies again if more is waiting. What decoding there is happens here, on
    /// the reader's thread.
    fn read(&self, max: usize, take: &mut dyn FnMut(&[i16]));

    /// What has come in so far.
    fn counts(&self) -> AudioCounts;
}

/// One caller's connection. It outlives whoever uses it within a call, and nothing on it blocks.
/// What happens on it is told to the [`Listener`] that it was made with.
pub trait Line: Send + Sync {
    /// What it can do beside carrying sound.
    fn abilities(&self) -> Abilities;

    /// The caller's sound.
    fn audio_in(&self) -> Arc<dyn AudioIn>;

    /// Plays 20 ms of the agent's voice, 16 kHz mono, paced by the caller of this function.
    /// `number` is the frame's place in time, in units of 20 ms: it increases, and what is left out
    /// is silence. False if it did not go out: the line is not audible yet, or no more.
    fn play(&self, number: u64, frame: &[i16; SAMPLES_PER_FRAME]) -> bool;

    /// Throws away what was played and has not gone out, for an interruption.
    fn flush(&self);

    /// Shows something; a line that cannot show it does nothing. Where it is given up half-way, the
    /// next call puts right what was shown.
    ///
    /// # Errors
    /// [`LineError::Failed`] if it was not shown.
    fn show(&self, what: Shown) -> LineFuture<'_, Result<(), LineError>>;

    /// A supervisor speaks with the caller, by a connection of their own of this identity, until it
    /// is attended to no more: their sound comes in ([`Line::supervisor_in`]), never as the caller's,
    /// and their coming and going is told ([`crate::LineEvent::Supervisor`]). A line that cannot do it
    /// does nothing.
    fn attend(&self, _supervisor: Option<&str>) {}

    /// Somebody of the clinic may hear the agent as well, by a connection of their own of this
    /// identity. A line on which nobody else can be does nothing.
    fn admit(&self, _listener: &str) {}

    /// The sound of the supervisor who is attended to; `None` if this line has none.
    fn supervisor_in(&self) -> Option<Arc<dyn AudioIn>> {
        None
    }

    /// Who the agent is on the line, where others on it see that.
    fn agent(&self) -> Option<String> {
        None
    }

    /// Leaves the line to another process, which has the call now: the caller notices nothing. Else as
    /// [`Line::hang_up`].
    fn leave(&self) -> LineFuture<'_, ()> {
        self.hang_up()
    }

    /// Ends the line; returns when nothing of it is left, at the latest after a few seconds.
    /// Harmless if it has ended.
    fn hang_up(&self) -> LineFuture<'_, ()>;

    /// Hands the call to somebody else; the caller is gone from this line then.
    ///
    /// # Errors
    /// [`LineError::Unable`], or [`LineError::Failed`] if nobody took it.
    fn transfer(&self, to: Transfer) -> LineFuture<'_, Result<(), LineError>>;
}

/// What a line is made with.
#[derive(Clone)]
pub struct LineContext {
    /// The call that it is for: names of what is shown begin with it.
    pub call: CallId,
    /// Language of the call, ISO 639-1.
    pub language: String,
    /// Whether the agent speaks; otherwise the call is typed.
    pub voice: bool,
    /// Number of the first turn that can be shown on it: not 0 where another process had the call
    /// before. Names of what is shown hold it, so that none is given twice.
    pub first_turn: u32,
    /// Told what happens.
    pub listener: Listener,
}

/// Makes the line of one call.
pub trait Connect: Send + Sync {
    /// Connects. Returns when what the caller types can be read; the way for the agent's voice may
    /// still be under way then ([`crate::LineEvent::Audible`]).
    fn connect(
        self: Box<Self>,
        context: LineContext,
    ) -> LineFuture<'static, Result<Arc<dyn Line>, ConnectError>>;
}
