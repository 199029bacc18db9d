//! Sounds of telephones that are no voice, made of their definitions.

use std::f32::consts::TAU;

const RATE: f32 = 16_000.0;

/// Samples of a sound of so many seconds.
const fn samples(seconds: u32) -> usize {
    16_000 * seconds as usize
}

/// Sines of these frequencies together, on and off for so many milliseconds.
fn tone(frequencies: &[f32], on: usize, off: usize, seconds: u32) -> Vec<i16> {
    let sample = |at: usize| {
        if off > 0 && at % ((on + off) * 16) >= on * 16 {
            return 0;
        }
        let time = at as f32 / RATE;
        let sum: f32 = frequencies.iter().map(|hz| (TAU * hz * time).sin()).sum();
        (sum / frequencies.len() as f32 * 6000.0) as i16
    };
    (0..samples(seconds)).map(sample).collect()
}

/// The sixteen keys' tones, one after the other.
fn keys(on: usize, off: usize, seconds: u32) -> Vec<i16> {
    let (rows, columns) = ([697.0, 770.0, 852.0, 941.0], [1209.0, 1336.0, 1477.0, 1633.0]);
    let key = |at: usize| {
        let mut sound = tone(&[rows[at / 4 % 4], columns[at % 4]], on, off, 1);
        sound.truncate((on + off) * 16);
        sound
    };
    (0..).flat_map(key).take(samples(seconds)).collect()
}

/// A plucked string (Karplus and Strong, 1983), four notes a second.
fn plucked(seconds: u32) -> Vec<i16> {
    let mut noise = Noise(7);
    let mut all = Vec::new();
    for note in [262.0, 330.0, 392.0, 523.0, 440.0, 349.0].iter().cycle() {
        let mut string: Vec<f32> =
            (0..(RATE / note) as usize).map(|_| noise.next() * 12_000.0).collect();
        for at in 0..4000 {
            let (here, next) = (at % string.len(), (at + 1) % string.len());
            all.push(string[here] as i16);
            string[here] = 0.996 * f32::midpoint(string[here], string[next]);
        }
        if all.len() >= samples(seconds) {
            all.truncate(samples(seconds));
            return all;
        }
    }
    all
}

/// Chords of three voices with overtones, as an organ has them, two a second.
fn chords(seconds: u32) -> Vec<i16> {
    let chords = [[262.0, 330.0, 392.0], [220.0, 262.0, 330.0], [175.0, 220.0, 262.0]];
    let sample = |at: usize| {
        let chord = chords[at / 8000 % chords.len()];
        let time = at as f32 / RATE;
        let voice = |hz: f32| -> f32 {
            (1..6).map(|n| (TAU * hz * n as f32 * time).sin() / n as f32).sum()
        };
        // Swells at the beginning of each.
        let swell = ((at % 8000) as f32 / 800.0).min(1.0);
        (chord.map(voice).iter().sum::<f32>() * 1500.0 * swell) as i16
    };
    (0..samples(seconds)).map(sample).collect()
}

/// White noise, between −1 and 1.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as f32 / u32::MAX as f32 * 2.0 - 1.0
    }
}

fn hiss(loudness: f32, seconds: u32) -> Vec<i16> {
    let mut noise = Noise(3);
    (0..samples(seconds)).map(|_| (noise.next() * loudness) as i16).collect()
}

/// Each sound with its name.
pub(crate) fn no_voices(seconds: u32) -> Vec<(&'static str, Vec<i16>)> {
    vec![
        ("silence", vec![0; samples(seconds)]),
        ("white noise, -40 dB", hiss(570.0, seconds)),
        ("white noise, -20 dB", hiss(5700.0, seconds)),
        ("dial tone, 425 Hz", tone(&[425.0], 1000, 0, seconds)),
        ("dial tone, 350 and 440 Hz", tone(&[350.0, 440.0], 1000, 0, seconds)),
        ("ring tone, 425 Hz, 1 s in 5", tone(&[425.0], 1000, 4000, seconds)),
        ("ring tone, 440 and 480 Hz", tone(&[440.0, 480.0], 2000, 4000, seconds)),
        ("busy, 425 Hz", tone(&[425.0], 500, 500, seconds)),
        ("busy, 480 and 620 Hz", tone(&[480.0, 620.0], 500, 500, seconds)),
        ("fax, 1100 Hz", tone(&[1100.0], 500, 3000, seconds)),
        ("keys, 100 ms", keys(100, 100, seconds)),
        ("keys, 400 ms", keys(400, 200, seconds)),
        ("plucked strings", plucked(seconds)),
        ("chords", chords(seconds)),
    ]
}
