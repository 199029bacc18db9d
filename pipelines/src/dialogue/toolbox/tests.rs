//! Calls as a language model makes them.

use frontdesk_types::{
    AppointmentId, DoctorId, Gender, Offer, OfferId, SeededIds, SlotId, TransferReason,
};
use jiff::civil::{date, time};
use serde_json::json;

use super::*;
use crate::dialogue::tools::{AppointmentFacts, SlotWish, ToolResult};
use crate::dialogue::{DoctorFacts, HolidayFacts};
use crate::wish::{Clock, Days, Order, Visit, When, Window};

const OFFER: &str = "0197a000-0000-7000-8000-000000000001";

fn clinic() -> ClinicFacts {
    let ids = SeededIds::new(1);
    let doctor = |name: &str, specialty: &str, gender, languages: &[&str]| DoctorFacts {
        id: DoctorId::new(&ids),
        name: name.to_owned(),
        specialties: vec![specialty.to_owned()],
        fee: None,
        languages: languages.iter().map(|code| (*code).to_owned()).collect(),
        gender: Some(gender),
    };
    let doctors = vec![
        doctor("Nora Haddad", "cardiology", Gender::Female, &["en", "ar"]),
        doctor("Paul Winter", "cardiology", Gender::Male, &["en"]),
        doctor("Paul Marin", "pediatrics", Gender::Male, &["en", "fr"]),
    ];
    let holiday = HolidayFacts {
        day: date(2026, 12, 25),
        holiday: Some("christmas".to_owned()),
        name: "Christmas Day".to_owned(),
        closed: true,
    };
    ClinicFacts { doctors, holidays: vec![holiday], ..ClinicFacts::default() }
}

fn parse(name: &str, args: &Value) -> Result<ToolCall, ToolError> {
    Toolbox::built_in().parse(name, args, &clinic())
}

fn refused(name: &str, args: &Value) -> String {
    parse(name, args).expect_err("it is refused").to_string()
}

#[test]
fn every_built_in_tool_has_a_schema_by_which_it_can_be_called() {
    let toolbox = Toolbox::built_in();
    assert_eq!(toolbox.specs().count(), 16);
    for spec in toolbox.specs() {
        let properties = spec.schema["properties"].as_object().expect("properties");
        let value = |(field, schema): (&String, &Value)| {
            let one = schema.get("items").unwrap_or(schema);
            let value = match (field.as_str(), one.get("enum")) {
                (_, Some(choices)) => choices[0].clone(),
                ("not_days", _) => json!("2026-06-14"),
                ("not_doctors", _) => json!("Paul Winter"),
                ("languages", _) => json!("ar"),
                ("holiday", _) => json!("Christmas Day"),
                ("minutes", _) => json!(40),
                ("double" | "by_video", _) => json!(true),
                ("offer" | "appointment" | "entry", _) => json!(OFFER),
                ("date_of_birth" | "from" | "to", _) => json!("2026-06-14"),
                ("not_before" | "not_after", _) => json!("09:30"),
                ("doctor", _) => json!("Dr. Nora Haddad"),
                ("specialty", _) => json!("Cardiology"),
                ("phone", _) => json!("+20 100 123 4567"),
                ("limit", _) => json!(3),
                _ => json!("Jane Miller"),
            };
            let value = if one == schema { value } else { json!([value]) };
            (field.clone(), value)
        };
        let args = Value::Object(properties.iter().map(value).collect());
        let call = parse(&spec.name, &args).expect("it can be called");
        assert_eq!(call.name(), spec.name);
        assert!(!spec.description.is_empty());
        let again: ToolCall = serde_json::from_value(json!(call)).expect("it is read back");
        assert_eq!(again, call);
        assert_eq!(json!(call)["tool"], json!(spec.name));
    }
}

#[test]
fn a_search_is_understood_as_it_was_written() {
    let args = json!({
        "doctor": "haddad", "from": "2026-06-14", "part_of_day": "morning", "not_after": "11:30",
    });
    let Ok(ToolCall::FindSlots(wish)) = parse("find_slots", &args) else { panic!("a search") };
    assert_eq!(wish.doctors, [clinic().doctors[0].id]);
    let days = Days::span(Some(date(2026, 6, 14)), None);
    // At half past eleven at the latest, which is before noon.
    let clock = Clock::not_after(time(11, 30, 0, 0));
    assert_eq!((wish.when, wish.limit), (When::within(Window { days, clock }), 6));
    // Whatever a model writes for "no arguments".
    assert!(parse("list_appointments", &Value::Null).is_ok());
    let args = json!({ "reason": "asked", "phone": null });
    let reason = TransferReason::Asked;
    assert_eq!(parse("transfer", &args), Ok(ToolCall::Transfer { reason, phone: None }));
}

fn search(args: &Value) -> SlotWish {
    match parse("find_slots", args) {
        Ok(ToolCall::FindSlots(wish)) => wish,
        other => panic!("no search: {other:?}"),
    }
}

