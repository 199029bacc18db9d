//! What a clinic sets for its calls, as it is written in its row (`clinics.call_settings`).
//!
//! ```json
//! { "voice": "rms",
//!   "dialogue": "model",
//!   "model": "small-and-quick",
//!   "pronunciations": { "Okafor": "Oh kah for", "Shalaby": "/SH AH0 L AA1 B IY0/" },
//!   "phrases": { "en": { "greeting": "Welcome to {clinic}. How can I help you?" } },
//!   "spoken": { "silence_ms": 6000, "max_silences": 2 } }
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_pipelines::dialogue::settings::Settings;
use frontdesk_pipelines::dialogue::{ClinicSettings, DialogueKind};
use frontdesk_pipelines::language::{PronunciationError, Pronunciations};
use frontdesk_types::Channel;
use serde::Deserialize;

/// Shortest and longest silence that a clinic may set, in milliseconds.
const SILENCE_MS: std::ops::RangeInclusive<u64> = 2_000..=120_000;

/// Most tries that a clinic may set: beyond that a caller is kept rather than helped.
const TRIES: std::ops::RangeInclusive<u32> = 1..=10;

/// Longest name of a model, in characters.
const MAX_MODEL: usize = 200;

/// Why a clinic's settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// They are not of the form that is documented.
    #[error("call_settings: {0}")]
    Form(#[from] serde_json::Error),
    /// A name that no provider has.
    #[error("call_settings: model has {0} characters; a model's name has 1 to 200")]
    Model(usize),
    /// A name that cannot be said so.
    #[error("call_settings: {0}")]
    Pronunciation(#[from] PronunciationError),
    /// A number that no call could be held with.
    #[error("call_settings: {field} is {value}; it must be from {from} to {to}")]
    Range {
        /// The field.
        field: &'static str,
        /// What is written.
        value: u64,
        /// The least.
        from: u64,
        /// The most.
        to: u64,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    voice: Option<String>,
    dialogue: Option<DialogueKind>,
    model: Option<String>,
    pronunciations: BTreeMap<String, String>,
    /// By language.
    phrases: BTreeMap<String, BTreeMap<String, String>>,
    typed: Option<Patience>,
    spoken: Option<Patience>,
}

/// Patience of a channel's calls; what is left out is as usual.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Patience {
    silence_ms: Option<u64>,
    max_silences: Option<u32>,
    max_misunderstood: Option<u32>,
    max_identifications: Option<u32>,
}

/// The settings for calls in `language`.
///
/// # Errors
/// [`SettingsError`], with the field that is wrong.
pub(crate) fn read(
    written: &serde_json::Value,
    language: &str,
) -> Result<ClinicSettings, SettingsError> {
    let mut written = Written::deserialize(written)?;
    let of = |patience: Option<Patience>, channel| {
        patience.map(|patience| patience.over(Settings::of(channel))).transpose()
    };
    Ok(ClinicSettings {
        phrases: written.phrases.remove(language).unwrap_or_default(),
        pronunciations: Pronunciations::read(&written.pronunciations)?,
        voice: written.voice.map(Into::into),
        dialogue: written.dialogue,
        model: model(written.model)?,
        typed: of(written.typed, Channel::Text)?,
        spoken: of(written.spoken, Channel::Web)?,
    })
}

fn model(name: Option<String>) -> Result<Option<Arc<str>>, SettingsError> {
    let name = name.map(|name| match name.chars().count() {
        1..=MAX_MODEL => Ok(name.into()),
        length => Err(SettingsError::Model(length)),
    });
    name.transpose()
}

impl Patience {
    fn over(self, usual: Settings) -> Result<Settings, SettingsError> {
        let mut settings = usual;
        if let Some(value) = self.silence_ms {
            let (from, to) = (*SILENCE_MS.start(), *SILENCE_MS.end());
            if !SILENCE_MS.contains(&value) {
                return Err(SettingsError::Range { field: "silence_ms", value, from, to });
            }
            settings.silence = Duration::from_millis(value);
        }
        for (field, value, target) in [
            ("max_silences", self.max_silences, &mut settings.max_silences),
            ("max_misunderstood", self.max_misunderstood, &mut settings.max_misunderstood),
            ("max_identifications", self.max_identifications, &mut settings.max_identifications),
        ] {
            let Some(value) = value else { continue };
            if !TRIES.contains(&value) {
                let (value, from, to) =
                    (value.into(), (*TRIES.start()).into(), (*TRIES.end()).into());
                return Err(SettingsError::Range { field, value, from, to });
            }
            *target = value;
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_is_as_usual() {
        let settings = read(&json!({}), "en").expect("nothing is set");
        assert_eq!(settings, ClinicSettings::default());
        let written = json!({ "spoken": { "silence_ms": 6000 } });
        let settings = read(&written, "en").expect("well written");
        let usual = Settings::of(Channel::Phone);
        let silence = Duration::from_secs(6);
        assert_eq!(settings.of(Channel::Phone), Settings { silence, ..usual });
        assert_eq!(settings.of(Channel::Text), Settings::of(Channel::Text));
    }

    #[test]
    fn phrases_are_those_of_the_calls_language() {
        let written =
            json!({ "phrases": { "en": { "greeting": "Hi" }, "de": { "greeting": "Hallo" } } });
        let greeting = |language| read(&written, language).expect("well written").phrases;
        assert_eq!(greeting("de").get("greeting").map(String::as_str), Some("Hallo"));
        assert!(greeting("ar").is_empty());
    }

    #[test]
    fn a_clinic_may_be_held_by_the_forms_or_by_a_model() {
        let dialogue = |name: &str| read(&json!({ "dialogue": name }), "en").map(|s| s.dialogue);
        assert_eq!(dialogue("forms").expect("well written"), Some(DialogueKind::Forms));
        assert_eq!(dialogue("model").expect("well written"), Some(DialogueKind::Model));
        assert!(dialogue("magic").is_err());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (written, names) in [
            (json!({ "voise": "rms" }), "voise"),
            (json!({ "spoken": { "silence_ms": 1 } }), "silence_ms is 1; it must be from 2000"),
            (json!({ "typed": { "max_silences": 0 } }), "max_silences is 0"),
            (json!({ "phrases": [] }), "invalid type"),
            (json!({ "pronunciations": { "Noor": "/N UH9 R/" } }), "Noor cannot be said as"),
            (json!({ "model": "" }), "model has 0 characters"),
        ] {
            let error = read(&written, "en").expect_err("wrong").to_string();
            assert!(error.contains(names), "{error}");
        }
    }
}
