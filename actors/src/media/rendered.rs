//! Speech of phrases that many calls hear, kept after its first synthesis.
//!
//! The key is what was synthesized: the voice and the words. A phrase that is worded anew is thus
//! another entry, heard in the next call, and one that nobody says any more is dropped in time.
//! Only phrases without anything of a caller in them belong here: what is kept outlives the call.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// Samples kept: 8 MiB, more than four minutes at 16 kHz.
const MAX_SAMPLES: usize = 4 * 1024 * 1024;

/// What was synthesized: the voice and the words.
type Key = (Arc<str>, String);

struct Entry {
    samples: Arc<[i16]>,
    /// When it was last asked for, by the count of questions.
    used: u64,
}

#[derive(Default)]
struct State {
    entries: HashMap<Key, Entry>,
    samples: usize,
    questions: u64,
}

/// Synthesized phrases by voice and words; the least recently used go first.
pub(crate) struct Rendered {
    max_samples: usize,
    state: Mutex<State>,
}

impl Default for Rendered {
    fn default() -> Self {
        Self::with_room_for(MAX_SAMPLES)
    }
}

impl Rendered {
    /// Keeps at most `max_samples` samples.
    pub(crate) fn with_room_for(max_samples: usize) -> Self {
        Self { max_samples, state: Mutex::default() }
    }

    /// The samples of `spoken` in `voice`, if they are kept.
    pub(crate) fn get(&self, voice: &Arc<str>, spoken: &str) -> Option<Arc<[i16]>> {
        let mut state = self.state.lock();
        state.questions += 1;
        let now = state.questions;
        // The key owns its text: a look-up copies a sentence, which is nothing beside its samples.
        let entry = state.entries.get_mut(&(Arc::clone(voice), spoken.to_owned()))?;
        entry.used = now;
        Some(Arc::clone(&entry.samples))
    }

    /// Keeps the samples of `spoken` in `voice`, unless they alone are too many.
    pub(crate) fn put(&self, voice: &Arc<str>, spoken: &str, samples: Vec<i16>) {
        if samples.is_empty() || samples.len() > self.max_samples {
            return;
        }
        let mut state = self.state.lock();
        state.questions += 1;
        let (used, length) = (state.questions, samples.len());
        let key = (Arc::clone(voice), spoken.to_owned());
        let entry = Entry { samples: samples.into(), used };
        state.samples += length;
        if let Some(before) = state.entries.insert(key, entry) {
            state.samples -= before.samples.len();
        }
        while state.samples > self.max_samples {
            let oldest = state.entries.iter().min_by_key(|(_, entry)| entry.used);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else { break };
            if let Some(dropped) = state.entries.remove(&key) {
                state.samples -= dropped.samples.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(name: &str) -> Arc<str> {
        name.into()
    }

    #[test]
    fn what_was_put_is_found_again_by_the_same_voice_and_words_only() {
        let rendered = Rendered::with_room_for(100);
        rendered.put(&voice("slt"), "hello", vec![1; 10]);
        assert_eq!(rendered.get(&voice("slt"), "hello").as_deref(), Some(&[1; 10][..]));
        assert!(rendered.get(&voice("rms"), "hello").is_none());
        assert!(rendered.get(&voice("slt"), "hello!").is_none());
    }

    #[test]
    fn the_least_recently_used_go_when_there_is_no_room() {
        let rendered = Rendered::with_room_for(100);
        let slt = voice("slt");
        rendered.put(&slt, "one", vec![1; 40]);
        rendered.put(&slt, "two", vec![2; 40]);
        assert!(rendered.get(&slt, "one").is_some());
        rendered.put(&slt, "three", vec![3; 40]);
        assert!(rendered.get(&slt, "two").is_none());
        assert!(rendered.get(&slt, "one").is_some() && rendered.get(&slt, "three").is_some());
    }

    #[test]
    fn the_same_phrase_put_twice_is_counted_once() {
        let rendered = Rendered::with_room_for(100);
        let slt = voice("slt");
        for _ in 0..5 {
            rendered.put(&slt, "one", vec![1; 60]);
        }
        rendered.put(&slt, "two", vec![2; 40]);
        assert!(rendered.get(&slt, "one").is_some() && rendered.get(&slt, "two").is_some());
    }

    #[test]
    fn a_phrase_longer_than_all_the_room_drives_nothing_out() {
        let rendered = Rendered::with_room_for(100);
        let slt = voice("slt");
        rendered.put(&slt, "one", vec![1; 40]);
        rendered.put(&slt, "long", vec![2; 101]);
        assert!(rendered.get(&slt, "one").is_some() && rendered.get(&slt, "long").is_none());
    }
}
