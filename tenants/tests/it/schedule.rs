//! Generation, tombstones, sudden changes, deactivation.

use frontdesk_tenants::booking::{self, Book, Search, Status, Step};
use frontdesk_tenants::schedule::{self, Absence, Change, Hanging, NewTemplate, Order};
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, Principal, Refusal, Tenant};
use frontdesk_types::{CallId, DoctorId, Offer, SlotId};
use jiff::SignedDuration;
use jiff::civil::Weekday;

const STAFF: Principal = Principal::Job("staff");

const fn order(rebook: bool) -> Order<'static> {
    Order { principal: STAFF, reason: "ill, or new hours", rebook }
}

async fn of_doctor(t: &TestDb, tenant: &Tenant, doctor: DoctorId) -> Vec<Offer> {
    let search = Search { doctor: Some(doctor), ..Default::default() };
    booking::find_free_slots(t.db(), tenant, &search, now(), 5000, &IDS).await.expect("search")
}

async fn book(t: &TestDb, tenant: &Tenant, slot: SlotId) -> booking::Appointment {
    let patient = t.patients(tenant, 1).await[0];
    let request = Book { slot, patient, hold: None, staff: None };
    let by = By::call(CallId::new(&IDS), 1);
    booking::book(t.db(), tenant, &request, &by, now(), &IDS).await.expect("booked").appointment
}

#[tokio::test]
async fn the_horizon_rolls_on_and_a_removed_slot_never_comes_back() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let offers = t.free(&tenant, 10).await;
    schedule::remove_slot(t.db(), &tenant, offers[3].slot, order(false), now())
        .await
        .expect("removed");
    let tomorrow = now() + SignedDuration::from_hours(24);
    let more = schedule::generate(t.db(), &tenant, tomorrow, &IDS).await.expect("generated");
    // Day 91 is a Sunday (21 February 2027): three doctors' shifts.
    assert!(more.made > 0 && more.made < 40, "{more:?}");
    let again = schedule::generate(t.db(), &tenant, tomorrow, &IDS).await.expect("generated");
    assert_eq!(again.made, 0);
    assert!(t.free(&tenant, 100).await.iter().all(|o| o.slot != offers[3].slot));
    let mut conn = t.superuser().await;
    let raised =
        sqlx::query("UPDATE booking_slots SET status = 'free', removal = NULL WHERE id = $1")
            .bind(offers[3].slot.uuid())
            .execute(&mut conn)
            .await;
    assert!(raised.is_err(), "the database let a tombstone be raised");
    t.check_invariants().await;
}

#[tokio::test]
async fn an_absence_is_previewed_refused_and_then_rebooks_with_alternatives() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let offers = t.free(&tenant, 60).await;
    let doctor = offers.iter().find(|o| o.specialty == "cardiology").expect("one").doctor;
    let mine = of_doctor(&t, &tenant, doctor).await;
    let appointment = book(&t, &tenant, mine[2].slot).await;
    let absence = Absence {
        doctor: Some(doctor),
        from: mine[0].starts_at,
        until: mine[0].starts_at + SignedDuration::from_hours(12),
    };
    let change = Change::Absence(absence.clone());
    let impact = schedule::preview(t.db(), &tenant, &change, now()).await.expect("preview");
    assert_eq!(impact.orphaned, std::slice::from_ref(&appointment));
    assert!(impact.lost >= 5, "{impact:?}");
    let refused = schedule::add_absence(t.db(), &tenant, &absence, order(false), now(), &IDS).await;
    assert_eq!(refused.expect_err("refused").refusal(), Some(Refusal::AppointmentsInTheWay));
    assert_eq!(of_doctor(&t, &tenant, doctor).await.len(), mine.len() - 1);

    let (id, done) = schedule::add_absence(t.db(), &tenant, &absence, order(true), now(), &IDS)
        .await
        .expect("applied");
    assert_eq!(done.lost, impact.lost);
    let rebooked = &done.rebooked[0];
    assert_eq!(rebooked.appointment.status, Status::Cancelled);
    assert_eq!(rebooked.alternatives.len(), 3);
    // Alternatives are really free, and of a cardiologist.
    let free = t.free(&tenant, 5000).await;
    for alternative in &rebooked.alternatives {
        let offer = free.iter().find(|o| o.slot == alternative.slot).expect("free");
        assert_eq!(offer.specialty, "cardiology");
    }
    let during = |o: &&Offer| o.starts_at < absence.until;
    assert_eq!(of_doctor(&t, &tenant, doctor).await.iter().filter(during).count(), 0);
    schedule::generate(t.db(), &tenant, now(), &IDS).await.expect("generated");
    assert_eq!(of_doctor(&t, &tenant, doctor).await.iter().filter(during).count(), 0);
    // Well again: the slots come back, with the ids that they had.
    schedule::revoke_absence(t.db(), &tenant, id, now(), &IDS).await.expect("revoked");
    let back: Vec<SlotId> = of_doctor(&t, &tenant, doctor).await.iter().map(|o| o.slot).collect();
    assert_eq!(back, mine.iter().map(|o| o.slot).collect::<Vec<_>>());
    t.check_invariants().await;
}

