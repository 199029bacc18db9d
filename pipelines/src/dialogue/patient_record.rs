//! A patient's record as one document: what the clinic stores of them, in passages that are found
//! and said like those of other documents. Only ever made for the patient who is identified.

use frontdesk_types::{Offer, Phi};

use crate::language::{Language, fill};

/// What has become of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisitState {
    /// It lies ahead.
    Booked,
    /// It is over.
    Done,
    /// It was cancelled.
    Cancelled,
    /// The patient did not come.
    Missed,
}

/// What the clinic stores of a patient, as far as the patient is told of it: neither the notes of
/// the staff nor numbers of identity papers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordFacts {
    /// Visits of all times.
    pub visits: Vec<(Offer, VisitState)>,
    /// Allergies.
    pub allergies: Option<Phi<String>>,
    /// Insurance.
    pub insurance: Option<Phi<String>>,
    /// Medical history.
    pub history: Option<Phi<String>>,
}

impl RecordFacts {
    /// The passages of the record, in words of the language.
    #[must_use]
    pub fn passages(&self, language: &Language) -> Vec<Phi<String>> {
        let phrases = &language.phrases;
        let texts = [
            (&phrases.record_allergies, &self.allergies),
            (&phrases.record_insurance, &self.insurance),
            (&phrases.record_history, &self.history),
        ];
        let texts = texts.into_iter().filter_map(|(phrase, text)| {
            let text = text.as_ref()?.expose().split_whitespace().collect::<Vec<_>>().join(" ");
            (!text.is_empty()).then(|| Phi::new(fill(phrase, &[("text", &text)])))
        });
        let visits = self.visits.iter().map(|(visit, state)| {
            let start = visit.local_start();
            let phrase = match state {
                VisitState::Booked => &phrases.record_booked,
                VisitState::Done => &phrases.record_done,
                VisitState::Cancelled => &phrases.record_cancelled,
                VisitState::Missed => &phrases.record_missed,
            };
            let values = [
                ("date", &*language.date(start.date())),
                ("year", &*start.year().to_string()),
                ("time", &*language.time(start.time())),
                ("doctor", &*language.doctor(&visit.doctor_name)),
                ("specialty", &*visit.specialty),
            ];
            Phi::new(fill(phrase, &values))
        });
        texts.chain(visits).collect()
    }
}

/// How a patient's record is cited.
#[must_use]
pub fn cited(language: &Language) -> String {
    language.phrases.source_record.clone()
}
