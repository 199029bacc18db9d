//! Words that turn taking listens for (`turn.toml`).

use serde::Deserialize;

use crate::turn::words::Completeness;

/// Words of a language by which turns are taken.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TurnWords {
    /// Words after which more will come.
    open_endings: Vec<String>,
    /// Acknowledgements, which do not take the turn.
    backchannels: Vec<String>,
    /// What asks the agent to stop speaking.
    stops: Vec<String>,
}

impl TurnWords {
    /// Judges words by their ending alone: unfinished after "and", "the", "doctor" …, else unknown.
    /// What completes an answer depends on the question; the dialogue says it.
    #[must_use]
    pub fn ending(&self, text: &str) -> Completeness {
        match text.split_whitespace().last().map(str::to_lowercase) {
            Some(last) if self.open_endings.contains(&last) => Completeness::Incomplete,
            _ => Completeness::Unknown,
        }
    }

    /// Whether the text holds nothing but acknowledgements, which do not take the turn.
    #[must_use]
    pub fn is_backchannel(&self, text: &str) -> bool {
        let text = text.trim().to_lowercase();
        let is = |words: &str| self.backchannels.iter().any(|known| known == words);
        is(&text) || (!text.is_empty() && text.split_whitespace().all(is))
    }

    /// Whether the text asks the agent to stop speaking.
    #[must_use]
    pub fn is_stop(&self, text: &str) -> bool {
        let text = format!(" {} ", text.trim().to_lowercase());
        self.stops.iter().any(|stop| text.contains(&format!(" {stop} ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tests::english;

    #[test]
    fn word_lists_know_acknowledgements_stops_and_open_endings() {
        let english = english();
        let words = english.turn();
        let backchannel = |text| words.is_backchannel(text);
        assert!(backchannel("okay") && backchannel("uh-huh okay") && !backchannel("okay but"));
        assert!(!backchannel(""));
        let stop = |text| words.is_stop(text);
        assert!(stop("please wait") && stop("hold on a second") && !stop("waiting room"));
        assert_eq!(words.ending("I would like to see Doctor"), Completeness::Incomplete);
        assert_eq!(words.ending("tomorrow"), Completeness::Unknown);
    }
}
