//! What the clinic in memory is known for: doctors, their hours, its language.

use std::sync::Arc;

use frontdesk_pipelines::dialogue::{
    CallFacts, ClinicContext, ClinicFacts, ClinicSettings, DoctorFacts,
};
use frontdesk_pipelines::language::{Language, Languages};
use frontdesk_types::{Channel, DoctorId, Gender, SeededIds, time_zone};
use jiff::civil::{DateTime, Weekday};
use jiff::{Timestamp, tz::TimeZone};

pub(crate) const ZONE: &str = "Africa/Cairo";

/// Name, specialty, gender and the languages that they speak beside English.
pub(crate) const DOCTORS: [(&str, &str, Option<Gender>, &[&str]); 4] = [
    ("Nora Haddad", "cardiology", Some(Gender::Female), &["ar"]),
    ("Paul Winter", "cardiology", Some(Gender::Male), &[]),
    ("Rosa Marin", "pediatrics", Some(Gender::Female), &["ar"]),
    ("Adam Frost", "internal medicine", None, &[]),
];

/// Weekdays and hours of each doctor.
pub(crate) const SHIFTS: [(usize, Weekday, i8, i8); 9] = [
    (0, Weekday::Sunday, 9, 12),
    (0, Weekday::Tuesday, 9, 12),
    (0, Weekday::Thursday, 9, 12),
    (1, Weekday::Monday, 13, 17),
    (1, Weekday::Thursday, 13, 17),
    (2, Weekday::Sunday, 9, 12),
    (2, Weekday::Wednesday, 9, 12),
    (3, Weekday::Monday, 9, 12),
    (3, Weekday::Thursday, 9, 12),
];

pub(crate) fn english() -> &'static Language {
    Languages::built_in().get("en").expect("it comes with Frontdesk")
}

pub(crate) fn facts() -> CallFacts {
    let ids = SeededIds::new(99);
    let doctors = DOCTORS.iter().map(|(name, specialty, gender, languages)| DoctorFacts {
        id: DoctorId::new(&ids),
        name: (*name).to_owned(),
        specialties: vec![(*specialty).to_owned()],
        fee: Some(300),
        languages: ["en"].iter().chain(*languages).map(|code| (*code).to_owned()).collect(),
        gender: *gender,
    });
    let clinic = ClinicFacts {
        name: "Palm Clinic".to_owned(),
        time_zone: ZONE.to_owned(),
        country: "EG".to_owned(),
        emergency_number: "123".to_owned(),
        languages: vec!["en".to_owned()],
        doctors: doctors.collect(),
        specialty_words: vec![("heart doctor".to_owned(), "cardiology".to_owned())],
        vocabulary: Vec::new(),
        ..ClinicFacts::default()
    };
    CallFacts::of(context(clinic, english(), ClinicSettings::default()), Channel::Text)
}

/// A clinic in one language.
pub(crate) fn context(
    facts: ClinicFacts,
    language: &Language,
    settings: ClinicSettings,
) -> Arc<ClinicContext> {
    Arc::new(ClinicContext::new(facts, language, settings, 1).expect("good phrases"))
}

pub(crate) fn zone() -> TimeZone {
    time_zone(ZONE).expect("known")
}

pub(crate) fn local(text: &str) -> Timestamp {
    let time: DateTime = text.parse().expect("valid");
    time.to_zoned(zone()).expect("exists").timestamp()
}
