//! Sound and keys of calls.

use frontdesk_line::LineEvent;
use frontdesk_types::SAMPLES_PER_FRAME;
use tokio::net::UdpSocket;

use crate::phone::{Office, PATIENCE, Phone};

/// Reads until `samples` came, and gives the loudest.
async fn loudest(line: &dyn frontdesk_line::Line, samples: usize) -> i16 {
    let audio = line.audio_in();
    let (mut count, mut loudest) = (0, 0);
    let end = tokio::time::Instant::now() + PATIENCE;
    while count < samples {
        audio.read(50, &mut |piece| {
            count += piece.len();
            loudest = piece.iter().map(|sample| sample.saturating_abs()).fold(loudest, i16::max);
        });
        assert!(tokio::time::Instant::now() < end, "{count} samples of {samples} came");
        tokio::task::yield_now().await;
    }
    loudest
}

#[tokio::test]
async fn sound_flows_from_the_answer_on_and_is_what_was_said() {
    for (laws, kind, silence, loud) in [("0 8", 0, 0xFF, 0x00), ("8 0", 8, 0xD5, 0x2A)] {
        let mut office = Office::new().await;
        let mut phone = Phone::new(&office).await;
        let ((_, sound), answered) = tokio::join!(phone.dial(laws), office.answer());
        // Nobody has said anything yet, and nobody has sent anything.
        for _ in 0..5 {
            assert_eq!(phone.hears().await, (kind, vec![silence; 160]));
        }
        assert!(answered.line.play(1, &[12_000; SAMPLES_PER_FRAME]));
        let mut spoken = phone.hears().await;
        while spoken.1 == [silence; 160] {
            spoken = phone.hears().await;
        }
        assert_eq!((spoken.0, spoken.1.len()), (kind, 160));
        for seq in 0..10 {
            let packet = Phone::packet(kind, seq, u32::from(seq) * 160, &[loud; 160]);
            phone.rtp.send_to(&packet, sound).await.expect("sent");
        }
        // A constant does not pass the beginning of the filter as a peak; it is loud all the same.
        assert!(loudest(answered.line.as_ref(), 8 * SAMPLES_PER_FRAME).await > 30_000);
    }
}

#[tokio::test]
async fn keys_come_once_each_and_strangers_are_not_heard() {
    let mut office = Office::new().await;
    let mut phone = Phone::new(&office).await;
    let ((_, sound), mut answered) = tokio::join!(phone.dial("0"), office.answer());
    let stranger = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    for (n, key) in [(0_u16, 1_u8), (1, 9), (2, 11)] {
        for part in 0..5_u16 {
            let end = if part > 2 { 0x80 } else { 0 };
            let payload = [key, end | 10, 0, 160];
            let packet = Phone::packet(101, n * 5 + part, u32::from(n) * 2000, &payload);
            phone.rtp.send_to(&packet, sound).await.expect("sent");
            // From this machine as well, but not from where the caller is.
            let other = Phone::packet(101, 900 + n, 90_000 + u32::from(n) * 2000, &[5, 10, 0, 80]);
            stranger.send_to(&other, sound).await.expect("sent");
        }
    }
    for key in ['1', '9', '#'] {
        assert_eq!(answered.event().await, LineEvent::Dtmf(key));
    }
    assert!(answered.line.audio_in().counts().undecodable >= 1);
}