#[tokio::test]
async fn new_templates_keep_what_fits_and_withdraw_the_rest() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("harbor-family").await;
    let doctor = t.free(&tenant, 1).await[0].doctor;
    let before = of_doctor(&t, &tenant, doctor).await;
    let keep = before.iter().find(|o| o.local_start().weekday() == Weekday::Monday).expect("one");
    let lose = before.iter().find(|o| o.local_start().weekday() == Weekday::Friday).expect("one");
    let kept = book(&t, &tenant, keep.slot).await;
    let lost = book(&t, &tenant, lose.slot).await;
    let template = |weekday, minutes| NewTemplate {
        weekday,
        time_slot: "early".to_owned(),
        slot_minutes: minutes,
        buffer_minutes: 0,
        visit_type: "in_person".to_owned(),
    };
    let new = [template(Weekday::Monday, 30), template(Weekday::Thursday, 60)];
    let change = Change::Templates(doctor, new.to_vec());
    let impact = schedule::preview(t.db(), &tenant, &change, now()).await.expect("preview");
    assert_eq!(impact.orphaned.iter().map(|a| a.id).collect::<Vec<_>>(), [lost.id]);
    let done = schedule::replace_templates(t.db(), &tenant, doctor, &new, order(true), now(), &IDS)
        .await
        .expect("replaced");
    assert_eq!(done.rebooked.len(), 1);
    let days: std::collections::BTreeSet<i8> = of_doctor(&t, &tenant, doctor)
        .await
        .iter()
        .map(|o| o.local_start().weekday().to_monday_one_offset())
        .collect();
    assert_eq!(days, [1, 4].into());
    let mut tx = t.begin("harbor-family").await;
    let still = booking::appointment(&mut tx, kept.id).await.expect("read").expect("there");
    assert_eq!(still.status, Status::Confirmed);
    t.check_invariants().await;
}

#[tokio::test]
async fn a_doctor_goes_only_when_nothing_hangs_on_them_and_history_never_does() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("harbor-family").await;
    let offer = t.free(&tenant, 1).await.remove(0);
    let doctor = offer.doctor;
    let booked = book(&t, &tenant, offer.slot).await;
    let hanging = || schedule::deactivate_doctor(t.db(), &tenant, doctor, STAFF, now());
    assert_eq!(hanging().await.expect("a list"), [Hanging::Appointment(booked.id)]);
    let mut conn = t.superuser().await;
    let forced = sqlx::query("UPDATE doctors SET active = false WHERE id = $1")
        .bind(doctor.uuid())
        .execute(&mut conn)
        .await;
    assert!(forced.is_err(), "the database let a doctor with appointments go");
    let by = By::principal(STAFF);
    booking::advance(t.db(), &tenant, booked.id, Step::Arrived, &by, now()).await.expect("in");
    booking::advance(t.db(), &tenant, booked.id, Step::Over, &by, now()).await.expect("done");
    assert_eq!(hanging().await.expect("done"), []);
    assert!(of_doctor(&t, &tenant, doctor).await.is_empty());
    schedule::generate(t.db(), &tenant, now(), &IDS).await.expect("generated");
    assert!(of_doctor(&t, &tenant, doctor).await.is_empty());
    let clinic = schedule::deactivate_clinic(t.db(), &tenant, STAFF, now()).await;
    assert_eq!(clinic.expect("a list").len(), 2);
    for other in frontdesk_tenants::directory::doctors(&mut t.begin("harbor-family").await)
        .await
        .expect("doctors")
    {
        let gone = schedule::deactivate_doctor(t.db(), &tenant, other.id, STAFF, now()).await;
        assert_eq!(gone.expect("gone"), []);
    }
    let gone = schedule::deactivate_clinic(t.db(), &tenant, STAFF, now()).await;
    assert_eq!(gone.expect("gone"), []);
    let clinic = frontdesk_tenants::directory::clinic_by_slug(t.db(), "harbor-family").await;
    assert_eq!(clinic.expect("read").expect("there").tenant(), None);
    t.check_invariants().await;
}
