//! Many want the same, over two runtimes on one database: as in calls, one gets it.

use std::collections::BTreeMap;

use frontdesk_tenants::staff::Role;
use serde_json::json;
use tokio::task::JoinSet;

use super::rig::{NILE, Rig};

const APPOINTMENTS: &str = "/api/v1/clinics/nile-heart/appointments";

/// How many answers there are of each status and code.
type Tally = BTreeMap<(u16, String), usize>;

/// Asks all at once, by both runtimes in turn.
async fn all_at_once(rig: &Rig, asked: Vec<(serde_json::Value, String)>) -> Tally {
    let desk = rig.member(NILE, Role::Receptionist).await;
    let urls = [rig.url.clone(), rig.another().await];
    let mut tasks = JoinSet::new();
    for (n, (body, key)) in asked.into_iter().enumerate() {
        let request = desk.prepared("POST", &format!("{}{APPOINTMENTS}", urls[n % 2]), &body, &key);
        tasks.spawn(async move {
            let answer = request.send().await.expect("an answer");
            let status = answer.status().as_u16();
            let body: serde_json::Value =
                serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
            let what = body["code"].as_str().or(body["id"].as_str()).unwrap_or_default();
            (status, what.to_owned())
        });
    }
    let mut tally = Tally::new();
    while let Some(answer) = tasks.join_next().await {
        *tally.entry(answer.expect("no panic")).or_default() += 1;
    }
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_want_one_slot_over_two_runtimes_one_gets_it() {
    let rig = Rig::start().await;
    let tenant = rig.database.tenant(NILE).await;
    let slot = rig.database.free(&tenant, 1).await[0].slot;
    let mut asked = Vec::new();
    for (n, patient) in rig.database.patients(&tenant, 24).await.into_iter().enumerate() {
        asked.push((json!({"slot": slot, "patient": patient.patient()}), format!("key-{n}")));
    }
    let tally = all_at_once(&rig, asked).await;
    let booked: usize =
        tally.iter().filter(|((status, _), _)| *status == 201).map(|(_, n)| n).sum();
    let taken = tally.get(&(409, "slot_taken".to_owned())).copied().unwrap_or(0);
    assert_eq!((booked, taken), (1, 23), "{tally:?}");
    rig.database.check_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_sent_many_times_over_two_runtimes_books_once() {
    let rig = Rig::start().await;
    let tenant = rig.database.tenant(NILE).await;
    let slot = rig.database.free(&tenant, 1).await[0].slot;
    let patient = rig.patient(NILE, "Omar Hassan").await;
    let body = json!({"slot": slot, "patient": patient});
    let asked = (0..16).map(|_| (body.clone(), "the same".replace(' ', "-"))).collect();
    let tally = all_at_once(&rig, asked).await;
    let booked: Vec<_> = tally.keys().filter(|(status, _)| *status == 201).collect();
    assert_eq!(booked.len(), 1, "one appointment, whoever is told: {tally:?}");
    let others = tally.keys().filter(|(status, code)| *status != 201 && code != "in_progress");
    assert_eq!(others.count(), 0, "{tally:?}");
    assert_eq!(rig.database.count("appointments").await, 1);
    rig.database.check_invariants().await;
}
