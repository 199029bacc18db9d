//! Measured: a day of slots for 1,000 clinics of 10 doctors, and bookings meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use frontdesk_tenants::booking::{Book, Cancel, CancelReason, book, cancel};
use frontdesk_tenants::schedule::horizon;
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, StaffOverride, Tenant};
use frontdesk_types::CallId;
use jiff::SignedDuration;

const CLINICS: u32 = 1000;
const BOOKERS: usize = 4;

/// Clinics whose slots are there up to the day before the last one.
async fn fill(t: &TestDb) {
    for sql in [
        format!(
            "INSERT INTO clinics (id, slug, kind, name, country, time_zone, languages,
                 emergency_number, phone, address)
             SELECT gen_random_uuid(), 'bench-' || c, 'clinic', 'Bench', 'EG', 'Africa/Cairo',
                    '{{en}}', '123', '+20222222222', '' FROM generate_series(1, {CLINICS}) c"
        ),
        "INSERT INTO doctors (clinic_id, id, name, license_number)
         SELECT c.id, gen_random_uuid(), 'Doctor', d::text
           FROM clinics c, generate_series(1, 10) d WHERE c.slug LIKE 'bench-%'"
            .to_owned(),
        "INSERT INTO time_slots (clinic_id, id, name, starts_local, ends_local)
         SELECT c.id, gen_random_uuid(), 'day', '09:00', '17:00' FROM clinics c
          WHERE c.slug LIKE 'bench-%'"
            .to_owned(),
        "INSERT INTO doctor_slot_templates (clinic_id, id, doctor_id, weekday, time_slot_id,
             slot_minutes, buffer_minutes)
         SELECT d.clinic_id, gen_random_uuid(), d.id, w, s.id, 20, 10
           FROM doctors d JOIN time_slots s ON s.clinic_id = d.clinic_id AND s.name = 'day',
                generate_series(1, 7) w"
            .to_owned(),
        format!(
            "UPDATE slot_generation SET generated_version = schedule_version,
                    generated_until = '{}'::timestamptz::date + 90",
            now()
        ),
        "ANALYZE".to_owned(),
    ] {
        t.execute(&sql).await;
    }
}

/// Bookings and cancellations, one after the other at each of four slots; counted.
async fn bookings(t: &TestDb, tenant: &Tenant, done: &AtomicU64, over: &AtomicBool) {
    let slots = t.free(tenant, 100).await;
    let patients = t.patients(tenant, BOOKERS).await;
    let staff = StaffOverride::because("a measurement").expect("a reason");
    let one = async |n: usize| {
        while !over.load(Ordering::Relaxed) {
            let (slot, patient) = (slots[n * 20].slot, patients[n]);
            let request = Book { slot, patient, hold: None, staff: None };
            let by = By::call(CallId::new(&IDS), 1);
            let made = book(t.db(), tenant, &request, &by, now(), &IDS).await.expect("booked");
            let request = Cancel {
                appointment: made.appointment.id,
                patient: None,
                version: None,
                reason: CancelReason::Staff,
                staff: Some(staff.clone()),
            };
            cancel(t.db(), tenant, &request, &by, now()).await.expect("cancelled");
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    tokio::join!(one(0), one(1), one(2), one(3));
}

#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn stopwatch() -> Instant {
    Instant::now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn bench_a_day_of_slots_for_a_thousand_clinics_beside_bookings() {
    let t = Arc::new(TestDb::seeded().await);
    let nile = t.tenant("nile-heart").await;
    fill(&t).await;
    let (done, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let booking = {
        let (t, done, over) = (Arc::clone(&t), Arc::clone(&done), Arc::clone(&over));
        tokio::spawn(async move { bookings(&t, &nile, &done, &over).await })
    };
    let rate = |begun: Instant, count: u64| count as f64 / begun.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (begun, before) = (stopwatch(), done.load(Ordering::Relaxed));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let without = rate(begun, done.load(Ordering::Relaxed) - before);

    // A day later: of each clinic one day is missing.
    let at = now() + SignedDuration::from_hours(13);
    let behind = horizon::behind(t.db(), at).await.expect("asked");
    let (begun, before) = (stopwatch(), done.load(Ordering::Relaxed));
    let mut made = 0;
    for tenant in &behind {
        made += horizon::keep(t.db(), tenant, at, &IDS).await.expect("made");
    }
    let took = begun.elapsed();
    let with = rate(begun, done.load(Ordering::Relaxed) - before);
    over.store(true, Ordering::Relaxed);
    booking.await.expect("booked");
    println!(
        "slots: {made} of {} clinics in {:.1} s; bookings and cancellations: {without:.0}/s \
         without, {with:.0}/s meanwhile ({:.2})",
        behind.len(),
        took.as_secs_f64(),
        with / without
    );
}
