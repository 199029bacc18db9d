//! What other settings change: recorded decisions beside those of a replay.

use frontdesk_pipelines::turn::{Decision, Verdict};
use serde::Serialize;

/// Decisions of one kind that are further apart are not the same one, in milliseconds: the longest
/// wait there is by default.
const SAME_WITHIN_MS: u64 = 2500;

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Difference {
    /// It is made at the same moment for the same reason.
    Same {
        /// The decision.
        decision: Decision,
    },
    /// It is made earlier (negative) or later, or for another reason.
    Moved {
        /// As recorded.
        recorded: Decision,
        /// As replayed.
        replayed: Decision,
        /// Milliseconds from the one to the other.
        by_ms: i64,
    },
    /// It is not made.
    Gone {
        /// As recorded.
        recorded: Decision,
    },
    /// It is made where none was.
    New {
        /// As replayed.
        replayed: Decision,
    },
}

impl Difference {
    /// Whether anything changed.
    #[must_use]
    pub const fn is_change(&self) -> bool {
        !matches!(self, Self::Same { .. })
    }

    const fn at_ms(&self) -> u64 {
        match self {
            Self::Same { decision } => decision.at_ms,
            Self::Moved { recorded, .. } | Self::Gone { recorded } => recorded.at_ms,
            Self::New { replayed } => replayed.at_ms,
        }
    }
}

/// Compares decision by decision, in the order of time.
#[must_use]
pub fn compare(recorded: &[Decision], replayed: &[Decision]) -> Vec<Difference> {
    let mut left: Vec<&Decision> = replayed.iter().collect();
    let mut differences = Vec::new();
    for decision in recorded {
        let near = |other: &Decision| other.at_ms.abs_diff(decision.at_ms);
        let best = left
            .iter()
            .enumerate()
            .filter(|(_, other)| other.verdict == decision.verdict && near(other) <= SAME_WITHIN_MS)
            .min_by_key(|(_, other)| near(other))
            .map(|(place, _)| place);
        differences.push(match best.map(|place| left.remove(place)) {
            None => Difference::Gone { recorded: decision.clone() },
            Some(other) if same(decision, other) => Difference::Same { decision: decision.clone() },
            Some(other) => Difference::Moved {
                recorded: decision.clone(),
                replayed: other.clone(),
                by_ms: other.at_ms.cast_signed() - decision.at_ms.cast_signed(),
            },
        });
    }
    differences.extend(left.into_iter().map(|new| Difference::New { replayed: new.clone() }));
    differences.sort_by_key(Difference::at_ms);
    differences
}

fn same(one: &Decision, other: &Decision) -> bool {
    one.at_ms == other.at_ms && one.reason == other.reason && one.wait_ms == other.wait_ms
}

/// How often turns were cut: the caller went on right after the turn was taken to be over.
#[must_use]
pub fn cuts(decisions: &[Decision]) -> (usize, usize) {
    let ended = decisions.iter().filter(|decision| decision.verdict == Verdict::Ended);
    let cut = ended.clone().filter(|decision| decision.went_on == Some(true));
    (cut.count(), ended.count())
}

#[cfg(test)]
mod tests {
    use frontdesk_pipelines::turn::{Completeness, EndReason};

    use super::*;

    fn decision(at_ms: u64, verdict: Verdict) -> Decision {
        Decision {
            at_ms,
            verdict,
            reason: (verdict == Verdict::Ended).then_some(EndReason::Default),
            wait_ms: (verdict == Verdict::Ended).then_some(700),
            silent_ms: None,
            voiced_ms: 1000,
            mean_score: 0.8,
            words: 2,
            completeness: Completeness::Unknown,
            backchannel: false,
            playing: false,
            went_on: (verdict == Verdict::Ended).then_some(at_ms < 2000),
            recognized_ms: None,
            wall: 0,
        }
    }

    #[test]
    fn an_earlier_end_is_the_same_end_and_a_second_one_is_new() {
        let recorded = [decision(100, Verdict::Started), decision(1700, Verdict::Ended)];
        let mut replayed = recorded.to_vec();
        replayed[1].at_ms = 1400;
        replayed.push(decision(1650, Verdict::Started));
        let differences = compare(&recorded, &replayed);
        assert_eq!(differences.len(), 3);
        assert!(matches!(differences[0], Difference::Same { .. }));
        assert!(matches!(differences[1], Difference::New { .. }));
        assert!(matches!(differences[2], Difference::Moved { by_ms: -300, .. }));
        assert_eq!(compare(&recorded, &recorded).iter().filter(|d| d.is_change()).count(), 0);
        assert_eq!(cuts(&recorded), (1, 1));
    }

    #[test]
    fn a_decision_that_nothing_like_is_made_for_is_gone() {
        let differences = compare(&[decision(100, Verdict::Paused)], &[]);
        assert!(matches!(differences[0], Difference::Gone { .. }));
    }
}
