//! A telephone call as a [`Line`].

use std::sync::Arc;

use frontdesk_line::{
    Abilities, AudioIn, Connect, ConnectError, Line, LineContext, LineError, LineEvent, LineFuture,
    Shown, Transfer,
};
use frontdesk_types::SAMPLES_PER_FRAME;

use crate::media::Media;
use crate::sip::dialog::Call;

/// A call that rings, to be answered. Dropped, it is refused.
pub(crate) struct PhoneCall(Option<Arc<Call>>);

/// See the module's documentation.
struct PhoneLine {
    call: Arc<Call>,
    media: Arc<Media>,
}

impl PhoneCall {
    pub(crate) const fn new(call: Arc<Call>) -> Self {
        Self(Some(call))
    }

    fn answer(mut self, context: &LineContext) -> Result<PhoneLine, ConnectError> {
        let call = self.0.take().ok_or_else(|| ConnectError("already answered".into()))?;
        let media = call.answer(Arc::clone(&context.listener)).map_err(|error| {
            call.refuse();
            ConnectError(Box::new(error))
        })?;
        if context.voice {
            (context.listener)(LineEvent::Audible);
        }
        (context.listener)(LineEvent::CallerHere(call.facts.clone()));
        Ok(PhoneLine { call, media })
    }
}

impl Drop for PhoneCall {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            call.refuse();
        }
    }
}

impl Connect for PhoneCall {
    fn connect(
        self: Box<Self>,
        context: LineContext,
    ) -> LineFuture<'static, Result<Arc<dyn Line>, ConnectError>> {
        Box::pin(async move { Ok(Arc::new(self.answer(&context)?) as Arc<dyn Line>) })
    }
}

impl Line for PhoneLine {
    fn abilities(&self) -> Abilities {
        Abilities { dtmf: self.call.keys, transfer: true, ..Abilities::default() }
    }

    fn audio_in(&self) -> Arc<dyn AudioIn> {
        Arc::clone(&self.media.voice) as Arc<dyn AudioIn>
    }

    fn play(&self, _number: u64, frame: &[i16; SAMPLES_PER_FRAME]) -> bool {
        self.media.play(frame)
    }

    // What was played has gone out.
    fn flush(&self) {}

    fn show(&self, _what: Shown) -> LineFuture<'_, Result<(), LineError>> {
        Box::pin(async { Ok(()) })
    }

    fn hang_up(&self) -> LineFuture<'_, ()> {
        Box::pin(self.call.hang_up())
    }

    fn transfer(&self, to: Transfer) -> LineFuture<'_, Result<(), LineError>> {
        Box::pin(async move {
            let transferred = self.call.transfer(to.to.expose()).await;
            transferred.map_err(|error| LineError::Failed(Box::new(error)))
        })
    }
}

impl Drop for PhoneLine {
    fn drop(&mut self) {
        self.call.abandon();
    }
}
