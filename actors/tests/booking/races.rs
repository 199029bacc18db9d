//! Many at once for one slot, one doctor, one patient: one outcome is right, refusals are the
//! domain's only, and there is no deadlock.

use std::time::Duration;

use frontdesk_tenants::booking::{
    Assign, Book, Cancel, CancelReason, HoldRequest, Move, Search, find_free_slots, sweep_holds,
};
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_tenants::testing::{IDS, now};
use frontdesk_tenants::{Refusal, Tenant};
use frontdesk_types::SlotId;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::rig::{Build, Mutant, RUNS, RaceRig, by, winners};

/// `claim_slot` without its condition, and slow, so that the many meet in it.
const UNGUARDED_CLAIM: &str = "
    CREATE OR REPLACE FUNCTION claim_slot(p_clinic uuid, p_now timestamptz, p_slot uuid,
        p_owner text, p_hold uuid, p_fence bigint, p_earliest timestamptz, p_latest timestamptz,
        p_override boolean, p_to text, p_new_hold uuid, p_until timestamptz,
        OUT refusal text, OUT fence bigint)
    LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_sleep(0.2);
        UPDATE booking_slots b SET status = p_to, hold_id = p_new_hold,
               hold_owner = CASE WHEN p_to = 'held' THEN p_owner END,
               held_since = CASE WHEN p_to = 'held' THEN p_now END,
               held_until = CASE WHEN p_to = 'held' THEN p_until END,
               row_version = b.row_version + 1
         WHERE b.clinic_id = p_clinic AND b.id = p_slot RETURNING b.row_version INTO fence;
    END $$";
/// And `book_slot` without its look at the slot.
const BLIND_BOOKING: &str = "DO $$ BEGIN EXECUTE replace( \
    pg_get_functiondef('book_slot'::regproc), 's.status = ''booked''', 'false'); END $$";
/// And `book_assigned` without its lock.
const UNLOCKED_ASSIGNMENT: &str = "DO $$ BEGIN EXECUTE replace( \
    pg_get_functiondef('book_assigned'::regproc), 'FOR NO KEY UPDATE SKIP LOCKED', ''); END $$";
const NO_PATIENT_LOCK: &str = "CREATE OR REPLACE FUNCTION lock_patient(p_clinic uuid, \
    p_patient uuid) RETURNS void LANGUAGE sql AS $$ SELECT $$";

const ONE_LIVE: Mutant = Mutant {
    unguard: &[UNGUARDED_CLAIM, BLIND_BOOKING],
    drop: "DROP INDEX appointments_one_live_per_slot",
};
const ONE_LIVE_ASSIGNED: Mutant =
    Mutant { unguard: &[UNGUARDED_CLAIM, BLIND_BOOKING, UNLOCKED_ASSIGNMENT], ..ONE_LIVE };
