//! The life of an appointment, one caller at a time.

use std::time::Duration;

use frontdesk_tenants::booking::{
    self, Assign, Book, Booked, Cancel, CancelReason, HOLD_CALL, HoldRequest, Move, Search,
    SlotState, Status, Step,
};
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_tenants::schedule::Order;
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, Error, Principal, Refusal, StaffOverride, Tenant, TenantTx, patient};
use frontdesk_types::{CallId, Offer, UserId};
use jiff::{SignedDuration, Timestamp};

fn call() -> By {
    By::call(CallId::new(&IDS), 1)
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> Refusal {
    let error = result.expect_err("refused");
    error.refusal().unwrap_or_else(|| panic!("{error:?}"))
}

struct Desk {
    t: TestDb,
    tenant: Tenant,
    who: VerifiedPatient,
}

impl Desk {
    async fn open() -> Self {
        let t = TestDb::seeded().await;
        let tenant = t.tenant("nile-heart").await;
        let who = t.patients(&tenant, 1).await[0];
        Self { t, tenant, who }
    }

    async fn offers(&self, from_hours: i64, limit: u32) -> Vec<Offer> {
        let from = now() + SignedDuration::from_hours(from_hours);
        let search = Search { from: Some(from), ..Default::default() };
        let mut offers =
            booking::find_free_slots(self.t.db(), &self.tenant, &search, now(), 4 * limit, &IDS)
                .await
                .expect("search");
        // One per time: a patient is at one doctor at once.
        offers.dedup_by_key(|offer| offer.starts_at);
        offers.truncate(usize::try_from(limit).expect("small"));
        offers
    }

    async fn book(&self, offer: &Offer, by: &By, at: Timestamp) -> Result<Booked, Error> {
        let request = Book { slot: offer.slot, patient: self.who, hold: None, staff: None };
        booking::book(self.t.db(), &self.tenant, &request, by, at, &IDS).await
    }

    fn cancel_request(&self, booked: &Booked) -> Cancel {
        Cancel {
            appointment: booked.appointment.id,
            patient: Some(self.who),
            version: None,
            reason: CancelReason::Patient,
            staff: None,
        }
    }

    fn move_request(&self, booked: &Booked, to: &Offer) -> Move {
        Move {
            appointment: booked.appointment.id,
            patient: Some(self.who),
            version: None,
            slot: to.slot,
            hold: None,
            staff: None,
        }
    }
}

#[tokio::test]
async fn a_caller_who_gave_no_name_books_the_first_free_slot_in_one_step() {
    let t = TestDb::seeded().await;
    let tenant = t.tenant("nile-heart").await;
    let by = call();
    let mut tx = TenantTx::begin(t.db(), &tenant).await.expect("begin");
    let who =
        patient::register_provisional(&mut tx, None, &by, now(), &IDS).await.expect("patient");
    tx.commit().await.expect("commit");
    let offers = t.free(&tenant, 3).await;
    assert_eq!(offers[0].local_start().to_string(), "2026-11-22T09:00:00+02:00[Africa/Cairo]");
    let request = Book { slot: offers[0].slot, patient: who, hold: None, staff: None };
    let booked = booking::book(t.db(), &tenant, &request, &by, now(), &IDS).await.expect("booked");
    assert_eq!(booked.appointment.status, Status::Confirmed);
    let again = booking::book(t.db(), &tenant, &request, &by, now(), &IDS).await.expect("booked");
    assert!(again.replayed && !booked.replayed);
    assert_eq!(again.appointment, booked.appointment);
    assert!(t.free(&tenant, 50).await.iter().all(|offer| offer.slot != offers[0].slot));
}

#[tokio::test]
async fn a_key_answers_once_refuses_another_request_and_forgets_after_a_day() {
    let desk = Desk::open().await;
    let offers = desk.offers(24 * 7, 4).await;
    let by = call();
    let first = desk.book(&offers[0], &by, now()).await.expect("booked");
    assert_eq!(refused(desk.book(&offers[1], &by, now()).await), Refusal::KeyReused);
    // Refusals are kept too: what was too far stays so under the same key.
    let other = call();
    let far = now() - SignedDuration::from_hours(24 * 100);
    assert_eq!(refused(desk.book(&offers[1], &other, far).await), Refusal::TooFar);
    let later = far + SignedDuration::from_hours(23);
    assert_eq!(refused(desk.book(&offers[1], &other, later).await), Refusal::TooFar);
    // Another principal may use the same key.
    let user =
        By::principal(Principal::User(UserId::new(&IDS))).with_key(by.key.clone().expect("a key"));
    desk.book(&offers[1], &user, now()).await.expect("booked");
    let tomorrow = now() + SignedDuration::from_hours(25);
    assert_eq!(refused(desk.book(&offers[0], &by, tomorrow).await), Refusal::SlotTaken);
    assert!(!first.replayed);
    desk.t.check_invariants().await;
}

#[tokio::test]
async fn lead_time_window_and_unknown_slots_are_refused_and_nothing_is_written() {
    let desk = Desk::open().await;
    let offer = &desk.offers(24, 1).await[0];
    let soon = offer.starts_at - SignedDuration::from_mins(29);
    assert_eq!(refused(desk.book(offer, &call(), soon).await), Refusal::TooSoon);
    let far = offer.starts_at - SignedDuration::from_hours(24 * 90 + 1);
    assert_eq!(refused(desk.book(offer, &call(), far).await), Refusal::TooFar);
    let mut nowhere = offer.clone();
    nowhere.slot = frontdesk_types::SlotId::new(&IDS);
    assert_eq!(refused(desk.book(&nowhere, &call(), now()).await), Refusal::SlotUnknown);
    let just = offer.starts_at - SignedDuration::from_mins(30);
    desk.book(offer, &call(), just).await.expect("just in time");
}

#[tokio::test]
async fn a_hold_keeps_others_out_until_it_expires_and_only_its_latest_fence_confirms() {
    let desk = Desk::open().await;
    let (db, tenant) = (desk.t.db(), &desk.tenant);
    let offers = desk.offers(24, 3).await;
    let by = call();
    let request = HoldRequest { slot: offers[0].slot, lasting: HOLD_CALL, release: None };
    let first = booking::hold(db, tenant, &request, &by, now(), &IDS).await.expect("held");
    assert_eq!(refused(desk.book(&offers[0], &call(), now()).await), Refusal::SlotHeld);
    // The holder still sees it as theirs, others do not see it.
    let seen = |holder: Option<Principal>| {
        let search = Search { holder, from: Some(offers[0].starts_at), ..Default::default() };
        async move {
            let found = booking::find_free_slots(db, tenant, &search, now(), 3, &IDS).await;
            found.expect("search")
        }
    };
    assert_eq!(seen(Some(by.principal)).await[0].slot, offers[0].slot);
    assert!(seen(None).await.iter().all(|offer| offer.slot != offers[0].slot));

    let later = now() + SignedDuration::from_secs(30);
    let renewed = booking::hold(db, tenant, &request, &by, later, &IDS).await.expect("renewed");
    assert_eq!(renewed.id, first.id);
    assert!(renewed.fence > first.fence && renewed.until > first.until);
    // A worker that slept through the takeover of its call.
    let confirm = |hold| {
        let request = Book { slot: offers[0].slot, patient: desk.who, hold, staff: None };
        let by = call();
        async move { booking::book(db, tenant, &request, &by, later, &IDS).await }
    };
    assert_eq!(refused(confirm(Some(first)).await), Refusal::HoldLost);
    confirm(Some(renewed)).await.expect("confirmed");

    // Choosing another offer gives the first one back.
    let request = HoldRequest { slot: offers[1].slot, lasting: HOLD_CALL, release: None };
    booking::hold(db, tenant, &request, &by, now(), &IDS).await.expect("held");
    let request =
        HoldRequest { slot: offers[2].slot, lasting: HOLD_CALL, release: Some(offers[1].slot) };
    let hold = booking::hold(db, tenant, &request, &by, now(), &IDS).await.expect("held");
    let state = booking::slot_state(db, tenant, offers[1].slot, now()).await.expect("state");
    assert_eq!(state, Some(SlotState::Free));
    // Expiry is judged without a sweeper.
    let state = booking::slot_state(db, tenant, offers[2].slot, hold.until).await.expect("state");
    assert_eq!(state, Some(SlotState::Free));
    let other = call();
    let retaken = booking::hold(db, tenant, &request, &other, hold.until, &IDS).await;
    assert_ne!(retaken.expect("held").id, hold.id);
    assert!(!booking::release(db, tenant, &hold).await.expect("gone"));
    desk.t.check_invariants().await;
}

#[tokio::test]
async fn a_hold_ends_after_ten_minutes_however_often_it_is_renewed() {
    let desk = Desk::open().await;
    let slot = desk.offers(24, 1).await[0].slot;
    let request = HoldRequest { slot, lasting: Duration::from_mins(5), release: None };
    let by = call();
    let mut until = now();
    for minute in [0, 4, 8, 9] {
        let at = now() + SignedDuration::from_mins(minute);
        let hold = booking::hold(desk.t.db(), &desk.tenant, &request, &by, at, &IDS).await;
        until = hold.expect("held").until;
    }
    assert_eq!(until, now() + SignedDuration::from_mins(10));
}

#[tokio::test]
async fn a_move_takes_the_new_slot_and_frees_the_old_one_or_does_nothing() {
    let desk = Desk::open().await;
    let (db, tenant) = (desk.t.db(), &desk.tenant);
    let offers = desk.offers(24 * 7, 3).await;
    let booked = desk.book(&offers[0], &call(), now()).await.expect("booked");
    let other = desk.t.patients(tenant, 1).await[0];
    let request = Book { slot: offers[1].slot, patient: other, hold: None, staff: None };
    booking::book(db, tenant, &request, &call(), now(), &IDS).await.expect("booked");

    let request = desk.move_request(&booked, &offers[1]);
    let result = booking::reschedule(db, tenant, &request, &call(), now()).await;
    assert_eq!(refused(result), Refusal::SlotTaken);
    let mut wrong = desk.move_request(&booked, &offers[2]);
    wrong.patient = Some(other);
    let result = booking::reschedule(db, tenant, &wrong, &call(), now()).await;
    assert_eq!(refused(result), Refusal::AppointmentUnknown);
    wrong = desk.move_request(&booked, &offers[2]);
    wrong.version = Some(booked.appointment.version + 1);
    let result = booking::reschedule(db, tenant, &wrong, &call(), now()).await;
    assert_eq!(refused(result), Refusal::VersionMismatch);
    desk.t.check_invariants().await;

    let request = desk.move_request(&booked, &offers[2]);
    let by = call();
    let moved = booking::reschedule(db, tenant, &request, &by, now()).await.expect("moved");
    assert_eq!(moved.appointment.slot, offers[2].slot);
    assert_eq!(moved.appointment.id, booked.appointment.id);
    assert_eq!(moved.appointment.reference, booked.appointment.reference);
    let state = booking::slot_state(db, tenant, offers[0].slot, now()).await.expect("state");
    assert_eq!(state, Some(SlotState::Free));
    assert!(booking::reschedule(db, tenant, &request, &by, now()).await.expect("again").replayed);
    desk.t.check_invariants().await;
}

#[tokio::test]
async fn near_the_visit_only_the_staff_or_the_booking_call_itself_changes_it() {
    let desk = Desk::open().await;
    let (db, tenant) = (desk.t.db(), &desk.tenant);
    let offers = desk.offers(3, 4).await;
    let mine = CallId::new(&IDS);
    let booked = desk.book(&offers[0], &By::call(mine, 1), now()).await.expect("booked");
    let request = desk.cancel_request(&booked);
    let result = booking::cancel(db, tenant, &request, &call(), now()).await;
    assert_eq!(refused(result), Refusal::TooLate);
    // A caller corrects themselves in the same call: the booking moves, then goes.
    let correction = desk.move_request(&booked, &offers[3]);
    booking::reschedule(db, tenant, &correction, &By::call(mine, 2), now()).await.expect("moved");
    booking::cancel(db, tenant, &request, &By::call(mine, 3), now()).await.expect("cancelled");

    let again = desk.book(&offers[1], &call(), now()).await.expect("booked");
    let mut request = desk.cancel_request(&again);
    assert!(StaffOverride::because("  ").is_err());
    request.staff = Some(StaffOverride::because("patient is in hospital").expect("a reason"));
    request.reason = CancelReason::Staff;
    let staff = By::principal(Principal::User(UserId::new(&IDS)));
    let cancelled = booking::cancel(db, tenant, &request, &staff, now()).await.expect("cancelled");
    assert_eq!(cancelled.appointment.status, Status::Cancelled);
    let mut conn = desk.t.superuser().await;
    let reasons: Vec<String> = sqlx::query_scalar(
        "SELECT reason FROM audit_log WHERE reason IS NOT NULL AND entity_id = $1",
    )
    .bind(again.appointment.id.uuid())
    .fetch_all(&mut conn)
    .await
    .expect("audit");
    assert_eq!(reasons, ["patient is in hospital"]);
    desk.t.check_invariants().await;
}

#[tokio::test]
async fn an_override_takes_a_blocked_or_held_slot_but_never_the_appointment_of_another() {
    let desk = Desk::open().await;
    let (db, tenant) = (desk.t.db(), &desk.tenant);
    let offers = desk.offers(24, 3).await;
    let job = Principal::User(UserId::new(&IDS));
    let order = Order { principal: job, reason: "", rebook: false };
    frontdesk_tenants::schedule::block_slot(db, tenant, offers[0].slot, order, now())
        .await
        .expect("blocked");
    assert_eq!(refused(desk.book(&offers[0], &call(), now()).await), Refusal::SlotUnavailable);
    let hold = HoldRequest { slot: offers[1].slot, lasting: HOLD_CALL, release: None };
    let held = booking::hold(db, tenant, &hold, &call(), now(), &IDS).await.expect("held");
    let staff = By::principal(job);
    let patients = desk.t.patients(tenant, 3).await;
    let force = |slot, patient| {
        let reason = StaffOverride::because("urgent").expect("a reason");
        let request = Book { slot, patient, hold: None, staff: Some(reason) };
        let staff = staff.clone();
        async move { booking::book(db, tenant, &request, &staff, now(), &IDS).await }
    };
    force(offers[0].slot, patients[0]).await.expect("booked");
    force(offers[1].slot, patients[1]).await.expect("booked");
    assert_eq!(refused(force(offers[1].slot, patients[2]).await), Refusal::SlotTaken);
    let confirm =
        Book { slot: offers[1].slot, patient: patients[2], hold: Some(held), staff: None };
    let lost = booking::book(db, tenant, &confirm, &call(), now(), &IDS).await;
    assert_eq!(refused(lost), Refusal::SlotTaken);
    desk.t.check_invariants().await;
}

#[tokio::test]
async fn a_visit_goes_its_way_and_no_other() {
    let desk = Desk::open().await;
    let (db, tenant) = (desk.t.db(), &desk.tenant);
    let offers = desk.offers(24, 2).await;
    let booked = desk.book(&offers[0], &call(), now()).await.expect("booked");
    let id = booked.appointment.id;
    let by = By::principal(Principal::User(UserId::new(&IDS)));
    let result = booking::advance(db, tenant, id, Step::Over, &by, now()).await;
    assert_eq!(refused(result), Refusal::WrongStatus);
    assert_eq!(
        refused(booking::advance(db, tenant, id, Step::Missed, &by, now()).await),
        Refusal::TooSoon
    );
    booking::advance(db, tenant, id, Step::Arrived, &by, now()).await.expect("in");
    let done = booking::advance(db, tenant, id, Step::Over, &by, now()).await.expect("done");
    assert_eq!(done.appointment.status, Status::Completed);

    let missed = desk.book(&offers[1], &call(), now()).await.expect("booked").appointment.id;
    let after = offers[1].ends_at;
    let done =
        booking::advance(db, tenant, missed, Step::Missed, &by, after).await.expect("missed");
    assert_eq!(done.appointment.status, Status::NoShow);
    desk.t.check_invariants().await;

    // No other move is legal, whoever writes.
    let mut conn = desk.t.superuser().await;
    let moves: Vec<(String, String)> =
        sqlx::query_as("SELECT from_status, to_status FROM appointment_moves ORDER BY 1, 2")
            .fetch_all(&mut conn)
            .await
            .expect("moves");
    let legal = [
        ("checked_in", "cancelled"),
        ("checked_in", "completed"),
        ("confirmed", "cancelled"),
        ("confirmed", "checked_in"),
        ("confirmed", "no_show"),
        ("scheduled", "cancelled"),
        ("scheduled", "confirmed"),
    ];
    assert_eq!(moves, legal.map(|(from, to)| (from.to_owned(), to.to_owned())));
    let mut app = desk.t.superuser().await;
    let illegal = sqlx::query("UPDATE appointments SET status = 'confirmed' WHERE id = $1")
        .bind(id.uuid())
        .execute(&mut app)
        .await;
    assert!(illegal.is_err(), "the database let a completed visit be confirmed");
}

#[tokio::test]
async fn a_visit_that_is_not_paid_in_time_is_cancelled_and_a_paid_one_confirmed() {
    let desk = Desk::open().await;
    let (db, tenant) = (desk.t.db(), &desk.tenant);
    desk.t.execute("UPDATE clinics SET prepayment = true").await;
    let offers = desk.offers(24 * 7, 2).await;
    let unpaid = desk.book(&offers[0], &call(), now()).await.expect("booked");
    let paid = desk.book(&offers[1], &call(), now()).await.expect("booked");
    assert_eq!(unpaid.appointment.status, Status::Scheduled);
    let deadline = unpaid.appointment.payment_deadline.expect("a deadline");
    let job = By::principal(Principal::Job("payments"));
    booking::advance(db, tenant, paid.appointment.id, Step::Paid, &job, now()).await.expect("paid");
    assert_eq!(booking::expire_unpaid(db, tenant, &job, now()).await.expect("none"), 0);
    assert_eq!(booking::expire_unpaid(db, tenant, &job, deadline).await.expect("one"), 1);
    let mut tx = desk.t.begin("nile-heart").await;
    let mine = booking::appointments_of(&mut tx, &desk.who).await.expect("appointments");
    let statuses: Vec<Status> = mine.iter().map(|a| a.status).collect();
    assert_eq!(statuses, [Status::Cancelled, Status::Confirmed]);
    let by_reference =
        booking::appointment_by_reference(&mut tx, &desk.who, paid.appointment.reference).await;
    assert_eq!(by_reference.expect("found").expect("mine").id, paid.appointment.id);
    desk.t.check_invariants().await;
}

#[tokio::test]
async fn the_system_assigns_the_least_loaded_doctor_and_respects_the_patients_other_visits() {
    let desk = Desk::open().await;
    let (db, tenant) = (desk.t.db(), &desk.tenant);
    // On Sunday morning a cardiologist and a pediatrician are in.
    let offers = desk.t.free(tenant, 8).await;
    let patients = desk.t.patients(tenant, 4).await;
    let at = offers[4].starts_at;
    let ask = |patient, from, until| {
        let request =
            Assign { patient, doctor: None, specialty: None, from, until, visit_type: None };
        let by = call();
        async move { booking::book_assigned(db, tenant, &request, &by, now(), &IDS).await }
    };
    // Load the first doctor.
    let request = Book { slot: offers[0].slot, patient: patients[0], hold: None, staff: None };
    booking::book(db, tenant, &request, &call(), now(), &IDS).await.expect("booked");
    let first = ask(patients[1], at, at).await.expect("assigned").appointment;
    assert_ne!(first.doctor, offers[0].doctor);
    let second = ask(patients[2], at, at).await.expect("assigned").appointment;
    assert_ne!(second.doctor, first.doctor);
    assert_eq!(refused(ask(patients[3], at, at).await), Refusal::NoFreeSlot);
    let next = ask(patients[3], at, at + SignedDuration::from_hours(8)).await.expect("assigned");
    assert!(next.appointment.starts_at > at);
    // The patient who is elsewhere at the first free time gets the next.
    let busy = ask(patients[3], next.appointment.starts_at, next.appointment.starts_at).await;
    assert_eq!(refused(busy), Refusal::PatientBusy);
    let later = ask(patients[3], next.appointment.starts_at, at + SignedDuration::from_hours(8));
    assert!(later.await.expect("assigned").appointment.starts_at >= next.appointment.ends_at);
    desk.t.check_invariants().await;
}

#[tokio::test]
async fn a_search_knows_specialty_doctor_and_part_of_the_day() {
    let desk = Desk::open().await;
    let (db, tenant) = (desk.t.db(), &desk.tenant);
    let find = |search: Search| async move {
        booking::find_free_slots(db, tenant, &search, now(), 200, &IDS).await.expect("search")
    };
    let children =
        find(Search { specialty: Some("pediatrics".to_owned()), ..Default::default() }).await;
    assert!(children.len() > 10 && children.iter().all(|o| o.doctor_name == "Peter Collins"));
    let afternoon = find(Search {
        local_from: Some(jiff::civil::time(12, 0, 0, 0)),
        local_until: Some(jiff::civil::time(17, 0, 0, 0)),
        ..Default::default()
    })
    .await;
    assert!(!afternoon.is_empty());
    assert!(afternoon.iter().all(|o| (12..17).contains(&o.local_start().hour())));
    let doctor = afternoon[0].doctor;
    let of_doctor = find(Search { doctor: Some(doctor), ..Default::default() }).await;
    assert!(of_doctor.iter().all(|o| o.doctor == doctor));
    assert!(of_doctor.is_sorted_by_key(|o| o.starts_at));
    let words = frontdesk_tenants::directory::specialty_words(db, "en").await.expect("words");
    assert!(words.contains(&("heart doctor".to_owned(), "cardiology".to_owned())));
}
