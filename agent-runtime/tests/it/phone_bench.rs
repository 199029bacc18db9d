//! How long a caller waits for the greeting.

use std::time::Duration;

use tokio::time::Instant;

use crate::phone_raw::{Raw, is_voiced};
use crate::phone_rig::{NUMBER, Office};

const CALLS: usize = 10;

#[tokio::test]
#[ignore = "a measurement"]
async fn bench_invite_to_the_first_sound_of_the_greeting() {
    let office = Office::open().await;
    let mut waits: [Vec<Duration>; 3] = Default::default();
    for call in 0..=CALLS {
        let mut caller = Raw::new(office.sip, NUMBER).await;
        let began = Instant::now();
        assert_eq!(caller.invite().await, 200);
        let answered = began.elapsed();
        let mut packet = caller.hears().await;
        let first = began.elapsed();
        while !is_voiced(&packet) {
            packet = caller.hears().await;
        }
        let voiced = began.elapsed();
        caller.bye().await;
        // The first call of a process reads what later ones find kept.
        let which = if call == 0 { "first call" } else { "call" };
        println!("{which}: answer {answered:?}, packet {first:?}, voice {voiced:?}");
        if call > 0 {
            waits.iter_mut().zip([answered, first, voiced]).for_each(|(all, one)| all.push(one));
        }
    }
    for (name, mut all) in ["answer", "first packet", "first voiced packet"].into_iter().zip(waits)
    {
        all.sort_unstable();
        println!("INVITE to {name}: median {:?}, longest {:?}", all[CALLS / 2], all[CALLS - 1]);
    }
    office.close().await;
}
