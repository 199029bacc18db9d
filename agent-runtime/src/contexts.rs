//! What calls are told of their clinics, kept from one call to the next.
//!
//! It holds while the clinic's version in the database stands, which every call reads with the
//! clinic's row, and for a minute at most: words of the whole directory have no version.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_pipelines::dialogue::toolbox::Toolbox;
use frontdesk_pipelines::dialogue::{ClinicContext, ClinicFacts, ClinicSettings};
use frontdesk_pipelines::language::{Language, PhraseError};
use frontdesk_types::{ClinicId, Mono};
use parking_lot::Mutex;

/// How long what was read holds.
const MAX_AGE: Duration = Duration::from_secs(60);

/// A clinic in a language, by its code.
type Key = (ClinicId, String);

#[derive(Debug)]
struct Kept {
    context: Arc<ClinicContext>,
    facts_version: i64,
    read: Mono,
}

/// Contexts of clinics by language; one for each that was called within the last minute.
#[derive(Debug, Default)]
pub(crate) struct Contexts {
    all: Mutex<HashMap<Key, Kept>>,
    tools: Arc<Toolbox>,
}

impl Contexts {
    /// Of clinics whose calls may have these tools.
    pub(crate) fn with(tools: Arc<Toolbox>) -> Self {
        Self { all: Mutex::default(), tools }
    }

    /// The context, if it was read lately and at this version of the clinic's facts.
    pub(crate) fn fresh(
        &self,
        key: &Key,
        facts_version: i64,
        now: Mono,
    ) -> Option<Arc<ClinicContext>> {
        let all = self.all.lock();
        let kept = all.get(key)?;
        let fresh = kept.facts_version == facts_version && now.since(kept.read) < MAX_AGE;
        fresh.then(|| Arc::clone(&kept.context))
    }

    /// Keeps what was just read. Facts and settings that are as they were keep their context, with all that was
    /// made of it.
    ///
    /// # Errors
    /// If the clinic's own phrases do not fit the language's.
    pub(crate) fn keep(
        &self,
        key: Key,
        facts: ClinicFacts,
        language: &Language,
        settings: ClinicSettings,
        facts_version: i64,
        now: Mono,
    ) -> Result<Arc<ClinicContext>, PhraseError> {
        let same = self.all.lock().get(&key).map(|kept| Arc::clone(&kept.context));
        let unchanged = |context: &Arc<ClinicContext>| {
            **context.facts() == facts && *context.settings() == settings
        };
        let context = match same.filter(unchanged) {
            Some(context) => context,
            None => {
                // Outside the lock: it takes some milliseconds, and other clinics' calls begin too.
                let version = u64::try_from(facts_version).unwrap_or_default();
                let context = ClinicContext::new(facts, language, settings, version)?;
                Arc::new(context.with_tools(Arc::clone(&self.tools)))
            }
        };
        let mut all = self.all.lock();
        all.retain(|_, kept| now.since(kept.read) < MAX_AGE);
        all.insert(key, Kept { context: Arc::clone(&context), facts_version, read: now });
        Ok(context)
    }
}

#[cfg(test)]
mod tests {
    use frontdesk_pipelines::language::Languages;
    use frontdesk_types::SystemIds;

    use super::*;

    fn facts(name: &str) -> ClinicFacts {
        ClinicFacts { name: name.to_owned(), ..ClinicFacts::default() }
    }

    fn keep(
        contexts: &Contexts,
        key: &Key,
        name: &str,
        version: i64,
        now: Mono,
    ) -> Arc<ClinicContext> {
        let language = Languages::built_in().get("en").expect("English is there");
        let settings = ClinicSettings::default();
        contexts.keep(key.clone(), facts(name), language, settings, version, now).expect("kept")
    }

    fn key() -> Key {
        (ClinicId::new(&SystemIds), "en".to_owned())
    }

    #[test]
    fn a_context_is_used_again_until_its_version_or_its_age_is_over() {
        let (contexts, key, begun) = (Contexts::default(), key(), Mono::from_micros(1));
        assert!(contexts.fresh(&key, 1, begun).is_none());
        let first = keep(&contexts, &key, "Harbor", 1, begun);
        let again = contexts.fresh(&key, 1, begun + Duration::from_secs(59)).expect("is fresh");
        assert!(Arc::ptr_eq(&first, &again));
        assert!(contexts.fresh(&key, 2, begun).is_none(), "changed");
        assert!(contexts.fresh(&key, 1, begun + Duration::from_secs(60)).is_none(), "old");
        let other = (key.0, "de".to_owned());
        assert!(contexts.fresh(&other, 1, begun).is_none(), "another language");
    }

    #[test]
    fn facts_that_are_as_they_were_keep_their_context_and_changed_ones_do_not() {
        let (contexts, key, begun) = (Contexts::default(), key(), Mono::from_micros(1));
        let first = keep(&contexts, &key, "Harbor", 1, begun);
        let same = keep(&contexts, &key, "Harbor", 2, begun + Duration::from_secs(30));
        assert!(Arc::ptr_eq(&first, &same));
        let changed = keep(&contexts, &key, "Haven", 3, begun + Duration::from_secs(31));
        assert!(!Arc::ptr_eq(&first, &changed));
        assert_eq!(changed.facts().name, "Haven");
    }

    #[test]
    fn clinics_that_nobody_calls_any_more_are_forgotten() {
        let (contexts, begun) = (Contexts::default(), Mono::from_micros(1));
        for _ in 0..10 {
            keep(&contexts, &key(), "Harbor", 1, begun);
        }
        keep(&contexts, &key(), "Harbor", 1, begun + Duration::from_secs(60));
        assert_eq!(contexts.all.lock().len(), 1);
    }
}
