//! A language is a folder: another one changes what is said, understood, spoken aloud and listened
//! for, and no code knows of it. What a phrase says decides nothing.

use std::collections::BTreeMap;

use frontdesk_pipelines::dialogue::spoken::Spoken;
use frontdesk_pipelines::dialogue::{ClinicContext, ClinicSettings, Expectation, Now};
use frontdesk_pipelines::language::{BundleError, Language, Languages};
use frontdesk_pipelines::speak::clauses;
use frontdesk_pipelines::turn::Completeness;
use frontdesk_types::{CallOutcome, Mono, Phi};

use crate::dialogue_sim::{Call, Clinic, context, english, facts};
use crate::german::{FILES, bundle};

fn german() -> Language {
    let all = Languages::built_in().clone().with(&bundle(&FILES)).expect("a good folder");
    assert_eq!(all.codes().collect::<Vec<_>>(), ["en", "de"]);
    all.get("de").expect("it was added").clone()
}

/// The clinic of the tests, with its callers served in `language`.
fn clinic_in(language: &Language, settings: ClinicSettings) -> Clinic {
    let mut clinic = Clinic::new();
    let facts = clinic.facts.clinic.facts().as_ref().clone();
    clinic.facts.clinic = context(facts, language, settings);
    clinic.facts.language = language.code().to_owned();
    clinic
}

#[test]
fn a_visit_is_booked_in_it_from_the_greeting_to_the_goodbye() {
    let mut clinic = clinic_in(&german(), ClinicSettings::default());
    clinic.read_back = "Ist das richtig?";
    let mut call = Call::new(clinic);
    assert_eq!(
        call.said[0],
        "Palm Clinic, hier ist die automatische Assistentin. Wie kann ich helfen?"
    );
    let steps = [
        ("Guten Tag, ich möchte einen Termin bei Doktor Haddad am Sonntag", "vollständige Name"),
        ("Ich heiße Jane Miller", "Geburtsdatum"),
        ("am siebzehnten Mai neunzehnhundertachtzig", "Sonntag, 14. Juni"),
        (
            "um halb zehn",
            "Sonntag, 14. Juni um 9:30 bei Dr. Nora Haddad, für Jane Miller. Ist das richtig?",
        ),
        ("ja, das stimmt", "Gebucht: Sonntag, 14. Juni um 9:30"),
        ("nein danke, tschüss", "Auf Wiederhören"),
    ];
    for (says, answered) in steps {
        let answer = call.hears(says);
        assert!(answer.contains(answered), "{says:?} → {answer:?}");
    }
    assert_eq!(call.outcome, Some(CallOutcome::Booked));
}

#[test]
fn an_emergency_is_heard_in_it_and_another_language_is_not_taken_for_it() {
    let mut call = Call::new(clinic_in(&german(), ClinicSettings::default()));
    assert!(call.hears("ich habe Brustschmerzen").contains("Im Notfall"));
    assert_eq!(call.alerts, ["chest_pain"]);
    let mut call = Call::new(clinic_in(english(), ClinicSettings::default()));
    call.hears("ich habe Brustschmerzen");
    assert!(call.alerts.is_empty());
}

#[test]
fn a_clinics_own_phrases_are_said_in_its_language() {
    let greeting = ("greeting".to_owned(), "Praxis {clinic}, guten Tag!".to_owned());
    let phrases = BTreeMap::from([greeting]);
    let settings = ClinicSettings { phrases, ..ClinicSettings::default() };
    let call = Call::new(clinic_in(&german(), settings));
    assert_eq!(call.said[0], "Praxis Palm Clinic, guten Tag!");
    let phrases = BTreeMap::from([("greeting".to_owned(), "Guten Tag, {name}!".to_owned())]);
    let settings = ClinicSettings { phrases, ..ClinicSettings::default() };
    let facts = facts().clinic.facts().as_ref().clone();
    let error = ClinicContext::new(facts, &german(), settings, 2).expect_err("nothing fills it");
    assert!(error.to_string().contains("greeting") && error.to_string().contains("{name}"));
}

