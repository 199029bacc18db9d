//! What the line does to the patient's voice before it is sent: noise of the room, telephone band.

use frontdesk_models::telephone::{Band, mu_law};
use frontdesk_types::SAMPLE_RATE_HZ;

/// What the patient's voice goes through.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Carrier {
    /// Pink noise that far below the voice, in dB; it goes on while nobody speaks.
    pub noise_db: Option<f32>,
    /// 300 to 3400 Hz, 8 kHz µ-law.
    pub telephone: bool,
}

impl Carrier {
    /// The carrier at work, for a voice of that loudness (RMS).
    pub(super) fn carried(self, voice_rms: f32) -> Carried {
        let noise =
            self.noise_db.map(|below| (Pink::new(), voice_rms / 10.0_f32.powf(below / 20.0)));
        Carried { noise, telephone: self.telephone.then(Telephone::new) }
    }
}

/// A carrier with what it remembers from one frame to the next.
pub(super) struct Carried {
    noise: Option<(Pink, f32)>,
    telephone: Option<Telephone>,
}

impl Carried {
    /// Carries the next frame, of an even number of samples. The noise is the room's, so it comes
    /// before the telephone.
    pub(super) fn carry(&mut self, frame: &mut [i16]) {
        if let Some((pink, rms)) = &mut self.noise {
            for sample in frame.iter_mut() {
                *sample = (f32::from(*sample) + pink.next() * *rms) as i16;
            }
        }
        if let Some(telephone) = &mut self.telephone {
            telephone.carry(frame);
        }
    }
}

/// Pink noise with an RMS of one, the same at every run: white noise through Kellet's three-pole
/// filter, within half a decibel of −3 dB per octave above 10 Hz.
struct Pink {
    random: u32,
    poles: [f32; 3],
    scale: f32,
}

impl Pink {
    fn new() -> Self {
        let mut pink = Self { random: 0x2545_f491, poles: [0.0; 3], scale: 1.0 };
        let power: f32 = (0..SAMPLE_RATE_HZ).map(|_| pink.next().powi(2)).sum();
        pink.scale = (SAMPLE_RATE_HZ as f32 / power).sqrt();
        pink
    }

    fn next(&mut self) -> f32 {
        // xorshift: noise needs no better randomness.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let white = self.random as f32 / u32::MAX as f32 * 2.0 - 1.0;
        let [a, b, c] = &mut self.poles;
        *a = 0.997_65 * *a + white * 0.099_046;
        *b = 0.963 * *b + white * 0.296_516_4;
        *c = 0.57 * *c + white * 1.052_691_3;
        (*a + *b + *c + white * 0.1848) * self.scale
    }
}

/// A telephone line: band filters, then every second sample through µ-law, the ones between by
/// interpolation.
struct Telephone {
    band: Band,
    last: f32,
}

impl Telephone {
    fn new() -> Self {
        Self { band: Band::new(), last: 0.0 }
    }

    fn carry(&mut self, frame: &mut [i16]) {
        for pair in frame.chunks_exact_mut(2) {
            let mut kept = 0.0;
            for &sample in pair.iter() {
                kept = self.band.step(f32::from(sample));
            }
            let kept = mu_law(kept);
            pair[0] = f32::midpoint(self.last, kept) as i16;
            pair[1] = kept as i16;
            self.last = kept;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rms(samples: &[i16]) -> f32 {
        let power: f32 = samples.iter().map(|&s| f32::from(s).powi(2)).sum();
        (power / samples.len() as f32).sqrt()
    }

    fn tone(hz: f32) -> Vec<i16> {
        let step = std::f32::consts::TAU * hz / SAMPLE_RATE_HZ as f32;
        (0..SAMPLE_RATE_HZ).map(|i| ((i as f32 * step).sin() * 8000.0) as i16).collect()
    }

    fn through(carrier: Carrier, mut samples: Vec<i16>, voice_rms: f32) -> Vec<i16> {
        let mut carried = carrier.carried(voice_rms);
        samples.chunks_mut(320).for_each(|frame| carried.carry(frame));
        samples
    }

    #[test]
    fn nothing_is_done_to_a_voice_without_noise_or_telephone() {
        assert_eq!(through(Carrier::default(), tone(1000.0), 2000.0), tone(1000.0));
    }

    #[test]
    fn noise_lies_as_far_below_the_voice_as_asked() {
        let carrier = Carrier { noise_db: Some(20.0), telephone: false };
        let noise = through(carrier, vec![0; 16_000], 2000.0);
        assert!((150.0..250.0).contains(&rms(&noise)), "{}", rms(&noise));
    }

    #[test]
    fn a_telephone_lets_only_its_band_through() {
        let carrier = Carrier { noise_db: None, telephone: true };
        let level = |hz| rms(&through(carrier, tone(hz), 2000.0));
        assert!(level(1000.0) > 4500.0, "{}", level(1000.0));
        assert!(level(100.0) < 700.0, "{}", level(100.0));
        assert!(level(7000.0) < 700.0, "{}", level(7000.0));
    }
}
