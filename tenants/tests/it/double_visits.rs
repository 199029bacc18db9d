//! A double visit takes two neighbouring slots of one doctor, or none; and holidays take slots away.

use std::sync::Arc;

use frontdesk_tenants::booking::{self, Appointment, CancelDouble, Double, MoveDouble, Search};
use frontdesk_tenants::holidays;
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, Error, Principal, Refusal, Tenant};
use frontdesk_types::{AppointmentId, CallId, DoctorId, Offer};
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

/// A double visit of a patient, and what else is free with its doctor, soonest first.
struct Booked {
    t: TestDb,
    tenant: Tenant,
    who: VerifiedPatient,
    halves: [AppointmentId; 2],
    free: Vec<Offer>,
    /// The call that booked it, which may change it at short notice.
    by: By,
}

impl Booked {
    async fn new() -> Self {
        let t = TestDb::seeded().await;
        let tenant = t.tenant("nile-heart").await;
        let who = t.patients(&tenant, 1).await[0];
        let mut free = of_one_doctor(&t, &tenant, 12).await;
        let by = call();
        book(&t, &tenant, who, [&free[0], &free[1]], &by).await.expect("both");
        free.drain(..2);
        let mut own = Self { t, tenant, who, halves: [AppointmentId::new(&IDS); 2], free, by };
        let all = own.appointments().await;
        assert!(all[0].is_followed_by(&all[1]) && !all[1].is_followed_by(&all[0]));
        own.halves = [all[0].id, all[1].id];
        own
    }

    /// All of the patient, by start.
    async fn appointments(&self) -> Vec<Appointment> {
        let mut tx = self.t.begin("nile-heart").await;
        let all = booking::appointments_of(&mut tx, &self.who).await.expect("read");
        tx.commit().await.expect("commit");
        all
    }

    /// Starts of those that stand.
    async fn live(&self) -> Vec<jiff::Timestamp> {
        let all = self.appointments().await;
        all.iter().filter(|one| one.status.is_live()).map(|one| one.starts_at).collect()
    }

    async fn cancel(&self, key: u32) -> Result<(), Error> {
        let request = CancelDouble { appointments: self.halves, patient: self.who };
        let by = By { key: Some(key.to_string()), ..self.by.clone() };
        booking::cancel_double(self.t.db(), &self.tenant, &request, &by, now()).await.map(|_| ())
    }

    async fn go(
        &self,
        second: Option<AppointmentId>,
        to: [Option<&Offer>; 2],
    ) -> Result<(), Error> {
        let request = MoveDouble {
            first: self.halves[0],
            second,
            patient: self.who,
            slot: to[0].expect("somewhere").slot,
            second_slot: to[1].map(|offer| offer.slot),
            holds: [None, None],
        };
        let by = By { key: None, ..self.by.clone() };
        let (t, tenant) = (&self.t, &self.tenant);
        let (first, other) =
            booking::move_double(t.db(), tenant, &request, &by, now(), &IDS).await?;
        assert_eq!(Some(first.appointment.slot), to[0].map(|offer| offer.slot));
        assert_eq!(other.as_ref().map(|one| one.slot), to[1].map(|offer| offer.slot));
        Ok(())
    }
}

fn starts(offers: &[&Offer]) -> Vec<jiff::Timestamp> {
    offers.iter().map(|offer| offer.starts_at).collect()
}

#[tokio::test]
async fn both_halves_are_cancelled_or_neither_and_the_same_key_answers_the_same() {
    let own = Booked::new().await;
    for _ in 0..2 {
        own.cancel(7).await.expect("both");
    }
    assert!(own.live().await.is_empty());
    assert_eq!(refusal(own.cancel(8).await), Refusal::WrongStatus);

    let own = Booked::new().await;
    let one = booking::Cancel {
        appointment: own.halves[1],
        patient: Some(own.who),
        version: None,
        reason: booking::CancelReason::Patient,
        staff: None,
    };
    let by = By { key: None, ..own.by.clone() };
    booking::cancel(own.t.db(), &own.tenant, &one, &by, now()).await.expect("one half");
    assert_eq!(refusal(own.cancel(9).await), Refusal::WrongStatus);
    assert_eq!(own.live().await.len(), 1, "the other half stands");
    let all = own.appointments().await;
    assert!(!all[0].is_followed_by(&all[1]), "it is no double visit any more");
}

