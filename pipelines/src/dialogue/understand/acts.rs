//! Acts: which lists of a language match where.

use frontdesk_types::DoctorId;

use super::days::DayMention;
use super::pattern::{Found, List, Reader, find_any};
use super::people::{DoctorMention, SpecialtyMention};
use super::tokens::Tokens;
use super::{Choice, Heard};
use crate::dialogue::ClinicFacts;
use crate::dialogue::reading::{Act, ActKind, NamedDoctor, Patient, Reading, Roles, Wish};
use crate::language::Language;

/// The lists that tell acts.
fn lists(language: &Language) -> [(ActKind, &List); 59] {
    use ActKind::{
        Abort, Another, AnotherDay, AnotherTime, AnyDoctor, Aside, AsksNow, BareNo, Book, BookIt,
        BookQuestion, Bye, Cancel, CancelIt, Chatter, Correction, Decline, Filler, ForMe, Goodbye,
        HoldOn, InPerson, JoinList, LeaveList, Leaving, Link, List, Machine, Move, MoveIt,
        NegatedYes, NewPatient, No, NoYes, NoneOf, NotCancel, NotMade, NotNew, OtherDoctor,
        OtherPatient, OthersData, OwnAppointment, Person, Please, Presence, Question, Reached,
        Recall, Relative, Repeat, Rude, SmallTalk, SoftYes, Thanks, Unsure, Why, WithYes,
        WrongNumber, Yes,
    };
    let (words, intents) = (&language.words, &language.intents);
    [
        (Yes, &words.plain_yes),
        (SoftYes, &words.yes),
        (Please, &words.please),
        (BookIt, &words.do_book),
        (MoveIt, &words.do_move),
        (CancelIt, &words.do_cancel),
        (JoinList, &language.course.wait_join),
        (LeaveList, &language.course.wait_leave),
        (WithYes, &words.with_yes),
        (Filler, &words.fillers),
        (Link, &words.links),
        (NoYes, &words.no_yes),
        (NegatedYes, &words.negated_yes),
        (No, &words.no),
        (BareNo, &words.bare_no),
        (Decline, &words.decline),
        (Thanks, &words.thanks),
        (Goodbye, &intents.goodbye),
        (Bye, &words.bye),
        (Leaving, &words.leaving),
        (Unsure, &words.unsure),
        (Correction, &words.correction),
        (Book, &intents.book),
        (BookQuestion, &intents.book_question),
        (NotMade, &words.not_made),
        (Cancel, &intents.cancel),
        (NotCancel, &intents.not_cancel),
        (Move, &intents.r#move),
        (Abort, &intents.abort),
        (List, &intents.list),
        (OwnAppointment, &intents.own_appointment),
        (Another, &words.another),
        (AnotherTime, &words.another_time),
        (AnotherDay, &words.another_day),
        (OtherDoctor, &words.other_doctor),
        (AnyDoctor, &words.any_doctor),
        (NoneOf, &words.none_of),
        (Person, &intents.person),
        (InPerson, &intents.in_person),
        (Repeat, &intents.repeat),
        (Recall, &words.recall),
        (HoldOn, &words.hold_on),
        (OtherPatient, &words.other_patient),
        (Relative, &words.relatives),
        (ForMe, &words.for_me),
        (NewPatient, &words.new_patient),
        (NotNew, &words.not_new),
        (SmallTalk, &words.small_talk),
        (Chatter, &words.chatter),
        (Reached, &words.reached),
        (Aside, &words.aside),
        (Why, &words.why),
        (AsksNow, &words.asks_now),
        (Machine, &words.machine),
        (Presence, &words.presence),
        (WrongNumber, &words.wrong_number),
        (Rude, &words.rude),
        (OthersData, &words.others_data),
        (Question, &words.question_start),
    ]
}

/// What the words alone tell: neither days nor names, of which a clinic or a question must be known.
pub(crate) fn read(text: &str, language: &Language) -> Reading {
    let mut reading = of(&Tokens::of(text, language), language);
    reading.finish();
    reading
}

/// Whether the words tell that the patient is, or is not, somebody else than the caller.
pub(crate) fn mentions_other(text: &str, language: &Language) -> Option<bool> {
    let (words, tokens) = (&language.words, Tokens::of(text, language));
    let reader = Reader { tokens: &tokens, language, latest_year: 0 };
    let is = |list: &List| find_any(list, reader).is_some();
    match is(&words.other_patient) || is(&words.relatives) {
        true => Some(true),
        false => is(&words.for_me).then_some(false),
    }
}

/// The acts of an utterance. Those inside a greeting ("good" in "good morning") are none.
pub(crate) fn of(tokens: &Tokens, language: &Language) -> Reading {
    let reader = Reader { tokens, language, latest_year: 0 };
    let mut greetings = Vec::new();
    scan(&mut greetings, ActKind::Greeting, &language.words.greetings, reader);
    let mut acts = Vec::new();
    for (kind, list) in lists(language) {
        scan(&mut acts, kind, list, reader);
    }
    let greets = |act: &Act| greetings.iter().any(|own| own.from <= act.from && act.to <= own.to);
    acts.retain(|act| !greets(act));
    acts.extend(greetings);
    let words = tokens.words.iter().map(|word| word.raw.clone()).collect();
    Reading { words, question: tokens.question, acts, ..Reading::default() }
}

fn scan(acts: &mut Vec<Act>, act: ActKind, list: &List, reader: Reader<'_>) {
    let found = Found::new(list, reader);
    acts.extend(found.map(|found| Act { act, from: found.start, to: found.end }));
}

/// The reading with what the parsers found.
pub(super) fn with_values(mut reading: Reading, heard: &Heard, clinic: &ClinicFacts) -> Reading {
    let name = |id: &DoctorId| {
        let known = clinic.doctors.iter().find(|doctor| doctor.id == *id);
        let name = known.map(|doctor| doctor.name.clone()).unwrap_or_default();
        NamedDoctor { id: Some(*id), name }
    };
    let doctors = match &heard.doctor {
        None => Vec::new(),
        Some(DoctorMention::Known(id)) => vec![name(id)],
        Some(DoctorMention::Either(all) | DoctorMention::Several(all)) => {
            all.iter().map(name).collect()
        }
        Some(DoctorMention::Unknown(name)) => {
            vec![NamedDoctor { id: None, name: name.clone() }]
        }
    };
    let specialty = heard.specialty.as_ref().map(|mention| match mention {
        SpecialtyMention::Known(name) | SpecialtyMention::NotHere(name) => name.clone(),
    });
    let choice = match heard.choice {
        Some(Choice::Index(index)) => Some(index + 1),
        _ => None,
    };
    reading.wish = Wish {
        when: heard.wish.when.clone(),
        any_day: heard.wish.free_days,
        unclear: matches!(heard.day, Some(DayMention::Past | DayMention::Unclear)),
        doctors,
        not_doctors: heard.not_doctors.clone(),
        specialty,
        traits: heard.visit.traits.clone(),
        visit: heard.visit.visit,
        choice,
    };
    reading.roles = Roles {
        patient: match (heard.relative, reading.has(ActKind::ForMe)) {
            (true, _) => Patient::Other,
            (false, true) => Patient::Caller,
            (false, false) => Patient::Unsaid,
        },
        name: heard.name.as_ref().map(|name| name.name.clone()),
        relative: heard.relative_name.as_ref().map(|name| name.name.clone()),
    };
    reading.finish();
    reading
}

/// Notes which words parsers take.
pub(crate) struct Taken {
    gone: Vec<bool>,
}

impl Taken {
    pub(crate) fn of(tokens: &Tokens) -> Self {
        Self { gone: tokens.words.iter().map(|word| word.text.is_empty()).collect() }
    }

    /// The words that were taken since the last time are such an act, each run of them one.
    pub(crate) fn note(&mut self, acts: &mut Vec<Act>, act: ActKind, tokens: &Tokens) {
        let mut from = None;
        for at in 0..=tokens.len() {
            let gone = tokens.words.get(at).is_some_and(|word| word.text.is_empty());
            let new = gone && !self.gone.get(at).copied().unwrap_or_default();
            match (from, new) {
                (None, true) => from = Some(at),
                (Some(begin), false) => {
                    acts.push(Act { act, from: begin, to: at });
                    from = None;
                }
                _ => {}
            }
            if let (true, Some(known)) = (new, self.gone.get_mut(at)) {
                *known = true;
            }
        }
    }
}
