//! Random sequences of everything that may happen to a clinic's slots, checked after each step
//! against the catalogue of invariants and against a model of who should have an appointment.

use std::collections::BTreeMap;

use frontdesk_tenants::booking::{
    self, Book, Cancel, CancelReason, Hold, HoldRequest, Move, Search,
};
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_tenants::schedule::{self, Absence};
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::waitlist::{self, Wish};
use frontdesk_tenants::{By, Error, Principal, StaffOverride, Tenant};
use frontdesk_types::{AppointmentId, CallId, DoctorId, Offer, SlotId};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Sequences that are tried; more of them by changing this, since each needs a database.
const CASES: u32 = 12;
/// Slots and patients that take part: few, so that they meet.
const SLOTS: usize = 10;
const PATIENTS: usize = 4;

#[derive(Debug, Clone)]
enum Op {
    Book { slot: usize, patient: usize, staff: bool },
    Hold { slot: usize, patient: usize },
    Confirm { slot: usize, patient: usize },
    Move { which: usize, slot: usize, staff: bool },
    Cancel { which: usize, staff: bool },
    Pass { minutes: i64 },
    Sweep,
    Regenerate,
    Remove { slot: usize, rebook: bool },
    Block { slot: usize },
    Unblock { slot: usize },
    Absence { slot: usize, rebook: bool },
    Revoke,
    Deactivate { slot: usize },
    Wait { slot: usize, patient: usize },
    Accept { which: usize },
}

fn op() -> impl Strategy<Value = Op> {
    let slot = 0..SLOTS;
    let patient = 0..PATIENTS;
    prop_oneof![
        8 => (slot.clone(), patient.clone(), prop::bool::weighted(0.2))
            .prop_map(|(slot, patient, staff)| Op::Book { slot, patient, staff }),
        5 => (slot.clone(), patient.clone()).prop_map(|(slot, patient)| Op::Hold { slot, patient }),
        4 => (slot.clone(), patient.clone())
            .prop_map(|(slot, patient)| Op::Confirm { slot, patient }),
        6 => (0..8_usize, slot.clone(), prop::bool::weighted(0.2))
            .prop_map(|(which, slot, staff)| Op::Move { which, slot, staff }),
        5 => (0..8_usize, any::<bool>()).prop_map(|(which, staff)| Op::Cancel { which, staff }),
        4 => (1..180_i64).prop_map(|minutes| Op::Pass { minutes }),
        1 => Just(Op::Sweep),
        2 => Just(Op::Regenerate),
        2 => (slot.clone(), any::<bool>()).prop_map(|(slot, rebook)| Op::Remove { slot, rebook }),
        1 => slot.clone().prop_map(|slot| Op::Block { slot }),
        1 => slot.clone().prop_map(|slot| Op::Unblock { slot }),
        1 => (slot.clone(), any::<bool>()).prop_map(|(slot, rebook)| Op::Absence { slot, rebook }),
        1 => Just(Op::Revoke),
        1 => slot.clone().prop_map(|slot| Op::Deactivate { slot }),
        3 => (slot.clone(), patient).prop_map(|(slot, patient)| Op::Wait { slot, patient }),
        3 => (0..4_usize).prop_map(|which| Op::Accept { which }),
    ]
}

struct World {
    t: TestDb,
    tenant: Tenant,
    slots: Vec<Offer>,
    patients: Vec<VerifiedPatient>,
    now: Timestamp,
    /// Who should have an appointment where.
    live: BTreeMap<AppointmentId, SlotId>,
    holds: Vec<(SlotId, usize, Hold)>,
    removed: Vec<SlotId>,
    absences: Vec<uuid::Uuid>,
    entries: Vec<(uuid::Uuid, usize)>,
}

/// One principal per patient, so that a hold is theirs.
fn by(calls: &VerifiedPatient) -> By {
    By::principal(Principal::Call(CallId::from_uuid(calls.patient().uuid())))
}

const STAFF: Principal = Principal::Job("staff");

