//! A provider that is loaded when it is first needed: its model is large, and a process without
//! calls does without.

use parking_lot::Mutex;

use super::{Recognizer, SpeechToText, SttError};

/// How a provider is loaded.
type Load = Box<dyn Fn() -> Result<Box<dyn SpeechToText>, SttError> + Send + Sync>;

/// Loads a provider with the first recognizer that is asked for. One that cannot be loaded is tried
/// again with the next: a file may have come meanwhile.
pub struct OnDemand {
    load: Load,
    loaded: Mutex<Option<Box<dyn SpeechToText>>>,
}

impl OnDemand {
    /// A provider that `load` makes. It blocks whoever asks for the first recognizer.
    pub fn new(
        load: impl Fn() -> Result<Box<dyn SpeechToText>, SttError> + Send + Sync + 'static,
    ) -> Self {
        Self { load: Box::new(load), loaded: Mutex::new(None) }
    }

    /// Whether it has been loaded.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.loaded.lock().is_some()
    }
}

impl std::fmt::Debug for OnDemand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnDemand").finish_non_exhaustive()
    }
}

impl SpeechToText for OnDemand {
    fn recognizer(&self) -> Result<Box<dyn Recognizer>, SttError> {
        // Locked while it loads: a second one that asks meanwhile must not load it again.
        let mut loaded = self.loaded.lock();
        match &*loaded {
            Some(provider) => provider.recognizer(),
            None => loaded.insert((self.load)()?).recognizer(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::fake::FixedStt;

    fn counted(fails: usize) -> (OnDemand, Arc<AtomicUsize>) {
        let loads = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&loads);
        let provider = OnDemand::new(move || {
            if counter.fetch_add(1, Ordering::Relaxed) < fails {
                return Err(SttError::Engine("the file is not there".to_owned()));
            }
            Ok(Box::new(FixedStt::new("yes")))
        });
        (provider, loads)
    }

    #[test]
    fn it_is_loaded_once_and_not_before_it_is_needed() {
        let (provider, loads) = counted(0);
        assert!(!provider.is_loaded());
        for _ in 0..3 {
            provider.recognizer().expect("a recognizer");
        }
        assert_eq!((provider.is_loaded(), loads.load(Ordering::Relaxed)), (true, 1));
    }

    #[test]
    fn what_could_not_be_loaded_is_tried_again() {
        let (provider, _) = counted(1);
        assert!(provider.recognizer().is_err());
        assert!(provider.recognizer().is_ok());
    }
}
