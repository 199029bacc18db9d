//! The discrete Fourier transform of lengths that have small prime factors alone.

use std::f32::consts::TAU;
use std::ops::{Add, Mul};

/// A complex number.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Complex {
    pub(crate) re: f32,
    pub(crate) im: f32,
}

impl Complex {
    pub(crate) const fn new(re: f32, im: f32) -> Self {
        Self { re, im }
    }

    /// The square of its length.
    pub(crate) fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }
}

impl Add for Complex {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.re + other.re, self.im + other.im)
    }
}

impl Mul for Complex {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::new(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)
    }
}

/// Largest prime factor of a length.
const MAX_FACTOR: usize = 5;

/// Transforms of one length.
#[derive(Debug, Clone)]
pub(crate) struct Fft {
    factors: Vec<usize>,
    /// e^(−2πik/n) for k from 0 to n − 1.
    turns: Vec<Complex>,
}

impl Fft {
    /// For `size` values; its prime factors are 2, 3 and 5.
    pub(crate) fn new(size: usize) -> Self {
        let mut factors = Vec::new();
        let mut rest = size;
        for factor in [4, 2, 3, MAX_FACTOR] {
            while rest.is_multiple_of(factor) {
                factors.push(factor);
                rest /= factor;
            }
        }
        debug_assert_eq!(rest, 1, "{size} has a prime factor above {MAX_FACTOR}");
        let turn = |k: usize| {
            let angle = -TAU * k as f32 / size as f32;
            Complex::new(angle.cos(), angle.sin())
        };
        Self { factors, turns: (0..size).map(turn).collect() }
    }

    /// The transform of `input`; both are of the length.
    pub(crate) fn forward(&self, input: &[Complex], output: &mut [Complex]) {
        self.step(input, 1, output, &self.factors);
    }

    /// Of every `stride`th value of `input`, by the `factors` that are left.
    fn step(&self, input: &[Complex], stride: usize, output: &mut [Complex], factors: &[usize]) {
        let Some((&factor, rest)) = factors.split_first() else {
            output[0] = input[0];
            return;
        };
        let part = output.len() / factor;
        for (at, out) in output.chunks_exact_mut(part).enumerate() {
            self.step(&input[at * stride..], stride * factor, out, rest);
        }
        let size = self.turns.len();
        // e^(−2πi/factor) is this many turns on.
        let quarter = size / factor;
        for k in 0..part {
            let mut terms = [Complex::default(); MAX_FACTOR];
            for (at, term) in terms.iter_mut().enumerate().take(factor) {
                *term = output[at * part + k] * self.turns[at * k * stride % size];
            }
            for row in 0..factor {
                let mut sum = terms[0];
                for (at, term) in terms.iter().enumerate().take(factor).skip(1) {
                    sum = sum + *term * self.turns[at * row * quarter % size];
                }
                output[row * part + k] = sum;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_is_that_of_the_definition() {
        for size in [8, 30, 60, 1200] {
            let value = |at: usize| {
                Complex::new((at as f32 * 0.7).sin() + 0.3, (at as f32 * 1.9).cos() - 0.1)
            };
            let input: Vec<_> = (0..size).map(value).collect();
            let mut output = vec![Complex::default(); size];
            Fft::new(size).forward(&input, &mut output);
            for k in [0, 1, size / 3, size - 1] {
                let term = |at: usize| {
                    let angle = -std::f64::consts::TAU * ((at * k) % size) as f64 / size as f64;
                    let turn = Complex::new(angle.cos() as f32, angle.sin() as f32);
                    input[at] * turn
                };
                let sum = (0..size).map(term).fold(Complex::default(), Add::add);
                let error = Complex::new(sum.re - output[k].re, sum.im - output[k].im).power();
                assert!(error.sqrt() < 1e-3 * size as f32, "{size}, {k}: {sum:?} {:?}", output[k]);
            }
        }
    }
}
