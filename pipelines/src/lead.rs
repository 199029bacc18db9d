//! The silence that a voice puts before its first word.

use std::borrow::Cow;

use frontdesk_types::SAMPLE_RATE_HZ;

/// A sample above this is sound: −47 dBFS. The silence of flite's voices reaches −51 dBFS, their
/// softest consonants −38.
const SOUND: u16 = 150;

/// Kept of the silence: 20 ms.
const KEPT: usize = SAMPLE_RATE_HZ as usize / 50;

/// Cuts the silence off the beginning of an utterance while it is synthesized: flite puts 0.2 s
/// there, and a caller who waits for an answer hears a slower agent.
#[derive(Debug, Default)]
pub struct LeadIn {
    held: Vec<i16>,
    begun: bool,
}

impl LeadIn {
    /// A lead-in that lets everything pass: of what continues an utterance.
    #[must_use]
    pub const fn passed() -> Self {
        Self { held: Vec::new(), begun: true }
    }

    /// What of the next samples is to be played now.
    pub fn cut<'a>(&mut self, samples: &'a [i16]) -> Cow<'a, [i16]> {
        if self.begun {
            return Cow::Borrowed(samples);
        }
        self.held.extend_from_slice(samples);
        let sound = self.held.iter().position(|sample| sample.unsigned_abs() > SOUND);
        self.begun = sound.is_some();
        let silence = sound.unwrap_or(self.held.len());
        self.held.drain(..silence.saturating_sub(KEPT));
        if self.begun { Cow::Owned(std::mem::take(&mut self.held)) } else { Cow::Borrowed(&[]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_silence_before_the_first_word_is_cut_whatever_the_chunks() {
        let mut voice = vec![0; 3000];
        voice.extend([1000; 500]);
        voice.extend([0; 400]);
        for size in [1, 160, 320, 5000] {
            let mut lead = LeadIn::default();
            let played: Vec<i16> =
                voice.chunks(size).flat_map(|chunk| lead.cut(chunk).into_owned()).collect();
            assert_eq!(played.len(), KEPT + 900, "in chunks of {size}");
            assert_eq!(played[..KEPT], [0; KEPT]);
            assert_eq!(played[KEPT..], voice[3000..]);
        }
    }

    #[test]
    fn nothing_is_cut_of_what_continues() {
        assert_eq!(LeadIn::passed().cut(&[0; 10]).len(), 10);
    }

    #[test]
    fn silence_alone_is_nothing_to_play() {
        assert!(LeadIn::default().cut(&[0; 4000]).is_empty());
    }
}
