//! A double visit takes two neighbouring slots of one doctor, or none; and holidays take slots away.

use std::sync::Arc;

use frontdesk_tenants::booking::{self, Double, Search};
use frontdesk_tenants::holidays;
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, Error, Principal, Refusal, Tenant};
use frontdesk_types::{CallId, DoctorId, Offer};
use jiff::civil::date;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const STAFF: By = By::principal(Principal::Job("test"));

fn call() -> By {
    By::call(CallId::new(&IDS), 1)
}

/// The first slots of the doctor who has the first of all.
async fn of_one_doctor(t: &TestDb, tenant: &Tenant, count: usize) -> Vec<Offer> {
    let first = t.free(tenant, 1).await.remove(0);
    of(t, tenant, first.doctor, count).await
}

async fn of(t: &TestDb, tenant: &Tenant, doctor: DoctorId, count: usize) -> Vec<Offer> {
    let search = Search { doctor: Some(doctor), ..Default::default() };
    let limit = u32::try_from(count).expect("small");
    booking::find_free_slots(t.db(), tenant, &search, now(), limit, &IDS).await.expect("search")
}

async fn book(
    t: &TestDb,
    tenant: &Tenant,
    who: VerifiedPatient,
    slots: [&Offer; 2],
    by: &By,
) -> Result<(), Error> {
    let request =
        Double { slots: slots.map(|offer| offer.slot), patient: who, holds: [None, None] };
    booking::book_double(t.db(), tenant, &request, by, now(), &IDS).await.map(|(first, second)| {
        assert_eq!(first.appointment.starts_at, slots[0].starts_at);
        assert_eq!(second.starts_at, slots[1].starts_at);
        assert_ne!(first.appointment.reference, second.reference);
    })
}

fn refusal(result: Result<(), Error>) -> Refusal {
    let error = result.expect_err("refused");
    error.refusal().unwrap_or_else(|| panic!("{error:?}"))
}

#[tokio::test]
async fn both_slots_are_taken_and_the_same_key_answers_the_same() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let who = t.patients(&tenant, 1).await[0];
    let slots = of_one_doctor(&t, &tenant, 4).await;
    let by = call();
    for _ in 0..2 {
        book(&t, &tenant, who, [&slots[0], &slots[1]], &by).await.expect("both");
    }
    let left = of(&t, &tenant, slots[0].doctor, 10).await;
    assert!(left.iter().all(|free| free.slot != slots[0].slot && free.slot != slots[1].slot));
}

#[tokio::test]
async fn what_is_no_neighbour_or_taken_leaves_both_free() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let who = t.patients(&tenant, 2).await;
    let slots = of_one_doctor(&t, &tenant, 4).await;
    let apart = book(&t, &tenant, who[0], [&slots[0], &slots[2]], &call()).await;
    assert_eq!(refusal(apart), Refusal::SlotUnavailable);
    let backwards = book(&t, &tenant, who[0], [&slots[1], &slots[0]], &call()).await;
    assert_eq!(refusal(backwards), Refusal::SlotUnavailable);
    let one = booking::Book { slot: slots[1].slot, patient: who[1], hold: None, staff: None };
    booking::book(t.db(), &tenant, &one, &call(), now(), &IDS).await.expect("booked");
    let half = book(&t, &tenant, who[0], [&slots[0], &slots[1]], &call()).await;
    assert_eq!(refusal(half), Refusal::SlotTaken);
    let left = of(&t, &tenant, slots[0].doctor, 3).await;
    assert_eq!(left[0].slot, slots[0].slot, "the first is not left taken");
}

#[tokio::test]
async fn of_many_who_want_slots_that_overlap_each_gets_two_or_none() {
    const CALLERS: usize = 12;
    let t = Arc::new(TestDb::seeded_with(16).await);
    let tenant = t.tenant("nile-heart").await;
    let who = t.patients(&tenant, CALLERS).await;
    let slots = of_one_doctor(&t, &tenant, 5).await;
    let barrier = Arc::new(Barrier::new(CALLERS));
    let mut tasks = JoinSet::new();
    for n in 0..CALLERS {
        let (t, tenant, who, barrier) = (Arc::clone(&t), tenant, who[n], Arc::clone(&barrier));
        let pair = [slots[n % 4].clone(), slots[n % 4 + 1].clone()];
        tasks.spawn(async move {
            barrier.wait().await;
            let done = book(&t, &tenant, who, [&pair[0], &pair[1]], &call()).await;
            if let Err(error) = &done {
                assert_eq!(error.refusal(), Some(Refusal::SlotTaken), "{error:?}");
            }
            done.is_ok()
        });
    }
    let won = tasks.join_all().await.into_iter().filter(|won| *won).count();
    assert!((1..=2).contains(&won), "{won} of slots for two");
    let left = of(&t, &tenant, slots[0].doctor, 5).await;
    let kept = slots.iter().filter(|slot| left.iter().any(|free| free.slot == slot.slot)).count();
    assert_eq!(kept, 5 - 2 * won, "two slots for each who won, none for the others");
}

#[tokio::test]
async fn a_closed_holiday_has_no_free_slots_until_the_staff_opens_it() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("harbor-family").await;
    let day = date(2026, 11, 26);
    let search = Search {
        from: Some("2026-11-26T05:00:00Z".parse().expect("valid")),
        until: Some("2026-11-27T05:00:00Z".parse().expect("valid")),
        ..Default::default()
    };
    let free = async || {
        let found = booking::find_free_slots(t.db(), &tenant, &search, now(), 50, &IDS).await;
        found.expect("search").len()
    };
    assert_eq!(free().await, 0, "Thanksgiving");
    let mut tx = t.begin("harbor-family").await;
    let all = holidays::list(&mut tx).await.expect("listed");
    let mut own = all.iter().find(|holiday| holiday.day == day).expect("seeded").clone();
    assert_eq!(own.holiday.as_deref(), Some("thanksgiving"));
    own.closed = false;
    holidays::set(&mut tx, &own, "the staff", &STAFF, now()).await.expect("changed");
    tx.commit().await.expect("commit");
    assert!(free().await > 0);
}
