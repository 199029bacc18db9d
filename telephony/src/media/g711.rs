//! G.711: telephone sound at 8 kHz, one byte a sample (ITU-T G.711, 11/88).

/// Which of the two laws a byte stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Law {
    /// µ-law, North America and Japan.
    Mu,
    /// A-law, the rest of the world.
    A,
}

/// Added to a µ-law sample before its segment is looked for, on the scale of 16 bits.
const MU_BIAS: i32 = 0x84;
/// The largest sample that µ-law holds after the bias.
const MU_CLIP: i32 = 32_635;
/// A-law inverts every second bit on the wire.
const A_TOGGLE: u8 = 0x55;

const MU_TABLE: [i16; 256] = table(Law::Mu);
const A_TABLE: [i16; 256] = table(Law::A);

const fn table(law: Law) -> [i16; 256] {
    let mut all = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        all[byte] = match law {
            Law::Mu => mu_sample(byte as u8),
            Law::A => a_sample(byte as u8),
        };
        byte += 1;
    }
    all
}

const fn mu_sample(byte: u8) -> i16 {
    let bits = !byte as i32;
    let magnitude = (((bits & 0x0F) << 3) + MU_BIAS) << ((bits & 0x70) >> 4);
    let sample = if bits & 0x80 != 0 { MU_BIAS - magnitude } else { magnitude - MU_BIAS };
    sample as i16
}

const fn a_sample(byte: u8) -> i16 {
    let bits = (byte ^ A_TOGGLE) as i32;
    let segment = (bits & 0x70) >> 4;
    let step = (bits & 0x0F) << 4;
    let magnitude = match segment {
        0 => step + 8,
        1 => step + 0x108,
        _ => (step + 0x108) << (segment - 1),
    };
    (if bits & 0x80 != 0 { magnitude } else { -magnitude }) as i16
}

impl Law {
    /// The static payload type (RFC 3551, table 4).
    pub(crate) const fn payload_type(self) -> u8 {
        match self {
            Self::Mu => 0,
            Self::A => 8,
        }
    }

    /// The name in SDP.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mu => "PCMU",
            Self::A => "PCMA",
        }
    }

    pub(crate) const fn decode(self, byte: u8) -> i16 {
        match self {
            Self::Mu => MU_TABLE[byte as usize],
            Self::A => A_TABLE[byte as usize],
        }
    }

    pub(crate) fn encode(self, sample: i16) -> u8 {
        let sample = i32::from(sample);
        match self {
            Self::Mu => {
                let sign = if sample < 0 { 0x80 } else { 0 };
                let magnitude = sample.abs().min(MU_CLIP) + MU_BIAS;
                // From 7 (the bias alone) to 14 bits below the leading one.
                let segment = 31 - magnitude.leading_zeros() as i32 - 7;
                let step = (magnitude >> (segment + 3)) & 0x0F;
                !((sign | (segment << 4) | step) as u8)
            }
            Self::A => {
                let sign = if sample >= 0 { 0x80 } else { 0 };
                let magnitude = if sample >= 0 { sample } else { -sample - 1 } >> 4;
                // 12 bits remain; the two lowest segments have the same step.
                let segment = (28 - magnitude.leading_zeros() as i32).max(0);
                let step = (magnitude >> (segment - 1).max(0)) & 0x0F;
                (sign | (segment << 4) | step) as u8 ^ A_TOGGLE
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back_as_the_same_sound() {
        for law in [Law::Mu, Law::A] {
            for byte in 0..=u8::MAX {
                let sample = law.decode(byte);
                assert_eq!(law.decode(law.encode(sample)), sample, "{law:?} {byte:#x}");
            }
        }
    }

    #[test]
    fn known_samples_have_the_bytes_of_the_standard() {
        let mu = [(0, 0xFF), (32_124, 0x80), (-32_124, 0x00), (8, 0xFE), (-8, 0x7E)];
        let a = [(8, 0xD5), (-8, 0x55), (32_256, 0xAA), (-32_256, 0x2A), (264, 0xC5)];
        for (law, all) in [(Law::Mu, mu), (Law::A, a)] {
            for (sample, byte) in all {
                assert_eq!((law.encode(sample), law.decode(byte)), (byte, sample), "{law:?}");
            }
        }
    }

    #[test]
    fn louder_never_becomes_softer_and_the_error_is_a_share_of_the_loudness() {
        for law in [Law::Mu, Law::A] {
            let mut last = i16::MIN;
            for sample in i16::MIN..=i16::MAX {
                let heard = law.decode(law.encode(sample));
                assert!(heard >= last, "{law:?} {sample}");
                last = heard;
                let error = (i32::from(heard) - i32::from(sample)).abs();
                let loud = i32::from(sample).abs();
                assert!(error <= 8 + loud / 31, "{law:?} {sample} {heard}");
            }
        }
    }
}