#[test]
fn its_numbers_dates_times_and_money_are_spoken_in_its_words() {
    let german = german();
    let said = |text: &str| {
        let spoken: Vec<String> =
            clauses(text, &german).into_iter().map(|clause| clause.spoken).collect();
        spoken.join(" ")
    };
    for (shown, spoken) in [
        (
            "Sonntag, 14. Juni um 9:30 bei Dr. Haddad.",
            "Sonntag, vierzehnter Juni um neun Uhr dreißig bei Doktor Haddad.",
        ),
        ("am 12. März 1984", "am zwölfter März neunzehnhundertvierundachtzig"),
        ("1.250,50 €", "eintausendzweihundertfünfzig Euro fünfzig"),
        ("Es sind 21 Tage.", "Es sind einundzwanzig Tage."),
        ("Ihre Kennung ist AB12", "Ihre Kennung ist ah, be, eins, zwei"),
    ] {
        assert_eq!(said(shown), spoken, "{shown}");
    }
}

#[test]
fn its_words_and_letters_are_listened_for() {
    let clinic = facts().clinic;
    let (german, english) =
        (Spoken::new(&german(), clinic.facts()), Spoken::new(english(), clinic.facts()));
    for expectation in Expectation::ALL {
        german.listening(expectation).source().build().expect("a language model");
    }
    let words = |spoken: &Spoken, expectation| -> Vec<String> {
        let model = spoken.listening(expectation).source().build().expect("a language model");
        model.vocabulary().map(str::to_owned).collect()
    };
    let has = |words: &[String], word: &str| words.iter().any(|known| known == word);
    let request = words(&german, Expectation::Request);
    assert!(has(&request, "kardiologen") && has(&request, "möchte") && has(&request, "haddad"));
    assert!(!has(&request, "appointment"));
    assert!(has(&words(&english, Expectation::Request), "appointment"));
    let name = words(&german, Expectation::SpellingLast);
    assert!(has(&name, "ü") && has(&name, "doppel"));

    let among = german.among(vec![Phi::new("Jörg Küßner".to_owned())]);
    among.prepare();
    let listening = among.listening(Expectation::FullName);
    assert!(listening.is_private());
    let model = listening.source().build().expect("a language model");
    assert!(model.vocabulary().any(|word| word == "küßner"));
    let heard = among.respelled(Expectation::Spelling, "also n ü doppel l e r");
    assert_eq!(heard, "also m ü l l e r");
}

#[test]
fn turns_are_taken_by_its_words() {
    let german = Spoken::new(&german(), facts().clinic.facts());
    assert!(german.is_stop("moment bitte") && !german.is_stop("hold on"));
    assert!(german.is_backchannel("genau") && !german.is_backchannel("okay"));
    let now = Now { mono: Mono::ZERO, wall: "2026-06-10T06:00:00Z".parse().expect("a time") };
    let of = |text| german.completeness(Expectation::YesNo, text, now);
    assert_eq!(of("ich möchte einen termin bei"), Completeness::Incomplete);
    assert_eq!(of("ja"), Completeness::Complete);
    assert_eq!(of("maybe with the"), Completeness::Unknown);
}

/// The folder with one place of one file changed.
fn changed(file: &str, old: &str, new: &str) -> BundleError {
    let texts: Vec<(&str, String)> = FILES
        .iter()
        .map(|(name, text)| {
            let mine = *name == file;
            assert!(!mine || text.contains(old), "{old:?} is not in {file}");
            (*name, if mine { text.replacen(old, new, 1) } else { (*text).to_owned() })
        })
        .collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, &**text)).collect();
    Languages::load(&[bundle(&files)]).expect_err(new)
}

