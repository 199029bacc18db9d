//! Program and database go by the same time zone rules: the program's.

use frontdesk_tenants::booking::{self, Search};
use frontdesk_tenants::schedule::horizon;
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::zones;
use frontdesk_types::time_zone;
use jiff::civil::{DateTime, time};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;

/// Those of the demo clinics, and those whose rules have changed lately or have surprises.
const ZONES: [&str; 8] = [
    "Africa/Cairo",
    "America/New_York",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Asia/Riyadh",
    "Europe/Berlin",
    "Europe/London",
    "Australia/Lord_Howe",
];

/// Every three hours of the next two years.
fn moments() -> Vec<Timestamp> {
    let step = |at: &Timestamp| at.checked_add(SignedDuration::from_hours(3)).ok();
    let end = now() + SignedDuration::from_hours(2 * 365 * 24);
    std::iter::successors(Some(now()), step).take_while(|at| *at < end).collect()
}

/// What the database takes for the wall clock.
async fn of_database(t: &TestDb, zone: &str, moments: &[Timestamp]) -> Vec<DateTime> {
    let local: Vec<jiff_sqlx::DateTime> = sqlx::query_scalar(
        "SELECT local_time(moment, $2) FROM unnest($1::timestamptz[])
           WITH ORDINALITY AS m (moment, number) ORDER BY number",
    )
    .bind(moments.iter().map(|at| at.to_sqlx()).collect::<Vec<_>>())
    .bind(zone)
    .fetch_all(&mut t.app().await)
    .await
    .expect("answers");
    local.into_iter().map(jiff_sqlx::DateTime::to_jiff).collect()
}

/// The rows of the second clinic get another zone, as one of there would have.
async fn move_to(t: &TestDb, zone: &str) {
    t.execute(&format!("UPDATE clinics SET time_zone = '{zone}' WHERE slug = 'harbor-family'"))
        .await;
}

#[tokio::test]
async fn program_and_database_agree_about_the_clinics_zones_for_two_years() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("harbor-family").await;
    let moments = moments();
    for name in ZONES {
        move_to(&t, name).await;
        horizon::keep(t.db(), &tenant, now(), &IDS).await.expect("kept");
        let zone = time_zone(name).expect("known");
        let ours: Vec<DateTime> = moments.iter().map(|at| zone.to_datetime(*at)).collect();
        let theirs = of_database(&t, name, &moments).await;
        let other = moments.iter().zip(ours.iter().zip(&theirs)).find(|(_, (a, b))| a != b);
        assert_eq!(other, None, "{name}");
    }
}

#[tokio::test]
async fn a_server_with_old_rules_searches_by_the_programs() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("harbor-family").await;
    // Morocco gave its summer time up in 2026; a server that knows it still is an hour off.
    let name = "Africa/Casablanca";
    move_to(&t, name).await;
    let zone = time_zone(name).expect("known");
    horizon::keep(t.db(), &tenant, now(), &IDS).await.expect("kept");
    // Whatever the rules of this machine's server are: it goes by those of before.
    t.execute("DELETE FROM zone_offsets").await;
    t.execute(&format!("INSERT INTO zone_offsets VALUES ('{name}', '2026-01-01', 3600)")).await;
    let at_nine = async || {
        let (from, until) = (Some(time(9, 0, 0, 0)), Some(time(10, 0, 0, 0)));
        let search = Search { local_from: from, local_until: until, ..Search::default() };
        let found = booking::find_free_slots(t.db(), &tenant, &search, now(), 200, &IDS).await;
        let starts = found.expect("searched").into_iter().map(|offer| offer.starts_at);
        starts.map(|at| zone.to_datetime(at).hour()).collect::<Vec<_>>()
    };
    let hours = at_nine().await;
    assert!(!hours.is_empty() && hours.iter().all(|hour| *hour == 8), "an hour off: {hours:?}");
    horizon::keep(t.db(), &tenant, now(), &IDS).await.expect("kept");
    let hours = at_nine().await;
    assert!(!hours.is_empty() && hours.iter().all(|hour| *hour == 9), "{hours:?}");
}

#[tokio::test]
async fn zones_of_which_program_and_server_think_differently_are_named() {
    let t = TestDb::seeded().await;
    let plain = zones::disagreements(t.db(), now()).await.expect("compared");
    assert_eq!(plain, [], "the demo clinics' zones have had the same rules for years");
    t.execute("UPDATE clinics SET time_zone = 'Mars/Olympus' WHERE slug = 'harbor-family'").await;
    let error = zones::disagreements(t.db(), now()).await.expect_err("unknown").to_string();
    assert!(error.contains("Mars/Olympus"), "{error}");
}
