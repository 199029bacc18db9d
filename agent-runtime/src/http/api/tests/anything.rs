//! Whatever is sent to an operation, by whoever may: never a failure of ours, and every answer is one of
//! the document's.

use frontdesk_tenants::staff::Role;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Map, Value, json};

use super::access::{Operation, operations};
use super::rig::{NILE, Rig};
use super::schema::wrong;
use crate::http::api::document;

/// Requests of each operation.
const TRIES: usize = 12;

/// Values that break something somewhere.
fn odd(random: &mut StdRng) -> Value {
    let all = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(i64::MAX),
        json!(""),
        json!("\u{0}"),
        json!("' OR 1=1 --"),
        json!("9999-12-31T23:59:59.999999999Z"),
        json!("-009999-01-01T00:00:00Z"),
        json!("x".repeat(5000)),
        json!("\u{202e}\u{1f600}"),
        json!([]),
        json!([[[]]]),
        json!({}),
        json!({"a": {"a": {}}}),
    ];
    all.choose(random).cloned().unwrap_or_default()
}

/// A value as the schema says, mostly.
fn made(document: &Value, schema: &Value, ids: &[String], random: &mut StdRng) -> Value {
    if random.random_bool(0.08) {
        return odd(random);
    }
    if let Some(name) = schema["$ref"].as_str() {
        let schema = document.pointer(name.trim_start_matches('#')).cloned().unwrap_or_default();
        return made(document, &schema, ids, random);
    }
    for any in ["oneOf", "anyOf", "allOf"] {
        if let Some(one) = schema[any].as_array().and_then(|all| all.choose(random)) {
            return made(document, one, ids, random);
        }
    }
    if let Some(one) = schema["enum"].as_array().and_then(|all| all.choose(random)) {
        return one.clone();
    }
    let kind = match &schema["type"] {
        Value::String(kind) => kind.as_str(),
        Value::Array(kinds) => kinds.choose(random).and_then(Value::as_str).unwrap_or_default(),
        _ => "null",
    };
    match kind {
        "string" => match schema["format"].as_str() {
            Some("uuid") => ids.choose(random).cloned().unwrap_or_default().into(),
            Some("date-time") => format!(
                "2026-1{}-0{}T0{}:00:00Z",
                random.random_range(0..3),
                random.random_range(1..10),
                random.random_range(0..10)
            )
            .into(),
            Some("date") => format!("2026-12-0{}", random.random_range(1..10)).into(),
            _ => (*[
                "a",
                "Mona Adel",
                "+201005550101",
                "mona@example.com",
                "09:00:00",
                "en",
                "Africa/Cairo",
                "cardiology",
            ]
            .choose(random)
            .unwrap_or(&"a"))
            .into(),
        },
        "integer" | "number" => random.random_range(-2..2000).into(),
        "boolean" => random.random_bool(0.5).into(),
        "array" => {
            let count = random.random_range(0..3);
            let item = |_| made(document, &schema["items"], ids, random);
            (0..count).map(item).collect()
        }
        "object" => {
            let mut fields = Map::new();
            for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                if random.random_bool(0.85) {
                    fields.insert(name.clone(), made(document, field, ids, random));
                }
            }
            if random.random_bool(0.05) {
                fields.insert("surprise".to_owned(), odd(random));
            }
            fields.into()
        }
        _ => Value::Null,
    }
}

fn text(value: Value) -> String {
    let text = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A request of the operation: its address, its body, its headers.
fn request(
    document: &Value,
    operation: &Operation,
    ids: &[String],
    random: &mut StdRng,
) -> (String, Value, Vec<(&'static str, String)>) {
    let (mut path, mut query, mut headers) = (operation.path.clone(), Vec::new(), Vec::new());
    for parameter in operation.described["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().expect("a name");
        if name == "clinic" {
            path = path.replace("{clinic}", NILE);
            continue;
        }
        let value = made(document, &parameter["schema"], ids, random);
        match parameter["in"].as_str() {
            Some("path") => path = path.replace(&format!("{{{name}}}"), &text(value)),
            Some("query") if random.random_bool(0.6) => {
                query.push(format!("{name}={}", text(value)));
            }
            Some("header") if name == "If-Match" => {
                let tag = ["*", "\"1\"", "\"2\"", "1", ""].choose(random).copied().unwrap_or("*");
                headers.push(("if-match", tag.to_owned()));
            }
            _ => {}
        }
    }
    let schema = &operation.described["requestBody"]["content"]["application/json"]["schema"];
    let body = if schema.is_null() { Value::Null } else { made(document, schema, ids, random) };
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    (path, body, headers)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_sent_makes_a_failure_or_an_answer_that_the_document_does_not_have() {
    let rig = Rig::start().await;
    let document: Value = serde_json::from_str(document::text()).expect("JSON");
    let tenant = rig.database.tenant(NILE).await;
    let mut ids = vec!["00000000-0000-7000-8000-000000000000".to_owned()];
    for offer in rig.database.free(&tenant, 3).await {
        ids.extend([offer.slot.to_string(), offer.doctor.to_string()]);
    }
    ids.push(rig.patient(NILE, "Omar Hassan").await.to_string());
    // The same each time.
    let mut random = StdRng::seed_from_u64(7);
    let people = [
        rig.member(NILE, Role::ClinicAdmin).await,
        rig.member(NILE, Role::Nurse).await,
        rig.super_admin().await,
    ];
    for operation in operations() {
        // Whoever is signed in is signed out, and the clinic is gone, for all that come after.
        if ["logout", "deactivate_clinic", "end_membership"].contains(&operation.id.as_str()) {
            continue;
        }
        for _ in 0..TRIES {
            let (path, body, headers) = request(&document, &operation, &ids, &mut random);
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            for person in &people {
                let answer = person.ask(&operation.method, &path, body.clone(), &headers).await;
                let said = format!(
                    "{} {path} {body}: {} {}",
                    operation.method, answer.status, answer.body
                );
                assert!(answer.status < 500, "{said}");
                // Counted by another clock than the limits'.
                rig.clock.advance(std::time::Duration::from_millis(100));
                let responses = &operation.described["responses"];
                let named = responses.get(answer.status.to_string());
                let (named, kind) = match named {
                    Some(named) => (named, "application/json"),
                    None => (&responses["default"], "application/problem+json"),
                };
                let Some(schema) = named["content"].get(kind).map(|content| &content["schema"])
                else {
                    continue;
                };
                let wrong = wrong(&document, schema, &answer.body);
                assert!(wrong.is_empty(), "{said}: {wrong:?}");
            }
        }
    }
    rig.database.check_invariants().await;
}