#[tokio::test]
async fn both_halves_move_or_neither() {
    let own = Booked::new().await;
    let [a, b, c, d] = [&own.free[0], &own.free[1], &own.free[2], &own.free[3]];
    let second = Some(own.halves[1]);
    own.go(second, [Some(a), Some(b)]).await.expect("moved");
    assert_eq!(own.live().await, starts(&[a, b]));
    let all = own.appointments().await;
    assert!(all[0].is_followed_by(&all[1]), "a double visit still");

    let apart = own.go(second, [Some(c), Some(a)]).await;
    assert_eq!(refusal(apart), Refusal::SlotUnavailable);
    let other = own.t.patients(&own.tenant, 2).await[1];
    let one = booking::Book { slot: d.slot, patient: other, hold: None, staff: None };
    booking::book(own.t.db(), &own.tenant, &one, &call(), now(), &IDS).await.expect("booked");
    let half = own.go(second, [Some(c), Some(d)]).await;
    assert_eq!(refusal(half), Refusal::SlotTaken);
    assert_eq!(own.live().await, starts(&[a, b]), "nothing has moved");
}

#[tokio::test]
async fn a_double_visit_moves_to_another_doctor_at_times_that_overlap_its_own() {
    let own = Booked::new().await;
    let mine = own.appointments().await;
    let search = Search::default();
    let all = booking::find_free_slots(own.t.db(), &own.tenant, &search, now(), 400, &IDS);
    let all = all.await.expect("search");
    // Somebody else's pair that begins when the second half does.
    let pair = all.iter().find_map(|first| {
        let near = first.doctor != mine[0].doctor
            && first.starts_at < mine[1].ends_at
            && mine[0].starts_at < first.ends_at;
        let next = all.iter().find(|next| {
            next.doctor == first.doctor
                && next.starts_at >= first.ends_at
                && next.slot != first.slot
        })?;
        near.then_some((first, next))
    });
    let Some((first, next)) = pair else { panic!("the demo clinic has two doctors at a time") };
    own.go(Some(own.halves[1]), [Some(first), Some(next)]).await.expect("moved");
    assert_eq!(own.live().await, starts(&[first, next]));
}

#[tokio::test]
async fn a_visit_becomes_single_and_double_again_in_one_step() {
    let own = Booked::new().await;
    let [a, b, c] = [&own.free[0], &own.free[1], &own.free[2]];
    own.go(Some(own.halves[1]), [Some(a), None]).await.expect("moved");
    assert_eq!(own.live().await, starts(&[a]));
    own.go(None, [Some(b), Some(c)]).await.expect("moved");
    assert_eq!(own.live().await, starts(&[b, c]));
    let all = own.appointments().await;
    let live: Vec<_> = all.iter().filter(|one| one.status.is_live()).collect();
    assert!(live[0].is_followed_by(live[1]));
}

#[tokio::test]
async fn of_many_who_change_one_double_visit_one_decides() {
    let own = Arc::new(Booked::new().await);
    let barrier = Arc::new(Barrier::new(8));
    let mut tasks = JoinSet::new();
    for n in 0..8_usize {
        let (own, barrier) = (Arc::clone(&own), Arc::clone(&barrier));
        tasks.spawn(async move {
            barrier.wait().await;
            if n % 2 == 0 {
                return own.cancel(100 + u32::try_from(n).expect("small")).await.is_ok();
            }
            let to = [Some(&own.free[n - 1]), Some(&own.free[n])];
            // Moved first and cancelled then is right as well.
            let _ = own.go(Some(own.halves[1]), to).await;
            false
        });
    }
    let cancelled = tasks.join_all().await.into_iter().filter(|done| *done).count();
    assert_eq!(cancelled, 1);
    assert!(own.live().await.is_empty(), "no half is left");
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