#[test]
fn a_doctor_of_a_kind_is_searched_for_among_those_who_are_so() {
    let ids: Vec<DoctorId> = clinic().doctors.iter().map(|doctor| doctor.id).collect();
    let [nora, winter, marin] = ids[..] else { panic!("three doctors") };
    for (args, wanted) in [
        (json!({ "gender": "female" }), vec![nora]),
        (json!({ "gender": "male", "specialty": "cardiology" }), vec![winter]),
        (json!({ "languages": ["FR", "ar"] }), vec![nora, marin]),
        (json!({ "gender": "male", "not_doctors": ["Winter"] }), vec![marin]),
        // Who is named is wanted, whatever else is said.
        (json!({ "doctor": "Winter", "gender": "female" }), vec![winter]),
        // What is only preferred, and nobody is, is let go.
        (json!({ "languages": ["de"], "preferred": ["languages"] }), vec![]),
        (
            json!({ "languages": ["de"], "gender": "female", "preferred": ["languages"] }),
            vec![nora],
        ),
    ] {
        assert_eq!(search(&args).doctors, wanted, "{args}");
    }
    let args = json!({ "gender": "female", "specialty": "pediatrics" });
    assert!(refused("find_slots", &args).contains("gender: no doctor who is searched among is so"));
    assert_eq!(search(&json!({ "not_doctors": ["Winter"] })).not_doctors, [winter]);
}

#[test]
fn days_that_are_ruled_out_and_what_is_only_preferred_reach_the_search() {
    let args = json!({
        "from": "2026-06-14", "weekdays": ["sun", "tue"], "part_of_day": "morning",
        "not_days": ["2026-06-16"], "not_weekdays": ["thu"], "order": "latest",
    });
    let when = search(&args).when;
    let fits = |day: i8, hour: i8| when.fits(date(2026, 6, day).at(hour, 0, 0, 0));
    assert!(fits(14, 9) && fits(21, 9) && fits(23, 9));
    assert!(!fits(14, 13) && !fits(15, 9) && !fits(16, 9) && !fits(18, 9));
    assert_eq!((when.order, when.is_soft()), (Order::Latest, false));

    let args = json!({
        "from": "2026-06-14", "to": "2026-06-14", "part_of_day": "morning",
        "not_weekdays": ["mon"], "preferred": ["times", "ruled_out"],
    });
    let when = search(&args).when;
    let at = |day: i8, hour: i8| date(2026, 6, day).at(hour, 0, 0, 0);
    assert!(when.fits(at(14, 9)) && !when.fits(at(14, 13)));
    assert!(when.softened().fits(at(14, 13)) && !when.softened().fits(at(15, 9)));
    assert!(when.none.is_empty() && !when.avoid.is_empty());
}

#[test]
fn a_holiday_is_its_day_and_a_visit_may_be_long_double_or_by_video() {
    let wish = search(&json!({ "holiday": "christmas", "minutes": 40, "by_video": true }));
    assert_eq!(wish.when, When::on(Days::day(date(2026, 12, 25))));
    assert_eq!(wish.visit, Visit { double: false, minutes: Some(40), remote: true });
    assert!(search(&json!({ "double": true })).visit.double);
    let text = refused("find_slots", &json!({ "holiday": "Thanksgiving" }));
    assert!(text.ends_with("is not known here; there are Christmas Day (2026-12-25)"), "{text}");
    let text = refused("find_slots", &json!({ "weekdays": ["sun", "someday"] }));
    assert!(text.contains("weekdays: one of them: is none of \"mon\""), "{text}");
}

#[test]
fn an_unknown_tool_is_refused_with_those_that_there_are() {
    let text = refused("send_fax", &json!({}));
    assert!(text.contains("no tool of this name") && text.contains("find_slots, hold"), "{text}");
}

