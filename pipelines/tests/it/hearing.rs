//! What flite says in each state of the dialogue is heard and understood; who says another name
//! than the patient's is not taken for the patient.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use frontdesk_models::stt::pocketsphinx::{Context, Options, PocketSphinx};
use frontdesk_models::stt::{Listening, SpeechToText};
use frontdesk_models::tts::TextToSpeech;
use frontdesk_models::tts::flite::Flite;
use frontdesk_pipelines::dialogue::spoken::{Among, Spoken};
use frontdesk_pipelines::dialogue::{ClinicFacts, DoctorFacts, Expectation, Now};
use frontdesk_types::{DoctorId, Mono, Phi};
use uuid::Uuid;

use crate::dialogue_new_patient::registered;
use crate::dialogue_sim::english;

const NO_CONTEXTS: [(&str, Context); 0] = [];

/// The voice that says the same samples every time.
const VOICE: &str = "kal16";

/// Share of the sentences that must be understood.
const UNDERSTOOD: f64 = 0.92;

fn clinic() -> ClinicFacts {
    let doctor = |(n, name, specialty): (u128, &str, &str)| DoctorFacts {
        id: DoctorId::from_uuid(Uuid::from_u128(n)),
        name: name.to_owned(),
        specialties: vec![specialty.to_owned()],
        fee: None,
        languages: vec!["en".to_owned()],
        gender: None,
    };
    let doctors = [
        (1, "Leila Mansour", "cardiology"),
        (2, "Thomas Keller", "dermatology"),
        (3, "Anna Petrova", "pediatrics"),
        (4, "Daniel Okafor", "internal medicine"),
        (5, "Grace Chen", "cardiology"),
    ];
    ClinicFacts {
        time_zone: "Africa/Cairo".to_owned(),
        country: "EG".to_owned(),
        doctors: doctors.map(doctor).into(),
        vocabulary: ["parking", "certificate", "laboratory"].map(str::to_owned).into(),
        ..ClinicFacts::default()
    }
}

pub(crate) fn now() -> Now {
    Now { mono: Mono::default(), wall: "2026-06-13T07:00:00Z".parse().expect("a time") }
}

/// Recognizer and dialogue of one clinic.
pub(crate) struct HearingRig {
    pub(crate) provider: PocketSphinx,
    pub(crate) callers: Spoken,
}

impl HearingRig {
    pub(crate) fn new() -> Self {
        let provider = PocketSphinx::open(&Options::default(), NO_CONTEXTS);
        let callers = Spoken::new(english(), &Arc::new(clinic()));
        Self { provider: provider.expect("a recognizer"), callers }
    }

    fn hear(&self, said: &str, listening: &Listening, voice: &str) -> String {
        let samples = speech(said, voice);
        let mut recognizer = self.provider.recognizer().expect("a recognizer");
        recognizer.listen(listening).expect("listens");
        for frame in samples.chunks(1600) {
            recognizer.push(frame).expect("hears");
        }
        recognizer.finish().expect("heard").text
    }

    /// What is heard of somebody who is likely to be one of these patients.
    pub(crate) fn hears(&self, said: &str, among: &Among, asked: Expectation) -> String {
        let heard = self.hear(said, &among.listening(asked), VOICE);
        among.respelled(asked, &heard)
    }

    /// The name that is taken from what somebody says, where the patient is listened for.
    fn name(&self, said: &str, patient: &str) -> String {
        let patients = [Phi::new(patient.to_owned())];
        let listening = self.callers.among(patients.to_vec()).listening(Expectation::FullName);
        let heard = self.hear(said, &listening, VOICE);
        self.callers.name(&heard, now()).unwrap_or_default()
    }
}

/// What became of the names of people who are to be registered.
pub(crate) struct Registered {
    /// Names that were heard right when they were said.
    pub(crate) said: usize,
    /// Names that were right after they had been spelled too.
    pub(crate) spelled: usize,
    /// The others, with what was heard.
    pub(crate) wrong: Vec<String>,
}

impl HearingRig {
    /// Has new patients say their names and spell them.
    pub(crate) fn register(&self, names: &[String], voice: &str) -> Registered {
        let mut all = Registered { said: 0, spelled: 0, wrong: Vec::new() };
        for name in names {
            let hear = |said: &str, state| self.hear(said, &self.callers.listening(state), voice);
            let letters = |part: &str| part.split("").collect::<Vec<_>>().join(" ");
            let (first, last) = name.split_once(' ').expect("two names");
            let heard = hear(name, Expectation::FullName);
            // Who was not heard to say two names is asked for the other one first.
            let Some(heard) = self.callers.name(&heard, now()) else { continue };
            let first = hear(&letters(first), Expectation::SpellingFirst);
            let last = hear(&letters(last), Expectation::SpellingLast);
            let written = registered(&heard, &first, &last);
            all.said += usize::from(same_name(&heard, name));
            if same_name(&written, name) {
                all.spelled += 1;
            } else {
                all.wrong.push(format!("{name}: {heard} | {first} | {last} → {written}"));
            }
        }
        all
    }
}

