//! A line in memory: its caller is a script.
//!
//! [`call`] gives both ends. The one is given to a call; through the other, the [`Caller`], a test or
//! a simulation does what callers do and sees what they would see. Nothing here knows time: whoever
//! plays the caller moves the clock.

use std::sync::Arc;

use frontdesk_types::SAMPLES_PER_FRAME;
use parking_lot::Mutex;

use crate::{
    Abilities, AgentState, AudioIn, CallerFacts, Connect, ConnectError, Gone, Line, LineContext,
    LineError, LineEvent, LineFuture, Listener, PcmRing, Shown, Transfer,
};

/// Frames of the caller's sound that wait to be read: ten seconds.
const RING_FRAMES: usize = 500;

#[derive(Default)]
struct State {
    listener: Option<Listener>,
    /// What happened before anybody listened.
    early: Vec<LineEvent>,
    shown: Vec<Shown>,
    frames: u64,
    over: bool,
    transferred: Option<Transfer>,
    /// Identity of the supervisor who is attended to.
    attended: Option<String>,
}

struct Shared {
    state: Mutex<State>,
    audio: Arc<PcmRing>,
    supervisor: Arc<PcmRing>,
    abilities: Abilities,
}

/// The agent's end, to be connected.
pub struct ScriptedCall(Arc<Shared>);

/// The agent's end.
struct ScriptedLine(Arc<Shared>);

/// The caller's end; cheap to clone.
#[derive(Clone)]
pub struct Caller(Arc<Shared>);

/// Both ends of a line that can do everything.
#[must_use]
pub fn call() -> (ScriptedCall, Caller) {
    call_with(Abilities {
        text: true,
        captions: true,
        dtmf: true,
        transfer: true,
        supervisor: true,
        movable: true,
    })
}

/// Both ends of a line that can do as much.
#[must_use]
pub fn call_with(abilities: Abilities) -> (ScriptedCall, Caller) {
    let audio = Arc::new(PcmRing::new(RING_FRAMES));
    let supervisor = Arc::new(PcmRing::new(RING_FRAMES));
    let shared = Arc::new(Shared { state: Mutex::default(), audio, supervisor, abilities });
    (ScriptedCall(Arc::clone(&shared)), Caller(shared))
}

impl Shared {
    fn tell(&self, event: LineEvent) {
        let listener = {
            let mut state = self.state.lock();
            if state.over {
                return;
            }
            match state.listener.clone() {
                Some(listener) => listener,
                None => return state.early.push(event),
            }
        };
        listener(event);
    }
}

impl Connect for ScriptedCall {
    fn connect(
        self: Box<Self>,
        context: LineContext,
    ) -> LineFuture<'static, Result<Arc<dyn Line>, ConnectError>> {
        let early = {
            let mut state = self.0.state.lock();
            state.listener = Some(Arc::clone(&context.listener));
            std::mem::take(&mut state.early)
        };
        if context.voice {
            (context.listener)(LineEvent::Audible);
        }
        early.into_iter().for_each(|event| (context.listener)(event));
        let line: Arc<dyn Line> = Arc::new(ScriptedLine(self.0));
        Box::pin(async move { Ok(line) })
    }
}

impl Line for ScriptedLine {
    fn abilities(&self) -> Abilities {
        self.0.abilities
    }

    fn audio_in(&self) -> Arc<dyn AudioIn> {
        Arc::<PcmRing>::clone(&self.0.audio)
    }

    fn play(&self, _number: u64, _frame: &[i16; SAMPLES_PER_FRAME]) -> bool {
        let mut state = self.0.state.lock();
        state.frames += u64::from(!state.over);
        !state.over
    }

    // What was played is heard at once.
    fn flush(&self) {}

    fn show(&self, what: Shown) -> LineFuture<'_, Result<(), LineError>> {
        if self.0.abilities.captions {
            self.0.state.lock().shown.push(what);
        }
        Box::pin(async { Ok(()) })
    }

    fn attend(&self, supervisor: Option<&str>) {
        self.0.state.lock().attended = supervisor.map(str::to_owned);
    }

    fn supervisor_in(&self) -> Option<Arc<dyn AudioIn>> {
        Some(Arc::<PcmRing>::clone(&self.0.supervisor))
    }

    fn hang_up(&self) -> LineFuture<'_, ()> {
        let mut state = self.0.state.lock();
        state.over = true;
        // The call's end: nobody is told anything any more.
        state.listener = None;
        Box::pin(async {})
    }

    fn transfer(&self, to: Transfer) -> LineFuture<'_, Result<(), LineError>> {
        let able = self.0.abilities.transfer;
        if able {
            self.0.state.lock().transferred = Some(to);
            self.0.tell(LineEvent::CallerGone(Gone::Left));
        }
        Box::pin(
            async move { if able { Ok(()) } else { Err(LineError::Unable("transfer a call")) } },
        )
    }
}

impl Caller {
    /// The caller is there, for the first time or again.
    pub fn arrives(&self, facts: CallerFacts) {
        self.0.tell(LineEvent::CallerHere(facts));
    }