#[test]
fn bad_arguments_are_refused_with_the_field_and_what_to_give_instead() {
    for (name, args, wanted) in [
        ("book", json!({}), "book: offer: is missing; give it, or ask the caller for it"),
        ("book", json!({ "offer": 7 }), "book: offer: expected string, not number"),
        (
            "book",
            json!({ "offer": "the first" }),
            "book: offer: is no id; give one that find_slots returned in this call, unchanged",
        ),
        (
            "book",
            json!({ "offer": OFFER, "time": "9:00" }),
            "book: arguments: there is an unknown one; this tool takes offer",
        ),
        (
            "list_appointments",
            json!({ "who": "me" }),
            "list_appointments: arguments: there is an unknown one; this tool takes none",
        ),
        (
            "cancel",
            json!("all"),
            "cancel: arguments: expected an object with named arguments, not string",
        ),
        (
            "identify_patient",
            json!({ "full_name": "Jane Miller", "date_of_birth": "17 May 1980" }),
            "identify_patient: date_of_birth: is no date; give it as YYYY-MM-DD",
        ),
        (
            "identify_patient",
            json!({ "full_name": " ", "date_of_birth": "1980-05-17" }),
            "identify_patient: full_name: is empty; give it, or ask the caller for it",
        ),
        (
            "find_slots",
            json!({ "doctor": "Dr Grey" }),
            "find_slots: doctor: no doctor of that name is here, but Nora Haddad, Paul Winter, \
             Paul Marin",
        ),
        (
            "find_slots",
            json!({ "doctor": "Paul" }),
            "find_slots: doctor: is not only one of Paul Winter, Paul Marin; ask which",
        ),
        (
            "find_slots",
            json!({ "specialty": "surgery" }),
            "find_slots: specialty: is not had here; the specialties are cardiology, pediatrics",
        ),
        (
            "find_slots",
            json!({ "part_of_day": "night" }),
            "find_slots: part_of_day: is none of \"morning\", \"afternoon\", \"evening\"",
        ),
        ("find_slots", json!({ "limit": 40 }), "find_slots: limit: is above 12"),
        ("find_slots", json!({ "limit": 2.5 }), "find_slots: limit: expected integer, not number"),
        (
            "find_slots",
            json!({ "from": "2026-06-14", "to": "2026-06-13" }),
            "find_slots: to: lies before \"from\"",
        ),
        (
            "transfer",
            json!({ "reason": "asked", "phone": "my mobile" }),
            "transfer: phone: has no digits; give it as digits",
        ),
    ] {
        assert_eq!(refused(name, &args), wanted);
    }
}

#[test]
fn a_model_is_told_offers_with_their_ids_and_no_others() {
    let ids = SeededIds::new(4);
    let offer = Offer {
        id: OfferId::new(&ids),
        second: None,
        slot: SlotId::new(&ids),
        doctor: DoctorId::new(&ids),
        doctor_name: "Nora Haddad".to_owned(),
        specialty: "cardiology".to_owned(),
        starts_at: "2026-06-14T06:00:00Z".parse().expect("a time"),
        ends_at: "2026-06-14T06:20:00Z".parse().expect("a time"),
        time_zone: "Africa/Cairo".to_owned(),
    };
    let slots = ToolResult::Slots { offers: vec![offer.clone()], exact: true }.told();
    assert_eq!(
        slots["offers"][0],
        json!({
            "offer": offer.id.to_string(), "doctor": "Nora Haddad", "specialty": "cardiology",
            "weekday": "Sunday", "date": "2026-06-14", "time": "09:00",
        })
    );
    let id = slots["offers"][0]["offer"].clone();
    assert_eq!(parse("book", &json!({ "offer": id })), Ok(ToolCall::Book { offer: offer.id }));
    let appointment = AppointmentFacts {
        id: AppointmentId::new(&ids),
        second: None,
        reference: "KX4".to_owned(),
        visit: offer,
        made_in_this_call: true,
    };
    let booked = ToolResult::Booked { appointment: appointment.clone() }.told();
    assert_eq!(booked["result"], "booked");
    assert_eq!(booked["appointment"], appointment.id.to_string());
    assert_eq!(booked.as_object().map(Map::len), Some(8));
}

struct Plain(ToolSpec);

impl Contract for Plain {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }
}

#[test]
fn another_tool_is_parsed_by_its_own_schema() {
    let schema = json!({
        "type": "object",
        "properties": { "drug": { "type": "string" }, "packs": { "type": "integer" } },
        "required": ["drug"],
    });
    let spec = ToolSpec::read("find_drug", "Looks for a drug.", schema);
    let toolbox = Toolbox::built_in().with(Arc::new(Plain(spec))).expect("added");
    let args = json!({ "drug": "aspirin", "packs": 2 });
    let call = toolbox.parse("find_drug", &args, &clinic()).expect("parsed");
    let name = "find_drug".to_owned();
    let again: ToolCall = serde_json::from_value(json!(call)).expect("it is read back");
    assert_eq!(again, call);
    assert_eq!(call, ToolCall::Other(OtherCall { name, args: args.into() }));
    let args = json!({ "drug": "aspirin", "packs": "two" });
    let error = toolbox.parse("find_drug", &args, &clinic()).expect_err("refused");
    assert_eq!(error.to_string(), "find_drug: packs: expected integer, not string");
}

#[test]
fn a_tool_that_would_break_the_rules_is_not_added() {
    let with = |change: fn(&mut ToolSpec)| {
        let mut spec = ToolSpec::read("find_drug", "", json!({ "type": "object" }));
        change(&mut spec);
        Toolbox::built_in().with(Arc::new(Plain(spec))).map(|_| ())
    };
    assert_eq!(with(|_| {}), Ok(()));
    assert_eq!(with(|s| s.name = "Find".into()), Err(ToolboxError::BadName("Find".into())));
    assert_eq!(with(|s| s.name = "book".into()), Err(ToolboxError::NameTaken("book".into())));
    let schema = Err(ToolboxError::BadSchema("find_drug".into()));
    assert_eq!(with(|s| s.schema = Value::Null), schema);
    let effect = Err(ToolboxError::NotConfirmed("find_drug".into()));
    assert_eq!(with(|s| s.effect = Effect::Write(Confirm::Nothing)), effect);
}
