//! Random sequences of everything that may happen to a clinic's slots, checked after each step
//! against the catalogue of invariants and against a model of who should have an appointment
//! (`world.rs`).

use std::sync::Arc;

use frontdesk_tenants::booking;
use frontdesk_tenants::testing::TestDb;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::world::{Op, PATIENTS, SLOTS, World};

/// Sequences that are tried: half a minute's worth.
const CASES: u32 = 120;

fn op() -> impl Strategy<Value = Op> {
    let slot = 0..SLOTS;
    let patient = 0..PATIENTS;
    let which = 0..8_usize;
    prop_oneof![
        8 => (slot.clone(), patient.clone(), prop::bool::weighted(0.2))
            .prop_map(|(slot, patient, staff)| Op::Book { slot, patient, staff }),
        2 => which.clone().prop_map(|which| Op::Repeat { which }),
        5 => (slot.clone(), patient.clone()).prop_map(|(slot, patient)| Op::Hold { slot, patient }),
        4 => which.clone().prop_map(|which| Op::Renew { which }),
        6 => which.clone().prop_map(|which| Op::Confirm { which }),
        2 => which.clone().prop_map(|which| Op::Release { which }),
        6 => (which.clone(), slot.clone(), prop::bool::weighted(0.2))
            .prop_map(|(which, slot, staff)| Op::Move { which, slot, staff }),
        5 => (which.clone(), any::<bool>()).prop_map(|(which, staff)| Op::Cancel { which, staff }),
        3 => which.clone().prop_map(|which| Op::Paid { which }),
        2 => Just(Op::ExpireUnpaid),
        3 => (which, 0..3_usize).prop_map(|(which, to)| {
            let steps = [booking::Step::Arrived, booking::Step::Over,
                         booking::Step::Missed];
            Op::Visit { which, to: steps[to] }
        }),
        5 => prop_oneof![1..10_i64, 1..300_i64].prop_map(|minutes| Op::Pass { minutes }),
        1 => Just(Op::Sweep),
        2 => Just(Op::Regenerate),
        2 => (slot.clone(), any::<bool>()).prop_map(|(slot, rebook)| Op::Remove { slot, rebook }),
        1 => slot.clone().prop_map(|slot| Op::Block { slot }),
        1 => slot.clone().prop_map(|slot| Op::Unblock { slot }),
        1 => (slot.clone(), any::<bool>()).prop_map(|(slot, rebook)| Op::Absence { slot, rebook }),
        1 => Just(Op::Revoke),
        1 => slot.clone().prop_map(|slot| Op::Deactivate { slot }),
        3 => (slot, patient).prop_map(|(slot, patient)| Op::Wait { slot, patient }),
        3 => (0..4_usize).prop_map(|which| Op::Accept { which }),
    ]
}

#[test]
fn whatever_happens_in_whatever_order_the_invariants_hold() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let t = Arc::new(runtime.block_on(TestDb::fresh()));
    let config = Config {
        cases: CASES,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..Config::default()
    };
    let cases = (any::<bool>(), prop::collection::vec(op(), 1..40));
    TestRunner::new(config)
        .run(&cases, |(prepayment, ops)| {
            runtime.block_on(async {
                let mut world = World::new(&t, prepayment).await;
                for op in &ops {
                    let done = world.step(op).await;
                    if let Err(error) = &done {
                        prop_assert!(error.refusal().is_some(), "{op:?}: {error:?}");
                    }
                    world.check(op, done.is_ok()).await?;
                }
                world.close().await;
                Ok(())
            })
        })
        .expect("the invariants hold");
}
