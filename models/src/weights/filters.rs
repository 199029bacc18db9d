//! The filters that make bands of frequencies, which whisper.cpp reads from its weights: Slaney's
//! mel scale, as whisper was trained with (librosa's `filters.mel(sr=16000, n_fft=400)`).

/// Frequencies of a window of 400 samples.
pub(super) const BINS: usize = 201;

/// Between two frequencies, Hz: 16 kHz in windows of 400 samples.
const STEP: f64 = 40.0;

/// Where the scale turns from a straight line into a logarithm: at 1,000 Hz.
const TURN_HZ: f64 = 1000.0;
const HZ_PER_MEL: f64 = 200.0 / 3.0;
const TURN_MEL: f64 = TURN_HZ / HZ_PER_MEL;

/// The filters of so many bands up to 8 kHz, one after the other, of equal area.
pub(super) fn bands(count: usize) -> Vec<f32> {
    let per_mel = 6.4_f64.ln() / 27.0;
    let highest = TURN_MEL + (8000.0 / TURN_HZ).ln() / per_mel;
    let step = highest / (count + 1) as f64;
    let edges: Vec<f64> = (0..count + 2)
        .map(|at| {
            let mel = if at == count + 1 { highest } else { at as f64 * step };
            if mel >= TURN_MEL {
                TURN_HZ * (per_mel * (mel - TURN_MEL)).exp()
            } else {
                HZ_PER_MEL * mel
            }
        })
        .collect();
    let filter = |edges: &[f64]| -> Vec<f32> {
        let (low, middle, high) = (edges[0], edges[1], edges[2]);
        let weight = |bin: usize| {
            let hz = bin as f64 * STEP;
            let rising = (hz - low) / (middle - low);
            let falling = (high - hz) / (high - middle);
            let height = rising.min(falling).max(0.0) as f32;
            (f64::from(height) * (2.0 / (high - low))) as f32
        };
        (0..BINS).map(weight).collect()
    };
    edges.windows(3).flat_map(filter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_rise_to_their_middle_and_fall_and_have_one_area() {
        let all = bands(80);
        assert_eq!(all.len(), 80 * BINS);
        for (at, filter) in all.chunks(BINS).enumerate().skip(30) {
            let peak = filter.iter().copied().fold(0.0, f32::max);
            let top = filter.iter().position(|weight| *weight == peak).unwrap();
            assert!(filter[..top].is_sorted(), "band {at}");
            assert!(filter[top..].is_sorted_by(|a, b| a >= b), "band {at}");
            let area = filter.iter().sum::<f32>() * STEP as f32;
            assert!((area - 1.0).abs() < 0.2, "band {at}: {area}");
        }
    }
}
