//! The metadata of a job, parsed at the edge.
//!
//! Metadata is server-side: it comes from the token or the dispatch rule that we signed, never
//! from a caller. All the same it is checked, because an operator's mistake must be one clear line.

use frontdesk_tenants::directory::is_slug;
use frontdesk_types::Channel;
use jiff::Timestamp;
use serde_json::Value;

/// Longest metadata that is read, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// Longest identity or room name that we make or read, in bytes.
pub(crate) const MAX_IDENTITY: usize = 128;

/// What the metadata says of the call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobMetadata {
    /// Slug of the clinic; `None` if the metadata names none.
    pub clinic: Option<String>,
    /// How the caller reaches us.
    pub channel: Channel,
    /// Language that the caller expects, a tag such as `en`; empty if the metadata names none.
    pub language: String,
    /// The moment at which the call is pinned; `None` for the real clock.
    pub now: Option<Timestamp>,
    /// Identity of the caller, as written when their token was made; `None` means the first
    /// participant who can be one.
    pub caller: Option<String>,
    /// Whether the caller is told what is read into their words.
    pub explain: bool,
}

/// Why the metadata cannot be used. The text of the metadata is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Too much of it.
    #[error("the job's metadata has {0} bytes, at most {MAX_BYTES} are read")]
    TooLong(usize),
    /// Not a JSON object.
    #[error("the job's metadata is not a JSON object: {0}")]
    NotAnObject(String),
    /// A known key with a value that does not fit.
    #[error("{key:?} in the job's metadata is not valid: expected {expected}")]
    Invalid {
        /// The key.
        key: &'static str,
        /// What would be right.
        expected: &'static str,
    },
}

impl JobMetadata {
    /// Parses the metadata of a job. Unknown keys are ignored; `now` counts only if
    /// `allow_call_clock`.
    ///
    /// # Errors
    /// [`MetadataError`] if it is not empty, and not a JSON object with usable values.
    pub fn parse(metadata: &str, allow_call_clock: bool) -> Result<Self, MetadataError> {
        let mut dispatch = Self::default();
        if metadata.len() > MAX_BYTES {
            return Err(MetadataError::TooLong(metadata.len()));
        }
        if metadata.trim().is_empty() {
            return Ok(dispatch);
        }
        // By way of `Value`: serde's messages about a struct repeat the offending value.
        let value: Value = serde_json::from_str(metadata)
            .map_err(|error| MetadataError::NotAnObject(error.to_string()))?;
        let Value::Object(keys) = value else {
            return Err(MetadataError::NotAnObject("it is another kind of JSON".to_owned()));
        };
        let text = |key: &'static str, expected| match keys.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(MetadataError::Invalid { key, expected }),
        };
        let expected = "a clinic's slug such as nile-heart";
        if let Some(slug) = text("clinic", expected)?.filter(|slug| !slug.is_empty()) {
            if !is_slug(slug) {
                return Err(MetadataError::Invalid { key: "clinic", expected });
            }
            dispatch.clinic = Some(slug.to_owned());
        }
        let expected = "web, phone or text";
        dispatch.channel = match text("channel", expected)? {
            None | Some("web") => Channel::Web,
            Some("phone") => Channel::Phone,
            Some("text") => Channel::Text,
            Some(_) => {
                return Err(MetadataError::Invalid { key: "channel", expected });
            }
        };
        let expected = "a language tag such as en";
        if let Some(language) = text("language", expected)? {
            if !is_language(language) {
                return Err(MetadataError::Invalid { key: "language", expected });
            }
            language.clone_into(&mut dispatch.language);
        }
        let expected = "the identity of a participant";
        if let Some(caller) = text("caller", expected)?.filter(|caller| !caller.is_empty()) {
            if caller.len() > MAX_IDENTITY || caller.chars().any(char::is_control) {
                return Err(MetadataError::Invalid { key: "caller", expected });
            }
            dispatch.caller = Some(caller.to_owned());
        }
        dispatch.explain = match keys.get("explain") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(explain)) => *explain,
            Some(_) => {
                let expected = "true or false";
                return Err(MetadataError::Invalid { key: "explain", expected });
            }
        };
        if allow_call_clock {
            let expected = "a moment such as 2026-03-02T09:00:00+02:00";
            if let Some(now) = text("now", expected)? {
                let now =
                    now.parse().map_err(|_| MetadataError::Invalid { key: "now", expected })?;
                dispatch.now = Some(now);
            }
        }
        Ok(dispatch)
    }
}

/// Whether it has the form of a language tag, such as `en` or `ar-EG`.
pub(crate) fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    (2..=3).contains(&primary.len())
        && primary.chars().all(|c| c.is_ascii_alphabetic())
        && parts.all(|p| (1..=8).contains(&p.len()) && p.chars().all(|c| c.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_metadata_names_no_clinic_and_means_a_web_call_in_the_clinics_language() {
        for metadata in ["", "  ", "{}"] {
            let dispatch = JobMetadata::parse(metadata, false).expect("valid");
            assert_eq!(dispatch.clinic, None);
            assert_eq!(dispatch.channel, Channel::Web);
            assert_eq!(dispatch.language, "");
        }
    }

    #[test]
    fn all_keys_are_read_and_unknown_ones_ignored() {
        let metadata = r#"{"clinic":"nile-heart","channel":"phone","language":"ar-EG",
            "now":"2026-03-02T09:00:00+02:00","caller":"caller-7","explain":true,
            "colour":["blue"]}"#;
        let dispatch = JobMetadata::parse(metadata, true).expect("valid");
        assert_eq!(dispatch.clinic.as_deref(), Some("nile-heart"));
        assert_eq!(dispatch.channel, Channel::Phone);
        assert_eq!(dispatch.language, "ar-EG");
        assert_eq!(dispatch.caller.as_deref(), Some("caller-7"));
        assert!(dispatch.explain);
        assert_eq!(dispatch.now, Some("2026-03-02T07:00:00Z".parse().expect("a moment")));
    }

    #[test]
    fn the_clock_is_pinned_only_where_that_is_allowed() {
        let metadata = r#"{"now":"2026-03-02T09:00:00Z"}"#;
        assert_eq!(JobMetadata::parse(metadata, false).expect("valid").now, None);
    }

    #[test]
    fn malformed_metadata_is_refused_in_one_line_that_does_not_repeat_it() {
        for metadata in [
            "Mary Johnson",
            "[1]",
            "\"Mary\"",
            r#"{"clinic":"Mary Johnson"}"#,
            r#"{"clinic":7}"#,
            r#"{"channel":"Mary"}"#,
            r#"{"language":"Mary Johnson"}"#,
            r#"{"now":"Mary"}"#,
            r#"{"caller":["Mary"]}"#,
            r#"{"explain":"Mary"}"#,
            r#"{"clinic":"nile-heart""#,
        ] {
            let message = JobMetadata::parse(metadata, true).expect_err("refused").to_string();
            assert!(!message.contains("Mary") && !message.contains('\n'), "{message}");
        }
        let long = format!(r#"{{"clinic":"{}"}}"#, "x".repeat(MAX_BYTES));
        assert!(matches!(JobMetadata::parse(&long, true), Err(MetadataError::TooLong(_))));
    }
}
