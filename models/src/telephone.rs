//! What a telephone line does to a voice, for callers that are measured and tested with: a band of
//! 300 to 3400 Hz, and μ-law.

use frontdesk_types::SAMPLE_RATE_HZ;

/// A second-order filter (Bristow-Johnson's cookbook, Q = 1/√2).
struct Biquad {
    b: [f32; 3],
    a: [f32; 2],
    x: [f32; 2],
    y: [f32; 2],
}

impl Biquad {
    fn new(cutoff_hz: f32, high_pass: bool) -> Self {
        let omega = std::f32::consts::TAU * cutoff_hz / SAMPLE_RATE_HZ as f32;
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

/// The band of a telephone, 300 to 3400 Hz: two filters of the second order at either end.
pub struct Band([Biquad; 4]);

impl Band {
    /// A line on which nothing was said yet.
    #[must_use]
    pub fn new() -> Self {
        let edges = [(300.0, true), (300.0, true), (3400.0, false), (3400.0, false)];
        Self(edges.map(|(cutoff_hz, high_pass)| Biquad::new(cutoff_hz, high_pass)))
    }

    /// The next sample, on the scale of 16 bits, filtered.
    pub fn step(&mut self, sample: f32) -> f32 {
        self.0.iter_mut().fold(sample, |x, filter| filter.step(x))
    }
}

impl Default for Band {
    fn default() -> Self {
        Self::new()
    }
}

/// A sample, on the scale of 16 bits, to the eight bits of μ-law (μ = 255) and back.
#[must_use]
pub fn mu_law(sample: f32) -> f32 {
    let x = (sample / 32_768.0).clamp(-1.0, 1.0);
    let squeezed = x.signum() * (255.0 * x.abs()).ln_1p() / 256.0_f32.ln();
    let steps = (squeezed * 127.0).round() / 127.0;
    steps.signum() * (256.0_f32.powf(steps.abs()) - 1.0) / 255.0 * 32_768.0
}
