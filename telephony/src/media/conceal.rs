//! What is played where packets of G.711 are missing: the last period of the voice, repeated and
//! fading, as ITU-T G.711 appendix I does it in principle.

/// What is remembered, in samples at 8 kHz: two of the longest periods.
const MEMORY: usize = 2 * LONGEST;
/// Periods of voices: 400 Hz to 66 Hz.
const SHORTEST: usize = 20;
const LONGEST: usize = 120;
/// What one period is compared over.
const COMPARED: usize = 100;
/// Full for 10 ms, then faded out at 60 ms.
const FULL: usize = 80;
const FADED: usize = 480;
/// How long the old voice goes over into the new one.
const OVERLAP: usize = 32;

/// Remembers what was heard, for when nothing is.
pub(crate) struct Concealer {
    recent: Vec<i16>,
    /// Samples made up since something was heard, and the period that they repeat.
    made_up: usize,
    period: Vec<i16>,
}

impl Concealer {
    pub(crate) fn new() -> Self {
        Self { recent: vec![0; MEMORY], made_up: 0, period: Vec::new() }
    }

    /// Remembers what was heard; its beginning is blended with what was made up before it.
    pub(crate) fn heard(&mut self, samples: &mut [i16]) {
        if self.made_up > 0 {
            let overlap = OVERLAP.min(samples.len());
            for (n, sample) in samples.iter_mut().take(overlap).enumerate() {
                let old = f32::from(self.next());
                let new = n as f32 / overlap as f32;
                *sample = (f32::from(*sample) * new + old * (1.0 - new)) as i16;
            }
            self.made_up = 0;
        }
        let surplus = (self.recent.len() + samples.len()).saturating_sub(MEMORY);
        self.recent.drain(..surplus.min(self.recent.len()));
        let kept = samples.len().saturating_sub(MEMORY);
        self.recent.extend_from_slice(&samples[kept..]);
    }

    /// Makes up `count` samples.
    pub(crate) fn conceal(&mut self, count: usize) -> Vec<i16> {
        if self.made_up == 0 {
            let period = self.find_period();
            self.period = self.recent[MEMORY - period..].to_vec();
        }
        (0..count).map(|_| self.next()).collect()
    }

    /// Forgets the voice: what follows is another one's, or comes after a pause.
    pub(crate) fn reset(&mut self) {
        *self = Self::new();
    }

    fn next(&mut self) -> i16 {
        let sample = self.period.get(self.made_up % self.period.len().max(1)).copied();
        let faded = (FADED.saturating_sub(self.made_up)) as f32 / (FADED - FULL) as f32;
        self.made_up += 1;
        (f32::from(sample.unwrap_or(0)) * faded.min(1.0)) as i16
    }

    /// The shift at which the recent past looks most like itself.
    fn find_period(&self) -> usize {
        let last = &self.recent[MEMORY - COMPARED..];
        let likeness = |period: usize| {
            let earlier = &self.recent[MEMORY - COMPARED - period..MEMORY - period];
            let of = |a: &[i16], b: &[i16]| -> f32 {
                a.iter().zip(b).map(|(a, b)| f32::from(*a) * f32::from(*b)).sum()
            };
            of(last, earlier) / (of(earlier, earlier) + 1.0).sqrt()
        };
        (SHORTEST..=LONGEST)
            .map(|period| (period, likeness(period)))
            .max_by(|(_, a), (_, b)| a.total_cmp(b))
            .map_or(LONGEST, |(period, _)| period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(from: usize, count: usize) -> Vec<i16> {
        // 125 Hz with overtones: a period of 64 samples.
        let at = |n: usize| {
            let angle = 2.0 * std::f32::consts::PI * n as f32 / 64.0;
            6000.0 * angle.sin() + 3000.0 * (3.0 * angle).cos()
        };
        (from..from + count).map(|n| at(n) as i16).collect()
    }

    fn energy(samples: &[i16]) -> f32 {
        samples.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / samples.len() as f32
    }

    #[test]
    fn a_lost_packet_of_a_voice_sounds_like_it() {
        let mut concealer = Concealer::new();
        concealer.heard(&mut voice(0, 480));
        let made_up = concealer.conceal(160);
        let lost = voice(480, 160);
        let difference: Vec<i16> = made_up.iter().zip(&lost).map(|(a, b)| a - b).collect();
        assert!(energy(&difference[..80]) < energy(&lost) / 100.0);
        let mut next = voice(640, 160);
        concealer.heard(&mut next);
        assert_eq!(next[OVERLAP..], voice(640, 160)[OVERLAP..], "what was heard stays");
    }

    #[test]
    fn what_is_made_up_fades_to_silence_and_silence_stays_silent() {
        let mut concealer = Concealer::new();
        assert!(concealer.conceal(160).iter().all(|s| *s == 0));
        concealer.heard(&mut voice(0, 480));
        let made_up = concealer.conceal(800);
        assert!(made_up[FADED..].iter().all(|s| *s == 0));
        assert!(energy(&made_up[320..480]) < energy(&made_up[..160]) / 4.0);
    }
}