#[test]
fn a_folder_that_cannot_be_used_is_refused_with_its_file_and_entry() {
    let cases = [
        ("phrases.toml", "goodbye = ", "farewell = ", "de/phrases.toml, phrases.farewell: "),
        (
            "phrases.toml",
            "Und das Geburtsdatum?",
            "{name}?",
            "de/phrases.toml, phrases.ask_birth: {name}",
        ),
        ("phrases.toml", "%-H:%M", "%-H:%!", "de/phrases.toml, format.time: "),
        ("phrases.toml", "birth_date = ", "born = ", "de/phrases.toml, format"),
        ("understand.toml", "any_alone = ", "any_solo = ", "de/understand.toml, words"),
        ("understand.toml", "\"hallo\"", "\"(hallo\"", "de/understand.toml, words.greetings: "),
        ("understand.toml", "op = \"offset\"", "op = \"leap\"", "de/understand.toml, days.op: "),
        ("speak.toml", "\"neun\"]", "\"neun\", \"zehn\"]", "de/speak.toml, digits: "),
        ("speak.toml", "minus = \"minus\"", "", "minus"),
        (
            "listen.toml",
            "say = [\"ja\", \"nein\"]",
            "say = [\"{ja}\"]",
            "de/listen.toml, states.yes_no.say: ",
        ),
        (
            "listen.toml",
            "\"ja\", \"nein\"",
            "\"ja\", \"да\"",
            "de/listen.toml, states.yes_no.say: ",
        ),
        ("listen.toml", "[states.doctor]", "[states.docter]", "de/listen.toml, states.docter"),
        ("listen.toml", "names/last.txt", "names/none.txt", "de/names/none.txt is missing"),
        ("names/last.txt", "weiß 200", "weiß viele", "de/names/last.txt, line 4: "),
        ("turn.toml", "stops = [\"halt\"", "stops = [1", "de/turn.toml, stops: "),
    ];
    for (file, old, new, named) in cases {
        let error = changed(file, old, new).to_string();
        assert!(error.contains(named), "{file}, {old} → {new}: {error}");
    }
    let missing = Languages::load(&[bundle(&FILES[..5])]).expect_err("files are missing");
    assert_eq!(
        missing,
        BundleError::Missing { code: "de".to_owned(), file: "names/first.txt".to_owned() }
    );
    let twice = Languages::load(&[bundle(&FILES), bundle(&FILES)]).expect_err("it is there twice");
    assert!(twice.to_string().contains("\"de\""), "{twice}");
    assert_eq!(Languages::load(&[]).expect_err("there is none"), BundleError::None);
}

#[test]
fn a_call_is_held_in_a_language_that_the_clinic_serves() {
    let all = Languages::built_in().clone().with(&bundle(&FILES)).expect("a good folder");
    let of = |asked: &str, served: &[&str]| {
        let served: Vec<String> = served.iter().map(|code| (*code).to_owned()).collect();
        all.for_call(asked, &served).code().to_owned()
    };
    assert_eq!(of("de", &["en", "de"]), "de");
    assert_eq!(of("", &["de", "en"]), "de", "the clinic's own order");
    assert_eq!(of("fr", &["ar", "de"]), "de", "the first that there is");
    assert_eq!(of("de", &["en"]), "en", "asked for, and not served");
    assert_eq!(of("fr", &["ar"]), "en", "none of the clinic's");
}

/// A caller of a clinic that words two questions alike, after the read-back was declined.
fn declined() -> Call {
    let same = "On which day would you like to come?";
    let phrases = ["not_booked", "ask_day"].map(|name| (name.to_owned(), same.to_owned()));
    let settings = ClinicSettings { phrases: phrases.into(), ..ClinicSettings::default() };
    let mut call = Call::new(clinic_in(english(), settings));
    for (says, answered) in [
        ("I would like to see Dr. Haddad on Sunday at half past nine", "full name"),
        ("Jane Miller", "date of birth"),
        ("May 17, 1980", "Is that correct?"),
        ("no", same),
    ] {
        let answer = call.hears(says);
        assert!(answer.contains(answered), "{says:?} → {answer:?}");
    }
    call
}

#[test]
fn a_clinic_that_words_two_questions_alike_changes_nothing_of_what_follows() {
    let mut call = declined();
    assert!(call.hears("no").contains("Goodbye"), "another time, or anything else: neither");
    let mut call = declined();
    call.hears("yes");
    let answer = call.hears("no");
    assert!(answer.contains("anything else") && call.outcome.is_none(), "{answer}");
}