/// And an insert that is slow, so that two of a patient's meet between look and write.
const SLOW_INSERT: [&str; 2] = [
    "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END $$",
    "CREATE TRIGGER slow BEFORE INSERT ON appointments FOR EACH ROW EXECUTE FUNCTION slow()",
];
const ONE_PLACE: Mutant = Mutant {
    unguard: &[NO_PATIENT_LOCK, SLOW_INSERT[0], SLOW_INSERT[1]],
    drop: "ALTER TABLE appointments DROP CONSTRAINT appointments_patient_busy",
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_for_one_slot_leave_one_appointment() {
    for run in RUNS {
        let rig = RaceRig::open(run, ONE_LIVE).await;
        let tenant = rig.t.tenant("nile-heart").await;
        let slot = rig.t.free(&tenant, 1).await[0].slot;
        let patients = rig.t.patients(&tenant, rig.tasks(1000)).await;
        let tries = patients.iter().enumerate().map(|(i, who)| rig.take(i, &tenant, slot, *who));
        let won = winners(&join_all(tries).await);
        rig.judge(won, 1).await;
        rig.close().await;
    }
}

fn cardiologist(patient: VerifiedPatient, from: Timestamp, until: Timestamp) -> Assign {
    let specialty = Some("cardiology".to_owned());
    Assign { patient, doctor: None, specialty, from, until, visit_type: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_callers_for_the_last_free_doctor_one_is_booked() {
    for run in RUNS {
        let rig = RaceRig::open(run, ONE_LIVE_ASSIGNED).await;
        let tenant = rig.t.tenant("nile-heart").await;
        // Only one cardiologist works on Sunday morning.
        let patients = rig.t.patients(&tenant, 50).await;
        let first = rig.t.free(&tenant, 40).await.into_iter().find(|o| o.specialty == "cardiology");
        let at = first.expect("a cardiologist").starts_at;
        let tries = patients
            .iter()
            .enumerate()
            .map(|(i, who)| rig.assign(i, &tenant, cardiologist(*who, at, at)));
        let results = join_all(tries).await;
        let won = winners(&results);
        rig.judge(won, 1).await;
        if rig.build == Build::Sound {
            for error in results.iter().filter_map(|r| r.as_ref().err()) {
                assert_eq!(error.refusal(), Some(Refusal::NoFreeSlot), "{run:?}");
            }
            // With a week's patience everybody gets the next doctor or time.
            let until = at + SignedDuration::from_hours(7 * 24);
            let more = rig.t.patients(&tenant, 50).await;
            let tries = more
                .iter()
                .enumerate()
                .map(|(i, who)| rig.assign(i, &tenant, cardiologist(*who, at, until)));
            assert_eq!(winners(&join_all(tries).await), 50, "{run:?}");
            rig.t.check_invariants().await;
        }
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_a_hold_expires_at_the_moment_of_its_confirmation_one_of_all_gets_the_slot() {
    for run in RUNS {
        let rig = RaceRig::open(run, ONE_LIVE).await;
        let tenant = rig.t.tenant("nile-heart").await;
        let patients = rig.t.patients(&tenant, rig.tasks(41)).await;
        let rounds = if rig.build == Build::Sound { 4 } else { 1 };
        for offer in rig.t.free(&tenant, rounds).await {
            let holder = by();
            let lasting = Duration::from_secs(60);
            let request = HoldRequest { slot: offer.slot, lasting, release: None };
            let hold = rig.hold(0, &tenant, request, &holder).await.expect("held");
            let late = hold.until;
            // Everybody but the last is somebody else; the sweeper runs in between.
            let last = patients.len() - 1;
            let tries = patients.iter().enumerate().map(|(i, patient)| {
                let own = i == last;
                let hold = own.then_some(hold);
                let request = Book { slot: offer.slot, patient: *patient, hold, staff: None };
                let by = if own { holder.clone() } else { by() };
                let (rig, tenant) = (&rig, &tenant);
                async move { rig.book(i, tenant, request, &by, late).await }
            });
            let (results, swept) =
                tokio::join!(join_all(tries), sweep_holds(rig.t.db(), &tenant, late));
            swept.expect("swept");
            rig.judge(winners(&results), 1).await;
        }
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moving_against_cancelling_and_against_each_other_never_doubles_a_slot() {
    for run in RUNS {
        let rig = RaceRig::open(run, ONE_LIVE).await;
        let tenant = rig.t.tenant("nile-heart").await;
        let patients = rig.t.patients(&tenant, 24).await;
        // Slots of next week, so that the notice allows everything.
        let from = now() + SignedDuration::from_hours(7 * 24);
        let search = Search { from: Some(from), ..Default::default() };
        let offers =
            find_free_slots(rig.t.db(), &tenant, &search, now(), 40, &IDS).await.expect("found");
        let mine = patients.iter().zip(&offers).take(rig.tasks(12)).enumerate();
        let mine = mine.map(|(i, (who, offer))| rig.take(i, &tenant, offer.slot, *who));
        let appointments: Vec<_> = join_all(mine)
            .await
            .into_iter()
            .map(|booked| booked.expect("booked").appointment.id)
            .collect();
        let target = offers[30].slot;
        let moves = appointments.iter().enumerate().map(|(i, appointment)| {
            rig.reschedule(
                i,
                &tenant,
                Move {
                    appointment: *appointment,
                    patient: None,
                    version: None,
                    slot: target,
                    hold: None,
                    staff: None,
                },
            )
        });
        // Nobody cancels in a mutant: a move that won could be undone before it is judged.
        let cancelled = if rig.build == Build::Sound { appointments.len() / 2 } else { 0 };
        let cancels = appointments.iter().take(cancelled).enumerate().map(|(i, appointment)| {
            rig.cancel(
                i + 1,
                &tenant,
                Cancel {
                    appointment: *appointment,
                    patient: None,
                    version: None,
                    reason: CancelReason::Patient,
                    staff: None,
                },
            )
        });
        // Others book the slots that are just being left.
        let others = patients[12..]
            .iter()
            .zip(&offers)
            .enumerate()
            .map(|(i, (who, offer))| rig.take(i + 1, &tenant, offer.slot, *who));
        let (moved, cancelled, booked) =
            tokio::join!(join_all(moves), join_all(cancels), join_all(others));
        winners(&booked);
        winners(&cancelled);
        // Who moved there and was cancelled has left the slot to the next: that one moves rightly.
        let stay = moved
            .iter()
            .enumerate()
            .filter(|(i, result)| result.is_ok() && cancelled.get(*i).is_none_or(Result::is_err));
        let stay = stay.count();
        winners(&moved);
        if rig.build == Build::Sound {
            assert!(stay <= 1, "{run:?}: {stay} stay in one slot");
            rig.t.check_invariants().await;
        } else {
            rig.judge(stay, 1).await;
        }
        rig.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_patient_who_books_everywhere_at_once_is_at_one_doctor() {
    for run in RUNS {
        let rig = RaceRig::open(run, ONE_PLACE).await;
        let tenant = rig.t.tenant("nile-heart").await;
        let offers = rig.t.free(&tenant, 60).await;
        let at = |start: Timestamp| -> Vec<SlotId> {
            offers.iter().filter(|o| o.starts_at == start).map(|o| o.slot).collect()
        };
        // Two doctors work on Sunday morning.
        assert_eq!(at(offers[0].starts_at).len(), 2);
        let mut noticed = false;
        for round in 0..5 {
            let patient = rig.t.patients(&tenant, 1).await[0];
            let pair = at(offers[round * 2 % offers.len()].starts_at);
            let booked = both(&rig, &tenant, &pair, patient).await;
            assert!(booked <= 1 || rig.build == Build::Undefended, "{run:?}");
            noticed |= booked > 1;
        }
        assert_eq!(noticed, rig.build == Build::Undefended, "{run:?}");
        assert_eq!(!rig.t.violations().await.is_empty(), noticed, "{run:?}");
        rig.close().await;
    }
}

async fn both(rig: &RaceRig, tenant: &Tenant, slots: &[SlotId], who: VerifiedPatient) -> usize {
    let tries = slots.iter().enumerate().map(|(i, slot)| rig.take(i, tenant, *slot, who));
    winners(&join_all(tries).await)
}
