//! The reference of an appointment, made to be spoken and understood over a telephone.
//!
//! Two letters, five digits and a check digit: `KW407190`. The nine letters neither look nor sound
//! like each other or like a digit (no B/P/T/V, M/N, F/S, A/8, I/1, O/0). The check digit is
//! Damm's: it catches every single wrong character and every swap of two neighbours [BOOK-6].

use std::fmt;
use std::str::FromStr;

use rand::Rng;
use serde::{Deserialize, Serialize};

/// Letters of a reference, in the order of their values 0 to 8.
pub const LETTERS: &[u8; 9] = b"DFHKMRWXY";

/// Damm's quasigroup of order 10.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// A valid reference. It names an appointment within one clinic; it is no key to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference([u8; 8]);

/// The text is not a reference: wrong form, or the check digit says that something was misheard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Not two letters and six digits.
    #[error("a reference is two letters and six digits")]
    Form,
    /// The form is right, the check digit is not.
    #[error("the check digit of the reference does not match: a character was misheard")]
    CheckDigit,
}

impl Reference {
    /// A reference drawn at random: 8.1 million of them, so the clinic's unique constraint decides.
    #[must_use]
    pub fn random(rng: &mut impl Rng) -> Self {
        let mut text = [0; 8];
        for letter in &mut text[..2] {
            *letter = LETTERS[rng.random_range(0..LETTERS.len())];
        }
        for digit in &mut text[2..7] {
            *digit = b'0' + rng.random_range(0..10_u8);
        }
        text[7] = b'0' + check(&text[..7]);
        Self(text)
    }

    /// The text, such as `KW407190`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever stored.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// As it is read out: letters one by one, digits in pairs.
    ///
    /// ```
    /// let reference: frontdesk_tenants::Reference = "KW407190".parse().expect("valid");
    /// assert_eq!(reference.spoken(), "K, W, 4 0, 7 1, 9 0");
    /// ```
    #[must_use]
    pub fn spoken(&self) -> String {
        let [a, b, c, d, e, f, g, h] = self.0.map(char::from);
        format!("{a}, {b}, {c} {d}, {e} {f}, {g} {h}")
    }
}

/// Damm's digit over the values of the characters; a letter counts as its index.
fn check(text: &[u8]) -> u8 {
    text.iter().fold(0, |interim, &byte| DAMM[usize::from(interim)][usize::from(value(byte))])
}

fn value(byte: u8) -> u8 {
    if byte.is_ascii_digit() {
        byte - b'0'
    } else {
        LETTERS.iter().position(|&l| l == byte).map_or(0, |i| i as u8)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    /// Reads what was typed or heard: case, blanks, commas and hyphens do not matter.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let bytes: Vec<u8> = text
            .bytes()
            .filter(|b| !matches!(b, b' ' | b'-' | b',' | b'.'))
            .map(|b| b.to_ascii_uppercase())
            .collect();
        let bytes: [u8; 8] = bytes.try_into().map_err(|_| ReferenceError::Form)?;
        if !bytes[..2].iter().all(|b| LETTERS.contains(b))
            || !bytes[2..].iter().all(u8::is_ascii_digit)
        {
            return Err(ReferenceError::Form);
        }
        if check(&bytes) != 0 {
            return Err(ReferenceError::CheckDigit);
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Reference {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.as_str().to_owned()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_misheard_character_and_every_swap_of_neighbours_is_noticed() {
        let mut rng = rand::rng();
        for _ in 0..200 {
            let reference = Reference::random(&mut rng);
            assert_eq!(reference.as_str().parse(), Ok(reference));
            for at in 0..8 {
                let others: &[u8] = if at < 2 { LETTERS } else { b"0123456789" };
                for &other in others.iter().filter(|&&o| o != reference.0[at]) {
                    let mut wrong = reference.0;
                    wrong[at] = other;
                    let wrong = String::from_utf8(wrong.to_vec()).expect("ascii");
                    assert_eq!(wrong.parse::<Reference>(), Err(ReferenceError::CheckDigit));
                }
            }
            for at in 0..7 {
                let mut wrong = reference.0;
                wrong.swap(at, at + 1);
                if wrong != reference.0 {
                    let wrong = String::from_utf8(wrong.to_vec()).expect("ascii");
                    assert!(wrong.parse::<Reference>().is_err(), "{wrong}");
                }
            }
        }
    }

    #[test]
    fn what_was_heard_is_read_whatever_its_spacing() {
        let reference = Reference::random(&mut rand::rng());
        assert_eq!(reference.spoken().to_lowercase().parse(), Ok(reference));
        for wrong in ["", "KW40719", "KS407190", "4W407190", "KW40719X", "KW4071900", "ÄÄ123456"]
        {
            assert_eq!(wrong.parse::<Reference>(), Err(ReferenceError::Form), "{wrong}");
        }
    }
}
