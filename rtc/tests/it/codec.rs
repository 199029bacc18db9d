//! Opus at 16 kHz: what goes in comes out, and what is no Opus does no harm.

use frontdesk_rtc::CodecError;
use frontdesk_rtc::codec::{EncoderOptions, MAX_PACKET_SAMPLES, OpusDecoder, OpusEncoder};
use frontdesk_types::SAMPLES_PER_FRAME;
use proptest::prelude::*;

use crate::support::{chirp, correlation};

fn encode(options: EncoderOptions, sound: &[i16]) -> Vec<bytes::Bytes> {
    let mut encoder = OpusEncoder::new(options).unwrap();
    sound.chunks_exact(SAMPLES_PER_FRAME).map(|frame| encoder.encode(frame).unwrap()).collect()
}

#[test]
fn every_setting_keeps_the_sound() {
    let said = chirp(1.0);
    for (complexity, bitrate, fec) in
        [(0, 16_000, false), (5, 24_000, false), (10, 32_000, true), (3, 24_000, true)]
    {
        let options = EncoderOptions { complexity, bitrate, fec, expected_loss: 10 };
        let mut decoder = OpusDecoder::new().unwrap();
        let heard: Vec<i16> = encode(options, &said)
            .iter()
            .flat_map(|packet| decoder.decode(packet).unwrap().to_vec())
            .collect();
        assert_eq!(heard.len(), said.len());
        let likeness = correlation(&said, &heard);
        assert!(likeness > 0.9, "{options:?}: {likeness}");
    }
}

#[test]
fn a_frame_of_the_wrong_length_is_refused() {
    let mut encoder = OpusEncoder::new(EncoderOptions::default()).unwrap();
    for length in [0, 1, 319, 321, 640] {
        let error = encoder.encode(&vec![0; length]).unwrap_err();
        assert_eq!(error, CodecError::FrameLength { expected: SAMPLES_PER_FRAME, got: length });
    }
    assert!(encoder.lookahead().unwrap() > 0);
    encoder.reset().unwrap();
    assert!(encoder.encode(&[0; SAMPLES_PER_FRAME]).is_ok());
}

/// Root mean square of the difference of two sounds, against that of the first.
fn error(said: &[i16], heard: &[i16]) -> f64 {
    let square = |x: f64| x * x;
    let (mut off, mut all) = (0.0, 0.0);
    for (s, h) in said.iter().zip(heard) {
        off += square(f64::from(*s) - f64::from(*h));
        all += square(f64::from(*s));
    }
    (off / all).sqrt()
}

#[test]
fn a_lost_packet_is_filled_better_from_the_copy_in_the_next_than_by_guessing() {
    let options = EncoderOptions { fec: true, expected_loss: 25, ..EncoderOptions::default() };
    let packets = encode(options, &chirp(1.0));
    let whole: Vec<Vec<i16>> = {
        let mut decoder = OpusDecoder::new().unwrap();
        packets.iter().map(|p| decoder.decode(p).unwrap().to_vec()).collect()
    };
    let lossy = |recover: bool| {
        let mut decoder = OpusDecoder::new().unwrap();
        let (mut said, mut filled) = (Vec::new(), Vec::new());
        for (n, packet) in packets.iter().enumerate() {
            if n % 5 == 3 {
                let next = &packets[n + 1];
                let guess = if recover {
                    decoder.recover(next, SAMPLES_PER_FRAME)
                } else {
                    decoder.conceal(SAMPLES_PER_FRAME)
                };
                filled.extend_from_slice(guess.unwrap());
                said.extend_from_slice(&whole[n]);
            } else {
                decoder.decode(packet).unwrap();
            }
        }
        error(&said, &filled)
    };
    let (recovered, concealed) = (lossy(true), lossy(false));
    assert!(recovered < concealed * 0.8, "{recovered} {concealed}");
}

#[test]
fn concealing_fills_the_length_asked_for_and_fades() {
    let mut decoder = OpusDecoder::new().unwrap();
    for packet in encode(EncoderOptions::default(), &chirp(0.5)) {
        decoder.decode(&packet).unwrap();
    }
    assert_eq!(decoder.conceal(0).unwrap().len(), 0);
    assert_eq!(decoder.conceal(SAMPLES_PER_FRAME).unwrap().len(), SAMPLES_PER_FRAME);
    assert_eq!(decoder.conceal(1_000_000).unwrap().len(), MAX_PACKET_SAMPLES);
    for _ in 0..20 {
        decoder.conceal(SAMPLES_PER_FRAME).unwrap();
    }
    let rest = decoder.conceal(SAMPLES_PER_FRAME).unwrap();
    assert!(rest.iter().all(|s| s.abs() < 500), "it does not hum for ever");
    decoder.reset().unwrap();
}

