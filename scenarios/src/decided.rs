//! What the agent's decision log says of the patient's turns.
//!
//! Runner and agent share a wall clock because they share a machine; the log has the agent's.

use frontdesk_pipelines::turn::{Decision, Verdict};

use super::report::{Spoken, Turn};

/// Adds to each turn when the agent decided that it was over, and whether it had cut it before.
pub(crate) fn add(turns: &mut [Turn], decisions: &[Decision]) {
    let mut until = u64::MAX;
    for turn in turns.iter_mut().rev() {
        let Some(speech) = &mut turn.speech else { continue };
        let Some(Spoken { began, ended }) = speech.spoken else { continue };
        let during = |from: u64, to: u64| {
            let within = move |decision: &&Decision| (from..to).contains(&decision.wall);
            decisions.iter().filter(within)
        };
        let over = |decision: &&Decision| decision.verdict == Verdict::Ended;
        speech.cuts = Some(during(began, ended).filter(over).count());
        let decided = during(ended, until).find(over);
        let since = |wall: u64, from: u64| (wall - from) as f64 / 1000.0;
        speech.turn_decided_ms = decided.map(|decision| since(decision.wall, ended));
        speech.reason = decided.and_then(|decision| decision.reason);
        speech.recognized_ms = decided.and_then(|decision| decision.recognized_ms);
        // Who is cut is answered while still speaking: no interruption.
        let whole = speech.cuts == Some(0);
        let paused = |decision: &&Decision| whole && decision.verdict == Verdict::Paused;
        let paused = during(began, ended).find(paused);
        speech.paused_ms = paused.map(|decision| since(decision.wall, began));
        until = began;
    }
}

#[cfg(test)]
mod tests {
    use frontdesk_pipelines::turn::Completeness;

    use super::super::report::SpokenTurn;
    use super::*;

    fn decision(wall_ms: u64, verdict: Verdict) -> Decision {
        Decision {
            at_ms: 0,
            verdict,
            reason: None,
            wait_ms: None,
            silent_ms: None,
            voiced_ms: 0,
            mean_score: 0.0,
            words: 0,
            completeness: Completeness::Unknown,
            backchannel: false,
            playing: false,
            went_on: None,
            recognized_ms: (verdict == Verdict::Ended).then_some(30),
            wall: wall_ms * 1000,
        }
    }

    fn turn(began: u64, ended: u64) -> Turn {
        let spoken = Some(Spoken { began: began * 1000, ended: ended * 1000 });
        let speech = SpokenTurn { spoken, ..SpokenTurn::default() };
        Turn { patient: Some("words".to_owned()), speech: Some(speech), ..Turn::default() }
    }

    #[test]
    fn each_turn_gets_the_decisions_that_are_about_it() {
        let decisions = [
            decision(1100, Verdict::Started),
            decision(1500, Verdict::Ended),
            decision(2700, Verdict::Ended),
            decision(5080, Verdict::Paused),
            decision(6300, Verdict::Ended),
        ];
        let mut turns = [Turn::default(), turn(1000, 2000), turn(5000, 6000), turn(8000, 8500)];
        add(&mut turns, &decisions);
        let speech = |index: usize| turns[index].speech.clone().expect("spoken");
        assert_eq!((speech(1).cuts, speech(1).turn_decided_ms), (Some(1), Some(700.0)));
        assert_eq!(speech(1).paused_ms, None);
        assert_eq!((speech(2).cuts, speech(2).turn_decided_ms), (Some(0), Some(300.0)));
        assert_eq!((speech(2).paused_ms, speech(2).recognized_ms), (Some(80.0), Some(30)));
        assert_eq!(speech(3).turn_decided_ms, None, "the agent never got to it");
    }
}