impl World {
    async fn new() -> Self {
        let t = TestDb::seeded().await;
        let tenant = t.tenant("nile-heart").await;
        let patients = t.patients(&tenant, PATIENTS).await;
        let from = now() + SignedDuration::from_hours(24 * 3);
        let search = Search { from: Some(from), ..Default::default() };
        let slots = booking::find_free_slots(
            t.db(),
            &tenant,
            &search,
            now(),
            u32::try_from(SLOTS).expect("small"),
            &IDS,
        )
        .await
        .expect("slots");
        Self {
            t,
            tenant,
            slots,
            patients,
            now: now(),
            live: BTreeMap::new(),
            holds: Vec::new(),
            removed: Vec::new(),
            absences: Vec::new(),
            entries: Vec::new(),
        }
    }

    fn staff(yes: bool) -> Option<StaffOverride> {
        yes.then(|| StaffOverride::because("test").expect("a reason"))
    }

    fn pick(&self, which: usize) -> Option<AppointmentId> {
        let count = self.live.len();
        (count > 0).then(|| *self.live.keys().nth(which % count).expect("in range"))
    }

    async fn step(&mut self, op: &Op) -> Result<(), Error> {
        let db = self.t.db();
        let tenant = &self.tenant;
        match *op {
            Op::Book { slot, patient, staff } => {
                let who = self.patients[patient];
                let slot = self.slots[slot].slot;
                let request = Book { slot, patient: who, hold: None, staff: Self::staff(staff) };
                let done = booking::book(db, tenant, &request, &by(&who), self.now, &IDS).await?;
                self.live.insert(done.appointment.id, slot);
            }
            Op::Hold { slot, patient } => {
                let who = self.patients[patient];
                let slot = self.slots[slot].slot;
                let request = HoldRequest { slot, lasting: booking::HOLD_WEB, release: None };
                let hold = booking::hold(db, tenant, &request, &by(&who), self.now, &IDS).await?;
                self.holds.retain(|(held, owner, _)| (*held, *owner) != (slot, patient));
                self.holds.push((slot, patient, hold));
            }
            Op::Confirm { slot, patient } => {
                let slot = self.slots[slot].slot;
                let held = self.holds.iter().find(|(s, p, _)| (*s, *p) == (slot, patient));
                let Some((_, _, hold)) = held else { return Ok(()) };
                let who = self.patients[patient];
                let request = Book { slot, patient: who, hold: Some(*hold), staff: None };
                let done = booking::book(db, tenant, &request, &by(&who), self.now, &IDS).await?;
                self.live.insert(done.appointment.id, slot);
            }
            Op::Move { which, slot, staff } => {
                let Some(appointment) = self.pick(which) else { return Ok(()) };
                let slot = self.slots[slot].slot;
                let request = Move {
                    appointment,
                    patient: None,
                    version: None,
                    slot,
                    hold: None,
                    staff: Self::staff(staff),
                };
                let by = By::principal(STAFF);
                booking::reschedule(db, tenant, &request, &by, self.now).await?;
                self.live.insert(appointment, slot);
            }
            Op::Cancel { which, staff } => {
                let Some(appointment) = self.pick(which) else { return Ok(()) };
                let request = Cancel {
                    appointment,
                    patient: None,
                    version: None,
                    reason: CancelReason::Staff,
                    staff: Self::staff(staff),
                };
                booking::cancel(db, tenant, &request, &By::principal(STAFF), self.now).await?;
                self.live.remove(&appointment);
            }
            Op::Pass { minutes } => {
                self.now += SignedDuration::from_mins(minutes);
                let job = By::principal(Principal::Job("waitlist"));
                waitlist::expire_offers(db, tenant, &job, self.now).await?;
            }
            Op::Sweep => {
                booking::sweep_holds(db, tenant, self.now).await?;
            }
            Op::Regenerate => {
                schedule::generate(db, tenant, self.now, &IDS).await?;
            }
            Op::Remove { slot, rebook } => {
                let slot = self.slots[slot].slot;
                let done =
                    schedule::remove_slot(db, tenant, slot, rebook, STAFF, "", self.now).await?;
                self.gone(&done);
                // Not if it was gone already, by the schedule: then it may come back.
                if done.lost + done.rebooked.len() > 0 {
                    self.removed.push(slot);
                }
            }
            Op::Block { slot } => {
                let slot = self.slots[slot].slot;
                schedule::block_slot(db, tenant, slot, false, STAFF, "", self.now).await?;
            }
            Op::Unblock { slot } => {
                let slot = self.slots[slot].slot;
                schedule::unblock_slot(db, tenant, slot, STAFF, self.now).await?;
            }
            Op::Absence { slot, rebook } => {
                let slot = &self.slots[slot];
                let absence = Absence {
                    doctor: Some(slot.doctor),
                    from: slot.starts_at,
                    until: slot.starts_at + SignedDuration::from_hours(1),
                    reason: "test".to_owned(),
                };
                let (id, done) =
                    schedule::add_absence(db, tenant, &absence, rebook, STAFF, self.now, &IDS)
                        .await?;
                self.absences.push(id);
                self.gone(&done);
            }
            Op::Revoke => {
                let Some(absence) = self.absences.pop() else { return Ok(()) };
                schedule::revoke_absence(db, tenant, absence, self.now, &IDS).await?;
            }
            Op::Deactivate { slot } => {
                let doctor: DoctorId = self.slots[slot].doctor;
                schedule::deactivate_doctor(db, tenant, doctor, STAFF, self.now).await?;
            }
            Op::Wait { slot, patient } => {
                let who = self.patients[patient];
                let slot = &self.slots[slot];
                let wish = Wish {
                    doctor: Some(slot.doctor),
                    specialty: None,
                    from: slot.starts_at - SignedDuration::from_hours(2),
                    until: slot.starts_at + SignedDuration::from_hours(2),
                };
                let entry =
                    waitlist::join(db, tenant, &who, &wish, &by(&who), self.now, &IDS).await?;
                self.entries.push((entry, patient));
            }
            Op::Accept { which } => {
                if self.entries.is_empty() {
                    return Ok(());
                }
                let (entry, patient) = self.entries[which % self.entries.len()];
                let who = self.patients[patient];
                let done =
                    waitlist::accept(db, tenant, entry, &who, &by(&who), self.now, &IDS).await?;
                self.live.insert(done.appointment.id, done.appointment.slot);
            }
        }
        Ok(())
    }