proptest! {
    #[test]
    fn whatever_a_peer_sends_is_an_error_or_sound(
        packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..1600), 1..8),
        samples in 0_usize..4000,
    ) {
        let mut decoder = OpusDecoder::new().unwrap();
        for packet in &packets {
            let expected = OpusDecoder::samples_in(packet);
            match decoder.decode(packet) {
                Ok(sound) => prop_assert_eq!(Ok(sound.len()), expected),
                Err(error) => prop_assert_eq!(error, CodecError::InvalidPacket),
            }
            let _ = decoder.recover(packet, samples);
            prop_assert!(decoder.conceal(samples).is_ok());
        }
        // And it still decodes what is sound.
        let good = encode(EncoderOptions::default(), &chirp(0.1));
        prop_assert_eq!(decoder.decode(&good[0]).map(<[i16]>::len), Ok(SAMPLES_PER_FRAME));
    }
}

/// Packets in stereo of these two sides.
fn stereo(left: &[i16], right: &[i16]) -> Vec<Vec<u8>> {
    let (rate, channels) = (frontdesk_types::SAMPLE_RATE_HZ, opus::Channels::Stereo);
    let mut encoder = opus::Encoder::new(rate, channels, opus::Application::Voip).unwrap();
    encoder.set_bitrate(opus::Bitrate::Bits(64_000)).unwrap();
    let both: Vec<i16> = left.iter().zip(right).flat_map(|(l, r)| [*l, *r]).collect();
    let frames = both.chunks_exact(2 * SAMPLES_PER_FRAME);
    frames.map(|frame| encoder.encode_vec(frame, 1500).unwrap()).collect()
}

fn decode_all(packets: &[Vec<u8>]) -> Vec<i16> {
    let mut decoder = OpusDecoder::new().unwrap();
    packets.iter().flat_map(|packet| decoder.decode(packet).unwrap().to_vec()).collect()
}

fn loudness(sound: &[i16]) -> f64 {
    let squares: f64 = sound.iter().map(|s| f64::from(*s).powi(2)).sum();
    (squares / sound.len() as f64).sqrt()
}

#[test]
fn a_caller_whose_two_sides_cancel_out_is_heard_by_one_of_them() {
    let said = chirp(1.0);
    let opposite: Vec<i16> = said.iter().map(|s| -s).collect();
    let quieter: Vec<i16> = opposite.iter().map(|s| s / 10 * 9).collect();
    let silence = vec![0; said.len()];
    for (left, right, least) in [
        (&said, &opposite, 0.8),
        (&quieter, &said, 0.8),
        (&said, &said, 0.8),
        // One side alone is heard at half its height, as ever.
        (&said, &silence, 0.4),
        (&silence, &said, 0.4),
    ] {
        let heard = decode_all(&stereo(left, right));
        assert_eq!(heard.len(), said.len());
        let likeness = correlation(&said, &heard).max(correlation(&opposite, &heard));
        let part = loudness(&heard) / loudness(&said);
        assert!(likeness > 0.8 && part > least, "{likeness}, {part} of {least}");
    }
}

#[test]
fn a_stream_may_change_between_one_side_and_two_and_lose_packets() {
    let said = chirp(1.0);
    let opposite: Vec<i16> = said.iter().map(|s| -s).collect();
    let (one, two) = (encode(EncoderOptions::default(), &said), stereo(&said, &opposite));
    let mut decoder = OpusDecoder::new().unwrap();
    let mut heard = Vec::new();
    for (number, (one, two)) in one.iter().zip(&two).enumerate() {
        let packet: &[u8] = if number / 10 % 2 == 0 { one } else { two };
        if number % 10 == 5 {
            assert_eq!(decoder.conceal(SAMPLES_PER_FRAME).unwrap().len(), SAMPLES_PER_FRAME);
            assert_eq!(
                decoder.recover(packet, SAMPLES_PER_FRAME).unwrap().len(),
                SAMPLES_PER_FRAME
            );
        }
        heard.extend_from_slice(decoder.decode(packet).unwrap());
    }
    assert_eq!(heard.len(), said.len());
    assert!(loudness(&heard) > 0.5 * loudness(&said));
    decoder.reset().unwrap();
    assert_eq!(decoder.decode(&one[0]).unwrap().len(), SAMPLES_PER_FRAME);
}
