//! Two sides to one: added up, unless they cancel out.
//!
//! A headset or a mixer that turns the phase of one side around makes silence of a voice whose sides
//! are added up. So the energy of the sum is compared with that of the louder side, over some packets.

/// How much of what was measured before stays with each packet: some 100 ms at 20 ms a packet.
const MEMORY: f32 = 0.8;

/// The sum counts as cancelled out when it has less than this part of the louder side's energy. A
/// voice on one side alone leaves a quarter, one in the middle all of it.
const CANCELLED: f32 = 1.0 / 16.0;

/// From this part on it counts as whole again; between the two nothing changes.
const WHOLE: f32 = 1.0 / 6.0;

/// What is heard of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Choice {
    #[default]
    Sum,
    Left,
    Right,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Sides {
    sum: f32,
    left: f32,
    right: f32,
    choice: Choice,
}

impl Sides {
    /// Mixes samples of left and right, by turns, into `out`, which holds half as many.
    pub(super) fn mix(&mut self, both: &[i16], out: &mut [i16]) {
        let (pairs, _) = both.as_chunks::<2>();
        self.measure(pairs);
        for (out, [left, right]) in out.iter_mut().zip(pairs) {
            *out = match self.choice {
                Choice::Sum => half(*left, *right),
                Choice::Left => *left,
                Choice::Right => *right,
            };
        }
    }

    fn measure(&mut self, pairs: &[[i16; 2]]) {
        let energy = |of: fn(&[i16; 2]) -> i16| -> f32 {
            pairs.iter().map(|pair| f32::from(of(pair)).powi(2)).sum()
        };
        self.sum = self.sum * MEMORY + energy(|[left, right]| half(*left, *right));
        self.left = self.left * MEMORY + energy(|[left, _]| *left);
        self.right = self.right * MEMORY + energy(|[_, right]| *right);
        let louder = self.left.max(self.right);
        if self.sum >= louder * WHOLE {
            self.choice = Choice::Sum;
        } else if self.choice == Choice::Sum && self.sum < louder * CANCELLED {
            // Kept until the sum is whole again, so that it does not go to and fro.
            self.choice = if self.left >= self.right { Choice::Left } else { Choice::Right };
        }
    }
}

/// The mean of both.
fn half(left: i16, right: i16) -> i16 {
    i16::midpoint(left, right)
}
