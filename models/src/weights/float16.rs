//! Numbers of 16 bits (IEEE 754 binary16), and blocks of 8 bits with one scale.

/// The number that the bits stand for.
pub(super) fn to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10) & 0x1F;
    let fraction = u32::from(bits) & 0x3FF;
    match exponent {
        // Zero and the numbers below the smallest normal one: multiples of 2⁻²⁴.
        0 => {
            let size = fraction as f32 / 16_777_216.0;
            if sign == 0 { size } else { -size }
        }
        0x1F => f32::from_bits(sign | 0x7F80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

/// The bits of the nearest number of 16 bits; of two as near, the even one. For numbers that have
/// one: what is too large becomes infinite.
pub(super) fn from_f32(number: f32) -> u16 {
    let bits = number.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    let size = number.abs();
    if size >= 65_520.0 {
        return sign | 0x7C00;
    }
    if size < 6.103_515_6e-5 {
        // Multiples of 2⁻²⁴; up to 2⁻¹⁴, whose bits follow without a break.
        return sign | (size * 16_777_216.0).round_ties_even() as u16;
    }
    let rebased = (bits & 0x7FFF_FFFF) - (112 << 23);
    let kept = rebased >> 13;
    let rest = rebased & 0x1FFF;
    let up = rest > 0x1000 || (rest == 0x1000 && kept & 1 == 1);
    sign | (kept + u32::from(up)) as u16
}

/// Numbers that share a scale.
pub(super) const BLOCK: usize = 32;

/// A row of numbers as whisper.cpp's type `q8_0`: for each block its scale in 16 bits, then 8 bits
/// a number.
pub(super) fn quantize(row: &[f32], into: &mut Vec<u8>) {
    for block in row.chunks(BLOCK) {
        let largest = block.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
        let scale = largest / 127.0;
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        into.extend(from_f32(scale).to_le_bytes());
        into.extend(block.iter().map(|number| (number * inverse).round() as i8 as u8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_16_bits_comes_back() {
        for bits in 0..=u16::MAX {
            let number = to_f32(bits);
            if number.is_finite() {
                assert_eq!(from_f32(number), bits, "{bits:#06x} is {number}");
            } else {
                assert_eq!(bits & 0x7C00, 0x7C00);
            }
        }
    }

    #[test]
    fn the_nearest_number_is_taken_and_of_two_the_even_one() {
        let step = 1.0 / 1024.0;
        assert_eq!(from_f32(1.0 + step / 2.0), from_f32(1.0));
        assert_eq!(from_f32(1.0 + step * 1.5), from_f32(1.0 + step * 2.0));
        assert_eq!(from_f32(1.0 + step * 0.51), from_f32(1.0 + step));
        assert_eq!(from_f32(1e9), 0x7C00);
        assert_eq!(from_f32(-6.0e-8), 0x8001);
    }

    #[test]
    fn a_block_keeps_its_largest_number_and_the_others_to_a_step() {
        let row: Vec<f32> = (0..64).map(|n| (n as f32 - 20.0) / 10.0).collect();
        let mut bytes = Vec::new();
        quantize(&row, &mut bytes);
        assert_eq!(bytes.len(), 2 * (2 + BLOCK));
        for (block, numbers) in bytes.chunks(2 + BLOCK).zip(row.chunks(BLOCK)) {
            let scale = to_f32(u16::from_le_bytes([block[0], block[1]]));
            for (byte, number) in block[2..].iter().zip(numbers) {
                let kept = f32::from(*byte as i8) * scale;
                assert!((kept - number).abs() <= scale * 0.6, "{number} became {kept}");
            }
        }
    }
}
