//! Races through the actors, on one node and on two, with actors killed in between.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_tenants::booking::{Book, Cancel, CancelReason, HOLD_CALL, HoldRequest};
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, Database, Refusal, Tenant};
use frontdesk_types::{CallId, SlotId, SystemClock};
use futures_util::future::join_all;

use super::{SlotError, SlotRegistry, SlotSettings};

async fn registry(db: &Database, settings: SlotSettings) -> SlotRegistry {
    let clock = Arc::new(SystemClock::new());
    SlotRegistry::start(db.clone(), clock, Arc::new(IDS), settings).await.expect("registry")
}

fn call() -> By {
    By::call(CallId::new(&IDS), 1)
}

async fn book(
    registry: &SlotRegistry,
    tenant: &Tenant,
    slot: SlotId,
    patient: VerifiedPatient,
    by: &By,
) -> Result<frontdesk_tenants::booking::Booked, SlotError> {
    let request = Book { slot, patient, hold: None, staff: None };
    registry.book(tenant, request, by, now()).await
}

fn winners<T>(results: &[Result<T, SlotError>]) -> usize {
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert!(error.refusal().is_some(), "{error:?}");
    }
    results.iter().filter(|result| result.is_ok()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tasks_for_one_slot_have_one_winner_and_the_database_is_asked_rarely() {
    let t = TestDb::seeded_with(64).await;
    let tenant = t.tenant("nile-heart").await;
    let registry = registry(t.db(), SlotSettings::default()).await;
    let slot = t.free(&tenant, 1).await[0].slot;
    let patients = t.patients(&tenant, 1000).await;
    let tries = patients.iter().map(|patient| {
        let (registry, tenant) = (&registry, &tenant);
        async move { book(registry, tenant, slot, *patient, &call()).await }
    });
    let results = join_all(tries).await;
    assert_eq!(winners(&results), 1);
    assert!(results.iter().flatten().all(|booked| !booked.replayed));
    let counters = registry.counters();
    assert_eq!((counters.actors, counters.spawned, counters.died), (1, 1, 0));
    assert!(counters.memory_refusals > 500, "{counters:?}");
    t.check_invariants().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_registries_on_one_database_never_sell_a_slot_twice() {
    let t = TestDb::seeded_with(32).await;
    let tenant = t.tenant("nile-heart").await;
    let other = t.another(32).await;
    let nodes = [
        registry(t.db(), SlotSettings::default()).await,
        registry(&other, SlotSettings::default()).await,
    ];
    let slots = t.free(&tenant, 4).await;
    let patients = t.patients(&tenant, 400).await;
    let tries = patients.iter().enumerate().map(|(i, patient)| {
        let (node, tenant, slot) = (&nodes[i % 2], &tenant, slots[i / 2 % 4].slot);
        async move { book(node, tenant, slot, *patient, &call()).await }
    });
    assert_eq!(winners(&join_all(tries).await), 4);
    t.check_invariants().await;
    // What one node frees, the other sells, at the latest a quarter of a second later.
    let mut tx = t.begin("nile-heart").await;
    let mut cancelled = 0;
    for patient in &patients {
        let mine =
            frontdesk_tenants::booking::appointments_of(&mut tx, patient).await.expect("read");
        for appointment in mine {
            let request = Cancel {
                appointment: appointment.id,
                patient: None,
                version: None,
                reason: CancelReason::Staff,
                staff: Some(frontdesk_tenants::StaffOverride::because("test").expect("a reason")),
            };
            nodes[0].cancel(&tenant, &request, &call(), now()).await.expect("cancelled");
            cancelled += 1;
        }
    }
    assert_eq!(cancelled, 4);
    let patient = t.patients(&tenant, 1).await[0];
    let sold = tokio::time::timeout(Duration::from_secs(5), async {
        while book(&nodes[1], &tenant, slots[0].slot, patient, &call()).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
    sold.await.expect("sold again");
    t.check_invariants().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_actor_killed_at_any_moment_loses_nothing_and_doubles_nothing() {
    let t = TestDb::seeded_with(32).await;
    let tenant = t.tenant("nile-heart").await;
    let registry = registry(t.db(), SlotSettings::default()).await;
    let offers = t.free(&tenant, 20).await;
    let patients = t.patients(&tenant, 20).await;
    for (i, (offer, patient)) in offers.iter().zip(&patients).enumerate() {
        let by = call();
        let killer = async {
            // A little later each time, so that every step is met.
            let deadline = Duration::from_micros(200 * i as u64);
            let _ = tokio::time::timeout(deadline, std::future::pending::<()>()).await;
            registry.kill(&tenant, offer.slot)
        };
        let (booked, _) = tokio::join!(book(&registry, &tenant, offer.slot, *patient, &by), killer);
        let booked = booked.expect("booked in spite of the kill");
        let again = book(&registry, &tenant, offer.slot, *patient, &by).await.expect("answered");
        assert!(again.replayed);
        assert_eq!(again.appointment, booked.appointment);
    }
    t.check_invariants().await;
}

/// Waits until the database says so.
async fn until(t: &TestDb, what: &'static str) {
    let seen = tokio::time::timeout(Duration::from_secs(10), async {
        while t.count(what).await == 0 {
            tokio::task::yield_now().await;
        }
    });
    seen.await.expect(what);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_actor_killed_between_any_two_steps_of_a_booking_loses_nothing_and_doubles_nothing() {
    let t = TestDb::seeded_with(16).await;
    let tenant = t.tenant("nile-heart").await;
    let registry = registry(t.db(), SlotSettings::default()).await;
    let steps = [
        ("booking_slots", "UPDATE"),
        ("appointments", "INSERT"),
        ("outbox", "INSERT"),
        ("audit_log", "INSERT"),
        ("idempotency_keys", "INSERT"),
    ];
    let offers = t.free(&tenant, 2 * steps.len() as u32).await;
    let patients = t.patients(&tenant, offers.len()).await;
    let mut pairs = offers.iter().zip(&patients);
    t.execute("CREATE TABLE gate (open boolean)").await;
    t.execute("INSERT INTO gate VALUES (false)").await;
    t.execute("GRANT SELECT ON gate TO frontdesk_app").await;
    // The statement stands still at its step until the gate opens.
    t.execute(
        "CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             WHILE NOT (SELECT open FROM gate) LOOP PERFORM pg_sleep(0.005); END LOOP;
             RETURN NEW;
         END $$",
    )
    .await;
    for (table, verb) in steps {
        for when in ["BEFORE", "AFTER"] {
            let (offer, patient) = pairs.next().expect("enough");
            let trigger = format!(
                "CREATE TRIGGER gate {when} {verb} ON {table}
                 FOR EACH ROW EXECUTE FUNCTION wait_at_gate()"
            );
            t.execute(&trigger).await;
            let by = call();
            let killer = async {
                until(&t, "pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()").await;
                let killed = registry.kill(&tenant, offer.slot);
                t.execute("UPDATE gate SET open = true").await;
                killed
            };
            let asked = book(&registry, &tenant, offer.slot, *patient, &by);
            let (booked, killed) = tokio::join!(asked, killer);
            assert!(killed, "{when} {table}");
            let booked = booked.expect("booked in spite of the kill");
            t.execute(&format!("DROP TRIGGER gate ON {table}")).await;
            t.execute("UPDATE gate SET open = false").await;
            let again = book(&registry, &tenant, offer.slot, *patient, &by).await;
            let again = again.expect("answered");
            assert!(again.replayed && again.appointment == booked.appointment, "{when} {table}");
            t.check_invariants().await;
        }
    }
    assert_eq!(registry.counters().died, 10);
    assert_eq!(t.count("appointments").await, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn actors_are_bounded_and_idle_ones_go_and_a_hold_is_remembered_for_its_holder() {
    let t = TestDb::seeded_with(16).await;
    let tenant = t.tenant("nile-heart").await;
    let settings =
        SlotSettings { max_actors: 3, idle: Duration::from_millis(200), ..Default::default() };
    let registry = registry(t.db(), settings).await;
    let offers = t.free(&tenant, 12).await;
    let patients = t.patients(&tenant, 12).await;
    let tries = patients.iter().zip(&offers).map(|(patient, offer)| {
        let (registry, tenant) = (&registry, &tenant);
        async move { book(registry, tenant, offer.slot, *patient, &call()).await }
    });
    assert_eq!(winners(&join_all(tries).await), 12);
    assert!(registry.counters().actors <= 3);
    let gone = tokio::time::timeout(Duration::from_secs(10), async {
        while registry.counters().actors > 0 {
            tokio::task::yield_now().await;
        }
    });
    gone.await.expect("idle actors go");

    let slot = t.free(&tenant, 1).await[0].slot;
    let holder = call();
    let request = HoldRequest { slot, lasting: HOLD_CALL, release: None };
    let hold = registry.hold(&tenant, request, &holder, now()).await.expect("held");
    let patient = t.patients(&tenant, 1).await[0];
    let other = book(&registry, &tenant, slot, patient, &call()).await;
    assert_eq!(other.expect_err("held").refusal(), Some(Refusal::SlotHeld));
    let confirm = Book { slot, patient, hold: Some(hold), staff: None };
    registry.book(&tenant, confirm, &holder, now()).await.expect("confirmed");
    t.check_invariants().await;
    registry.stop().await;
    assert_eq!(registry.counters().actors, 0);
}
