use super::*;

const FRAME: Duration = Duration::from_millis(16);
const LAG: Duration = Duration::from_millis(68);

/// Feeds voice (or silence) for `length` from `*now` and returns what came out, with its time.
fn feed(
    taker: &mut TurnTaker,
    now: &mut Mono,
    voiced: bool,
    length: Duration,
) -> Vec<(u64, TurnOutput)> {
    let mut out = Vec::new();
    let end = *now + length;
    while *now < end {
        let score = if voiced { 0.9 } else { 0.1 };
        *now = *now + FRAME;
        taker.handle_input(*now, &TurnInput::Voice { score, duration: FRAME });
        out.extend(std::iter::from_fn(|| taker.poll_output()).map(|o| (now.as_millis(), o)));
    }
    out
}

fn words(count: usize, completeness: Completeness) -> TurnInput {
    TurnInput::Words { count, completeness, backchannel: false, stop: false }
}

fn turn_end(outputs: &[(u64, TurnOutput)]) -> Option<(u64, EndReason)> {
    outputs.iter().find_map(|(at, output)| match output {
        TurnOutput::TurnEnded { reason, .. } => Some((*at, *reason)),
        _ => None,
    })
}

fn wait_after_speech(completeness: Option<Completeness>) -> (u64, EndReason) {
    let mut taker = TurnTaker::new(TurnSettings::default(), LAG);
    let mut now = Mono::ZERO;
    feed(&mut taker, &mut now, true, Duration::from_secs(1));
    if let Some(completeness) = completeness {
        taker.handle_input(now, &words(3, completeness));
    }
    let spoke_until = now.as_millis() - 68;
    let out = feed(&mut taker, &mut now, false, Duration::from_secs(3));
    let (at, reason) = turn_end(&out).expect("the turn ends");
    (at - spoke_until, reason)
}

#[test]
fn the_wait_follows_what_the_words_amount_to_and_counts_from_the_last_voiced_sample() {
    let frame = 16;
    for (completeness, wait, reason) in [
        (Some(Completeness::Complete), 250, EndReason::Complete),
        (None, 700, EndReason::Default),
        (Some(Completeness::Incomplete), 1300, EndReason::Incomplete),
    ] {
        let (measured, why) = wait_after_speech(completeness);
        assert_eq!(why, reason);
        assert!((wait..=wait + frame).contains(&measured), "{reason:?}: {measured} ms");
    }
}

#[test]
fn one_or_two_words_that_complete_an_answer_are_given_time_for_more() {
    for (count, wait) in [(1, 450), (2, 450), (3, 250)] {
        let mut taker = TurnTaker::new(TurnSettings::default(), LAG);
        let mut now = Mono::ZERO;
        feed(&mut taker, &mut now, true, Duration::from_secs(1));
        taker.handle_input(now, &words(count, Completeness::Complete));
        let spoke_until = now.as_millis() - 68;
        let out = feed(&mut taker, &mut now, false, Duration::from_secs(2));
        let (at, reason) = turn_end(&out).expect("the turn ends");
        assert_eq!(reason, EndReason::Complete);
        assert!((wait..=wait + 16).contains(&(at - spoke_until)), "{count} words: {at}");
    }
}

#[test]
fn a_click_is_not_speech() {
    let mut taker = TurnTaker::new(TurnSettings::default(), LAG);
    let mut now = Mono::ZERO;
    let mut out = feed(&mut taker, &mut now, true, Duration::from_millis(40));
    out.extend(feed(&mut taker, &mut now, false, Duration::from_secs(2)));
    assert_eq!(out, []);
}

#[test]
fn a_pause_inside_a_sentence_does_not_end_the_turn() {
    let mut taker = TurnTaker::new(TurnSettings::default(), LAG);
    let mut now = Mono::ZERO;
    let mut out = feed(&mut taker, &mut now, true, Duration::from_secs(1));
    out.extend(feed(&mut taker, &mut now, false, Duration::from_millis(500)));
    out.extend(feed(&mut taker, &mut now, true, Duration::from_secs(1)));
    assert_eq!(turn_end(&out), None);
    assert_eq!(out.len(), 1, "speech started once: {out:?}");
}

#[test]
fn a_voice_over_playout_pauses_then_interrupts_once_there_are_words() {
    let mut taker = TurnTaker::new(TurnSettings::default(), LAG);
    let mut now = Mono::ZERO;
    taker.handle_input(now, &TurnInput::Playing(true));
    let out = feed(&mut taker, &mut now, true, Duration::from_millis(300));
    let paused = out.iter().find(|(_, o)| *o == TurnOutput::PausePlayout).expect("pauses").0;
    assert!(paused <= 80, "{paused} ms");
    taker.handle_input(now, &words(1, Completeness::Unknown));
    let out = feed(&mut taker, &mut now, true, Duration::from_millis(300));
    let cut = out.iter().find(|(_, o)| *o == TurnOutput::Interrupt).expect("interrupts").0;
    assert!((500..=516).contains(&cut), "{cut} ms");
}

#[test]
fn noise_over_playout_pauses_it_and_the_same_audio_goes_on() {
    let mut taker = TurnTaker::new(TurnSettings::default(), LAG);
    let mut now = Mono::ZERO;
    taker.handle_input(now, &TurnInput::Playing(true));
    let mut out = feed(&mut taker, &mut now, true, Duration::from_millis(200));
    out.extend(feed(&mut taker, &mut now, false, Duration::from_secs(3)));
    let seen: Vec<_> = out.iter().map(|(_, o)| *o).collect();
    assert!(seen.contains(&TurnOutput::PausePlayout) && seen.contains(&TurnOutput::ResumePlayout));
    assert!(!seen.contains(&TurnOutput::Interrupt));
}

#[test]
fn an_acknowledgement_over_playout_does_not_interrupt_and_stop_always_does() {
    for stop in [false, true] {
        let mut taker = TurnTaker::new(TurnSettings::default(), LAG);
        let mut now = Mono::ZERO;
        taker.handle_input(now, &TurnInput::Playing(true));
        feed(&mut taker, &mut now, true, Duration::from_millis(250));
        let heard = TurnInput::Words {
            count: 1,
            completeness: Completeness::Unknown,
            backchannel: !stop,
            stop,
        };
        taker.handle_input(now, &heard);
        let mut out: Vec<_> = std::iter::from_fn(|| taker.poll_output()).collect();
        out.extend(feed(&mut taker, &mut now, false, Duration::from_secs(3)).iter().map(|o| o.1));
        assert_eq!(out.contains(&TurnOutput::Interrupt), stop, "{out:?}");
        assert_eq!(out.contains(&TurnOutput::ResumePlayout), !stop, "{out:?}");
    }
}

#[test]
fn silence_of_packets_ends_the_turn_by_the_deadline_alone() {
    let mut taker = TurnTaker::new(TurnSettings::default(), LAG);
    let mut now = Mono::ZERO;
    feed(&mut taker, &mut now, true, Duration::from_secs(1));
    let deadline = taker.poll_timeout().expect("a deadline stands");
    taker.handle_input(deadline, &TurnInput::Timeout);
    assert!(matches!(taker.poll_output(), Some(TurnOutput::TurnEnded { .. })));
    assert_eq!(taker.poll_timeout(), None);
}

#[test]
fn speech_without_end_is_cut_off() {
    let mut taker = TurnTaker::new(TurnSettings::default(), LAG);
    let mut now = Mono::ZERO;
    let out = feed(&mut taker, &mut now, true, Duration::from_secs(31));
    assert_eq!(turn_end(&out).expect("ends").1, EndReason::TooLong);
}