    /// The caller hangs up.
    pub fn leaves(&self) {
        self.0.tell(LineEvent::CallerGone(Gone::Left));
    }

    /// The caller's connection breaks.
    pub fn is_cut_off(&self) {
        self.0.tell(LineEvent::CallerGone(Gone::Lost));
    }

    /// The agent's own connection breaks: until it is back nothing reaches the caller.
    pub fn agent_is_cut_off(&self) {
        self.0.tell(LineEvent::Lost);
    }

    /// The agent's own connection is back.
    pub fn agent_is_back(&self) {
        self.0.tell(LineEvent::Back);
    }

    /// Another connection takes the place of the caller's, and nothing shows that it is theirs.
    pub fn is_replaced(&self) {
        self.0.tell(LineEvent::CallerReplaced);
        self.0.tell(LineEvent::CallerHere(CallerFacts::default()));
    }

    /// The caller puts us on hold.
    pub fn holds(&self) {
        self.0.tell(LineEvent::Held);
    }

    /// The caller is back from that.
    pub fn resumes(&self) {
        self.0.tell(LineEvent::Resumed);
    }

    /// The line itself is gone.
    pub fn line_breaks(&self, why: &str) {
        self.0.tell(LineEvent::Over(why.to_owned()));
    }

    /// The caller types this.
    pub fn types(&self, text: &str) {
        self.0.tell(LineEvent::Typed(text.to_owned()));
    }

    /// The caller presses these keys, one after another.
    pub fn presses(&self, keys: &str) {
        keys.chars().for_each(|key| self.0.tell(LineEvent::Dtmf(key)));
    }

    /// 20 ms of the caller's sound.
    pub fn sounds(&self, frame: [i16; SAMPLES_PER_FRAME]) {
        self.0.audio.push(frame);
    }

    /// The supervisor who is attended to comes, or goes.
    pub fn supervisor(&self, here: bool) {
        let attended = self.0.state.lock().attended.clone();
        if let Some(identity) = attended {
            self.0.tell(LineEvent::Supervisor { identity, here });
        }
    }

    /// 20 ms of the sound of the supervisor who is attended to; nobody hears any other.
    pub fn supervisor_sounds(&self, frame: [i16; SAMPLES_PER_FRAME]) {
        if self.0.state.lock().attended.is_some() {
            self.0.supervisor.push(frame);
        }
    }

    /// What was shown from number `from` on, counted from 0.
    #[must_use]
    pub fn shown(&self, from: usize) -> Vec<Shown> {
        self.0.state.lock().shown.iter().skip(from).cloned().collect()
    }

    /// What the agent does, as far as it was shown.
    #[must_use]
    pub fn agent_state(&self) -> Option<AgentState> {
        self.0.state.lock().shown.iter().rev().find_map(|shown| match shown {
            Shown::State(state) => Some(*state),
            _ => None,
        })
    }

    /// Frames of the agent's voice that were played.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.0.state.lock().frames
    }

    /// Where the call was transferred to.
    #[must_use]
    pub fn transferred(&self) -> Option<Transfer> {
        self.0.state.lock().transferred.clone()
    }

    /// Whether the agent has hung up.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.state.lock().over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connected(voice: bool) -> (Arc<dyn Line>, Caller, Arc<Mutex<Vec<LineEvent>>>) {
        let (call, caller) = call();
        caller.types("early");
        let told: Arc<Mutex<Vec<LineEvent>>> = Arc::default();
        let told_too = Arc::clone(&told);
        let context = LineContext {
            call: frontdesk_types::CallId::new(&frontdesk_types::SystemIds),
            language: "en".to_owned(),
            voice,
            first_turn: 0,
            listener: Arc::new(move |event| told_too.lock().push(event)),
        };
        let mut connecting = Box::new(call).connect(context);
        let waker = std::task::Waker::noop();
        let poll = connecting.as_mut().poll(&mut std::task::Context::from_waker(waker));
        let std::task::Poll::Ready(Ok(line)) = poll else { panic!("connects at once") };
        (line, caller, told)
    }

    #[test]
    fn what_happens_before_the_call_is_connected_is_told_once_it_is() {
        let (_line, caller, told) = connected(true);
        caller.presses("1#");
        let expected = [
            LineEvent::Audible,
            LineEvent::Typed("early".to_owned()),
            LineEvent::Dtmf('1'),
            LineEvent::Dtmf('#'),
        ];
        assert_eq!(*told.lock(), expected);
    }

    #[test]
    fn after_hanging_up_nothing_is_played_and_nobody_is_told() {
        let (line, caller, told) = connected(false);
        assert!(line.play(1, &[0; SAMPLES_PER_FRAME]));
        drop(line.hang_up());
        assert!(caller.is_over() && !line.play(2, &[0; SAMPLES_PER_FRAME]));
        caller.types("late");
        assert_eq!((caller.frames(), told.lock().len()), (1, 1));
    }
}