    fn gone(&mut self, withdrawn: &schedule::Withdrawn) {
        for rebooked in &withdrawn.rebooked {
            self.live.remove(&rebooked.appointment.id);
        }
    }

    async fn check(&self) -> Result<(), TestCaseError> {
        let mut conn = self.t.superuser().await;
        let violations = TestDb::violations_seen_by(&mut conn).await;
        prop_assert!(violations.is_empty(), "{violations:#?}");
        // No lost booking and none too many.
        let rows: Vec<(uuid::Uuid, uuid::Uuid)> = sqlx::query_as(
            "SELECT id, slot_id FROM appointments WHERE status NOT IN ('cancelled', 'no_show')",
        )
        .fetch_all(&mut conn)
        .await
        .expect("appointments");
        let stored: BTreeMap<AppointmentId, SlotId> = rows
            .into_iter()
            .map(|(id, slot)| (AppointmentId::from_uuid(id), SlotId::from_uuid(slot)))
            .collect();
        prop_assert_eq!(&stored, &self.live);
        // No resurrected slot.
        let removed: Vec<uuid::Uuid> = self.removed.iter().map(|slot| slot.uuid()).collect();
        let raised: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM booking_slots WHERE id = ANY ($1) AND status <> 'removed'",
        )
        .bind(removed)
        .fetch_one(&mut conn)
        .await
        .expect("slots");
        prop_assert_eq!(raised, 0);
        Ok(())
    }
}

#[test]
fn whatever_happens_in_whatever_order_the_invariants_hold() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let config = Config {
        cases: CASES,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..Config::default()
    };
    let ops = prop::collection::vec(op(), 1..40);
    TestRunner::new(config)
        .run(&ops, |ops| {
            runtime.block_on(async {
                let mut world = World::new().await;
                for op in &ops {
                    if let Err(error) = world.step(op).await {
                        prop_assert!(error.refusal().is_some(), "{op:?}: {error:?}");
                    }
                    world.check().await?;
                }
                Ok(())
            })
        })
        .expect("the invariants hold");
}
