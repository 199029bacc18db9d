//! A line that is used twice: first by whoever tells the caller to wait, then by the call.

use std::sync::Arc;

use frontdesk_types::SAMPLES_PER_FRAME;
use parking_lot::Mutex;

use crate::{
    Abilities, AudioIn, Connect, ConnectError, Line, LineContext, LineError, LineEvent, LineFuture,
    Listener, Shown, Transfer,
};

/// Events that are kept for the second user: more than a caller who waits can cause on purpose is
/// of no use to the call.
const KEPT_EVENTS: usize = 64;

#[derive(Default)]
struct Kept {
    events: Vec<LineEvent>,
    to: Option<Listener>,
}

/// The listener of the first user, which remembers what it is told for the second.
#[derive(Clone, Default)]
pub struct Relay(Arc<Mutex<Kept>>);

impl Relay {
    /// Something happened on the line.
    pub fn tell(&self, event: LineEvent) {
        let mut kept = self.0.lock();
        if let Some(to) = &kept.to {
            to(event);
        } else if kept.events.len() < KEPT_EVENTS {
            kept.events.push(event);
        }
    }

    /// Tells the second user what has happened, and what will. Under the lock: in order.
    fn connect(&self, to: Listener) {
        let mut kept = self.0.lock();
        kept.events.drain(..).for_each(|event| to(event));
        kept.to = Some(to);
    }
}

/// A connected line on its way to its second user, who connects it as if it were new.
pub struct HandedOver {
    line: Arc<dyn Line>,
    relay: Relay,
    played: u64,
}

impl HandedOver {
    /// `played` is the highest number of a frame that the first user may have played.
    #[must_use]
    pub fn new(line: Arc<dyn Line>, relay: Relay, played: u64) -> Self {
        Self { line, relay, played }
    }
}

impl Connect for HandedOver {
    fn connect(
        self: Box<Self>,
        context: LineContext,
    ) -> LineFuture<'static, Result<Arc<dyn Line>, ConnectError>> {
        self.relay.connect(context.listener);
        let line: Arc<dyn Line> = Arc::new(Continued { line: self.line, played: self.played });
        Box::pin(std::future::ready(Ok(line)))
    }
}

/// The same line, on which the numbers of frames go on where the first user left off.
struct Continued {
    line: Arc<dyn Line>,
    played: u64,
}

impl Line for Continued {
    fn abilities(&self) -> Abilities {
        self.line.abilities()
    }

    fn audio_in(&self) -> Arc<dyn AudioIn> {
        self.line.audio_in()
    }

    fn play(&self, number: u64, frame: &[i16; SAMPLES_PER_FRAME]) -> bool {
        self.line.play(self.played + number, frame)
    }

    fn flush(&self) {
        self.line.flush();
    }

    fn show(&self, what: Shown) -> LineFuture<'_, Result<(), LineError>> {
        self.line.show(what)
    }

    fn attend(&self, supervisor: Option<&str>) {
        self.line.attend(supervisor);
    }

    fn admit(&self, listener: &str) {
        self.line.admit(listener);
    }

    fn supervisor_in(&self) -> Option<Arc<dyn AudioIn>> {
        self.line.supervisor_in()
    }

    fn agent(&self) -> Option<String> {
        self.line.agent()
    }

    fn leave(&self) -> LineFuture<'_, ()> {
        self.line.leave()
    }

    fn hang_up(&self) -> LineFuture<'_, ()> {
        self.line.hang_up()
    }

    fn transfer(&self, to: Transfer) -> LineFuture<'_, Result<(), LineError>> {
        self.line.transfer(to)
    }
}
