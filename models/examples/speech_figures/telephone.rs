//! What a telephone does to a voice, in samples of 16 kHz. The example `people` of
//! frontdesk-pipelines uses this file, too.

/// A second-order filter (Bristow-Johnson's cookbook, Q = 1/√2).
struct Biquad {
    b: [f32; 3],
    a: [f32; 2],
    x: [f32; 2],
    y: [f32; 2],
}

impl Biquad {
    fn new(cutoff_hz: f32, high_pass: bool) -> Self {
        let omega = std::f32::consts::TAU * cutoff_hz / 16_000.0;
        let alpha = omega.sin() / std::f32::consts::SQRT_2;
        let cos = omega.cos();
        let a0 = 1.0 + alpha;
        let edge = if high_pass { f32::midpoint(1.0, cos) } else { (1.0 - cos) / 2.0 } / a0;
        let middle = if high_pass { -2.0 * edge } else { 2.0 * edge };
        let a = [-2.0 * cos / a0, (1.0 - alpha) / a0];
        Self { b: [edge, middle, edge], a, x: [0.0; 2], y: [0.0; 2] }
    }

    fn step(&mut self, x: f32) -> f32 {
        let y = self.b[0] * x + self.b[1] * self.x[0] + self.b[2] * self.x[1]
            - self.a[0] * self.y[0]
            - self.a[1] * self.y[1];
        self.x = [x, self.x[0]];
        self.y = [y, self.y[0]];
        y
    }
}

/// 300 to 3400 Hz, sampled at 8 kHz, through μ-law, and back at 16 kHz.
pub(crate) fn telephone(samples: &[i16]) -> Vec<i16> {
    let mut filters = [(300.0, true), (300.0, true), (3400.0, false), (3400.0, false)]
        .map(|(cutoff, high_pass)| Biquad::new(cutoff, high_pass));
    let mut filtered =
        samples.iter().map(|&sample| filters.iter_mut().fold(f32::from(sample), |x, f| f.step(x)));
    // 8 kHz and back: every second sample, through μ-law, the ones between by interpolation.
    let half: Vec<f32> = filtered.by_ref().step_by(2).map(mu_law).collect();
    let next = half.iter().skip(1).chain(half.last());
    half.iter().zip(next).flat_map(|(&a, &b)| [a as i16, f32::midpoint(a, b) as i16]).collect()
}

/// To the eight bits of μ-law and back.
fn mu_law(sample: f32) -> f32 {
    let x = (sample / 32_768.0).clamp(-1.0, 1.0);
    let squeezed = x.signum() * (255.0 * x.abs()).ln_1p() / 256.0_f32.ln();
    let steps = (squeezed * 127.0).round() / 127.0;
    steps.signum() * (256.0_f32.powf(steps.abs()) - 1.0) / 255.0 * 32_768.0
}
