//! The schedule is made and taken away while slots are booked.

use frontdesk_tenants::Principal;
use frontdesk_tenants::schedule::{Order, generate_range, remove_slot};
use frontdesk_tenants::testing::{IDS, now};
use futures_util::future::join_all;
use jiff::ToSpan as _;

use crate::rig::{Build, Mutant, RUNS, RaceRig, winners};

const NO_SCHEDULE_LOCK: &str = "CREATE OR REPLACE FUNCTION lock_schedule(p_clinic uuid) \
    RETURNS void LANGUAGE sql AS $$ SELECT $$";
const NO_OVERLAP: Mutant = Mutant {
    unguard: &[NO_SCHEDULE_LOCK],
    drop: "ALTER TABLE booking_slots DROP CONSTRAINT booking_slots_overlap, \
           DROP CONSTRAINT booking_slots_start",
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generating_while_booking_and_removing_makes_no_slot_twice() {
    for run in RUNS {
        let rig = RaceRig::open(run, NO_OVERLAP).await;
        let t = &rig.t;
        let tenant = t.tenant("harbor-family").await;
        let patients = t.patients(&tenant, 40).await;
        let offers = t.free(&tenant, 60).await;
        let job = Principal::Job("test");
        let today = now().in_tz("America/New_York").expect("zone").date();
        // A new stretch, so that there is something to make, and the old one again.
        let until = today.checked_add(120.days()).expect("date");
        let generations =
            (0..8).map(|i| generate_range(rig.db(i), &tenant, job, today, until, now(), &IDS));
        let bookings = patients
            .iter()
            .zip(&offers)
            .enumerate()
            .map(|(i, (who, offer))| rig.take(i, &tenant, offer.slot, *who));
        let order = Order { principal: job, reason: "", rebook: false };
        let removals = offers[40..]
            .iter()
            .enumerate()
            .map(|(i, offer)| remove_slot(rig.db(i), &tenant, offer.slot, order, now()));
        let (generated, booked, removed) =
            tokio::join!(join_all(generations), join_all(bookings), join_all(removals));
        if rig.build == Build::Undefended {
            assert!(!t.violations().await.is_empty(), "{run:?}: the race did not notice");
            rig.close().await;
            continue;
        }
        let generated: Vec<_> = generated.into_iter().map(|done| done.expect("made")).collect();
        assert!(removed.iter().all(Result::is_ok), "{run:?}: {removed:?}");
        assert_eq!(winners(&booked), 40, "{run:?}");
        let made: usize = generated.iter().map(|done| done.made).sum();
        let wanted = generated[0].wanted;
        assert!(made > 0 && made < wanted, "{run:?}: made {made} of {wanted}");
        t.check_invariants().await;
        let back = t.free(&tenant, 2000).await;
        assert!(
            offers[40..].iter().all(|gone| back.iter().all(|o| o.slot != gone.slot)),
            "{run:?}"
        );
        rig.close().await;
    }
}