/// A sentence with silence around it.
pub(crate) fn speech(said: &str, voice: &str) -> Vec<i16> {
    let mut samples = vec![0; 4000];
    let speak = &mut |chunk: &[i16]| {
        samples.extend_from_slice(chunk);
        ControlFlow::Continue(())
    };
    Flite::new().synthesize(said, voice, speak).expect("flite speaks");
    samples.extend([0; 6000]);
    samples
}

/// Sentences by state; written for this, none of them a template written out.
pub(crate) fn sentences(file: &'static str) -> BTreeMap<Expectation, Vec<&'static str>> {
    let mut all: BTreeMap<Expectation, Vec<&str>> = BTreeMap::new();
    let mut state = Expectation::Request;
    for line in file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(name) => {
                let mut known = Expectation::ALL.into_iter();
                state = known.find(|known| known.context() == name).expect("a state");
            }
            None => all.entry(state).or_default().push(line),
        }
    }
    all
}

#[test]
fn what_callers_say_is_understood_in_every_state() {
    let rig = HearingRig::new();
    let mut wrong = Vec::new();
    let mut all = 0;
    for (state, sentences) in sentences(include_str!("../data/spoken.txt")) {
        let listening = rig.callers.listening(state);
        for said in sentences {
            let heard = rig.callers.respelled(state, &rig.hear(said, &listening, VOICE), &[]);
            let meant = rig.callers.respelled(state, said, &[]);
            all += 1;
            if !rig.callers.same(state, &meant, &heard, now()) {
                wrong.push(format!("{}: {said} → {heard}", state.context()));
            }
        }
    }
    let right = 1.0 - wrong.len() as f64 / f64::from(all);
    assert!(right >= UNDERSTOOD, "{right:.3} of {all}:\n{}", wrong.join("\n"));
}

fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Names out of the lists, the same in each run.
pub(crate) fn strangers(count: usize) -> Vec<String> {
    let names = english().listen();
    let (first, last): (Vec<_>, Vec<_>) =
        (names.first_names().collect(), names.last_names().collect());
    let name = |n: usize| {
        let n = n * 7919 + 104_729;
        format!("{} {}", first[n % 400], last[n / 3 % 700])
    };
    (0..count).map(name).collect()
}

#[test]
fn of_a_hundred_who_know_the_date_and_another_name_none_is_taken_for_the_patient() {
    let rig = HearingRig::new();
    let near = [
        ("mary johnson", "mary jackson"),
        ("mary johnson", "martha johnson"),
        ("mary johnson", "mary johnston"),
        ("mary johnson", "mary jameson"),
        ("daniel okafor", "daniel parker"),
        ("linda hernandez", "linda henderson"),
        ("linda hernandez", "brenda hernandez"),
        ("samir haddad", "samuel hadley"),
        ("samir haddad", "sam harper"),
        ("robert green", "robert grant"),
    ];
    let patients = ["mary johnson", "daniel okafor", "linda hernandez", "samir haddad"];
    let strangers = strangers(90);
    let far = strangers.iter().enumerate().map(|(n, name)| (patients[n % 4], name.as_str()));
    let all: Vec<_> = near.into_iter().chain(far).collect();
    assert_eq!(all.len(), 100);
    let taken = |&(patient, said): &(&str, &str)| same_name(&rig.name(said, patient), patient);
    let taken: Vec<_> = all.into_iter().filter(taken).collect();
    assert!(taken.is_empty(), "{taken:?}");
}

#[test]
fn a_patient_is_known_by_name_also_where_the_name_is_rare() {
    let rig = HearingRig::new();
    let patients = [
        "mary johnson",
        "omar khalil",
        "nadia hassan",
        "samir haddad",
        "ingrid lindqvist",
        "priya raman",
        "daniel okafor",
        "anna petrova",
        "steven hughes",
        "jessica gonzales",
    ];
    let missed: Vec<_> =
        patients.into_iter().filter(|name| !same_name(&rig.name(name, name), name)).collect();
    assert!(missed.len() <= 1, "{missed:?}");
}

#[test]
fn a_name_that_nobody_knows_is_written_right_more_often_after_it_was_spelled() {
    let names = strangers(16);
    let Registered { said, spelled, wrong } = HearingRig::new().register(&names, VOICE);
    let figures = format!("{said} as said, {spelled} as spelled:\n{}", wrong.join("\n"));
    assert!(spelled > said && spelled * 4 >= names.len() * 3, "{figures}");
}
