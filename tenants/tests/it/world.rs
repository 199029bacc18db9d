//! A small clinic in which the property test lets everything happen, and the model it must agree
//! with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use frontdesk_tenants::booking::{
    self, Book, Cancel, CancelReason, Hold, HoldRequest, Move, Search, Step,
};
use frontdesk_tenants::catalogue::TABLES;
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_tenants::schedule::{self, Absence, Order};
use frontdesk_tenants::testing::{IDS, TestDb, now, ring};
use frontdesk_tenants::waitlist::{self, Hours, Wish};
use frontdesk_tenants::{By, Error, Principal, StaffOverride, Tenant, demo};
use frontdesk_types::{AbsenceId, AppointmentId, CallId, DoctorId, Offer, SlotId, WaitlistEntryId};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

const fn order(rebook: bool) -> Order<'static> {
    Order { principal: STAFF, reason: "test", rebook }
}

/// Slots and patients that take part: few, so that they meet.
pub(crate) const SLOTS: usize = 10;
pub(crate) const PATIENTS: usize = 4;

/// What may happen. Slots and patients are numbers of the world's; `which` is one of those there
/// are, counted round.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Book {
        slot: usize,
        patient: usize,
        staff: bool,
    },
    /// The same request under the same key again.
    Repeat {
        which: usize,
    },
    Hold {
        slot: usize,
        patient: usize,
    },
    /// A hold that there was, once more: a new fence, if it stands.
    Renew {
        which: usize,
    },
    /// Any hold there ever was, with the fence of then.
    Confirm {
        which: usize,
    },
    Release {
        which: usize,
    },
    Move {
        which: usize,
        slot: usize,
        staff: bool,
    },
    Cancel {
        which: usize,
        staff: bool,
    },
    Paid {
        which: usize,
    },
    ExpireUnpaid,
    Visit {
        which: usize,
        to: Step,
    },
    Pass {
        minutes: i64,
    },
    Sweep,
    Regenerate,
    Remove {
        slot: usize,
        rebook: bool,
    },
    Block {
        slot: usize,
    },
    Unblock {
        slot: usize,
    },
    Absence {
        slot: usize,
        rebook: bool,
    },
    Revoke,
    Deactivate {
        slot: usize,
    },
    Wait {
        slot: usize,
        patient: usize,
    },
    Accept {
        which: usize,
    },
}

impl Op {
    /// Made of several transactions, so that a refused one may have done a part.
    const fn is_several(&self) -> bool {
        matches!(self, Self::Pass { .. } | Self::ExpireUnpaid | Self::Revoke)
    }

    /// May make slots; nothing else may [SLOT-1].
    const fn generates(&self) -> bool {
        matches!(self, Self::Regenerate | Self::Revoke)
    }
}

pub(crate) struct World {
    t: Arc<TestDb>,
    conn: PgConnection,
    tenant: Tenant,
    slots: Vec<Offer>,
    patients: Vec<VerifiedPatient>,
    now: Timestamp,
    /// Who should have an appointment where.
    live: BTreeMap<AppointmentId, SlotId>,
    /// Requests that were answered, with their keys and answers.
    answered: Vec<(Book, By, AppointmentId, Timestamp)>,
    holds: Vec<(usize, Hold)>,
    removed: Vec<SlotId>,
    absences: Vec<AbsenceId>,
    entries: Vec<(WaitlistEntryId, usize)>,
    writes: u32,
    before: Picture,
}

/// All that booking writes, as one digest; and what a slot keeps for good, by slot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Picture {
    all: String,
    slots: BTreeSet<String>,
}

const PICTURE: &str = "SELECT md5(concat(
    (SELECT string_agg(concat_ws(',', id, status, removal, hold_id, held_until, row_version), ';'
                       ORDER BY id) FROM booking_slots),
    (SELECT string_agg(a::text, ';' ORDER BY id) FROM appointments a),
    (SELECT string_agg(w::text, ';' ORDER BY id) FROM waitlist_entries w),
    (SELECT string_agg(d::text, ';' ORDER BY id) FROM doctors d),
    (SELECT concat(count(*), max(position)) FROM outbox),
    (SELECT concat(count(*), max(position)) FROM audit_log)))";

async fn picture(conn: &mut PgConnection) -> Picture {
    let all = sqlx::query_scalar(PICTURE).fetch_one(&mut *conn).await.expect("a picture");
    let slots: Vec<String> = sqlx::query_scalar(
        "SELECT concat_ws(',', id, doctor_id, starts_at, ends_at, blocked_until)
           FROM booking_slots",
    )
    .fetch_all(conn)
    .await
    .expect("slots");
    Picture { all, slots: slots.into_iter().collect() }
}

/// Empties every table but those that the migrations fill; far cheaper than a database each.
async fn wipe(conn: &mut PgConnection) {
    const FILLED: [&str; 4] =
        ["_sqlx_migrations", "appointment_moves", "specialties", "specialty_words"];
    let mut sql = "SET session_replication_role = replica;".to_owned();
    for (table, _) in TABLES.iter().filter(|(table, _)| !FILLED.contains(table)) {
        sql += &format!("DELETE FROM {table};");
    }
    sql += "SET session_replication_role = origin";
    conn.execute(AssertSqlSafe(sql)).await.expect("wiped");
}

const STAFF: Principal = Principal::Job("staff");

impl World {
    /// Begins again in a database that another world may have used.
    pub(crate) async fn new(t: &Arc<TestDb>, prepayment: bool) -> Self {
        let t = Arc::clone(t);
        let mut conn = t.superuser().await;
        wipe(&mut conn).await;
        let file = demo::demo_file().expect("the demo clinics");
        let tenant = demo::seed_clinic(t.db(), &ring(), &file.clinics[0], now(), &IDS).await;
        let tenant = tenant.expect("seeded");
        // A week's slots, so that looking at all of them after each step is cheap.
        let policy =
            format!("UPDATE clinics SET booking_window_days = 5, prepayment = {prepayment}");
        t.execute(&policy).await;
        schedule::generate(t.db(), &tenant, now(), &IDS).await.expect("generated");
        let patients = t.patients(&tenant, PATIENTS).await;
        let mut slots = Vec::new();
        // Half of them today, so that visits take place; half so late that patients may move them.
        for hours in [0, 24 * 3] {
            let from = Some(now() + SignedDuration::from_hours(hours));
            let search = Search { from, ..Default::default() };
            let limit = u32::try_from(SLOTS / 2).expect("small");
            let found = booking::find_free_slots(t.db(), &tenant, &search, now(), limit, &IDS);
            slots.extend(found.await.expect("slots"));
        }
        assert_eq!(slots.len(), SLOTS);
        let before = picture(&mut conn).await;
        Self {
            t,
            conn,
            tenant,
            slots,
            patients,
            now: now(),
            live: BTreeMap::new(),
            answered: Vec::new(),
            holds: Vec::new(),
            removed: Vec::new(),
            absences: Vec::new(),
            entries: Vec::new(),
            writes: 0,
            before,
        }
    }

    pub(crate) async fn close(self) {
        self.conn.close().await.expect("close");
    }

    /// One call per patient, so that a hold is theirs.
    fn by(&mut self, who: &VerifiedPatient) -> By {
        self.writes += 1;
        By::call(CallId::from_uuid(who.patient().uuid()), self.writes)
    }

    fn staff(yes: bool) -> Option<StaffOverride> {
        yes.then(|| StaffOverride::because("test").expect("a reason"))
    }

    fn pick(&self, which: usize) -> Option<AppointmentId> {
        let count = self.live.len();
        (count > 0).then(|| *self.live.keys().nth(which % count).expect("in range"))
    }

    async fn book(&mut self, request: Book) -> Result<(), Error> {
        let by = self.by(&request.patient);
        let (db, slot) = (self.t.db(), request.slot);
        let done = booking::book(db, &self.tenant, &request, &by, self.now, &IDS).await?;
        assert!(!done.replayed && done.appointment.slot == slot);
        self.live.insert(done.appointment.id, slot);
        self.answered.push((request, by, done.appointment.id, self.now));
        Ok(())
    }

    pub(crate) async fn step(&mut self, op: &Op) -> Result<(), Error> {
        let db = &self.t.db().clone();
        let tenant = &self.tenant.clone();
        match *op {
            Op::Book { slot, patient, staff } => {
                let (slot, patient) = (self.slots[slot].slot, self.patients[patient]);
                let staff = Self::staff(staff);
                self.book(Book { slot, patient, hold: None, staff }).await?;
            }
            Op::Repeat { which } => {
                let Some((request, by, first, at)) = round(&self.answered, which) else {
                    return Ok(());
                };
                if self.now < *at + SignedDuration::from_hours(24) {
                    let again = booking::book(db, tenant, request, by, self.now, &IDS).await?;
                    assert!(again.replayed && again.appointment.id == *first, "a second answer");
                }
            }
            Op::Hold { slot, patient } => {
                let (slot, who) = (self.slots[slot].slot, self.patients[patient]);
                let request = HoldRequest { slot, lasting: booking::HOLD_WEB, release: None };
                let by = self.by(&who);
                let hold = booking::hold(db, tenant, &request, &by, self.now, &IDS).await?;
                self.holds.push((patient, hold));
            }
            Op::Renew { which } => {
                let Some(&(patient, held)) = round(&self.holds, which) else { return Ok(()) };
                let (slot, who) = (held.slot, self.patients[patient]);
                let request = HoldRequest { slot, lasting: booking::HOLD_WEB, release: None };
                let by = self.by(&who);
                let hold = booking::hold(db, tenant, &request, &by, self.now, &IDS).await?;
                self.holds.push((patient, hold));
            }
            Op::Confirm { which } => {
                let Some(&(patient, hold)) = round(&self.holds, which) else { return Ok(()) };
                let (version, open): (i64, bool) = sqlx::query_as(
                    "SELECT row_version, status = 'free' OR status = 'held'
                            AND held_until <= $2::text::timestamptz
                       FROM booking_slots WHERE id = $1",
                )
                .bind(hold.slot.uuid())
                .bind(self.now.to_string())
                .fetch_one(&mut self.conn)
                .await
                .expect("a slot");
                let patient = self.patients[patient];
                self.book(Book { slot: hold.slot, patient, hold: Some(hold), staff: None }).await?;
                // Through a hold that stands, only its latest fence books [HOLD-2].
                assert!(open || version == hold.fence, "an old fence confirmed");
            }
            Op::Release { which } => {
                let Some((_, hold)) = round(&self.holds, which) else { return Ok(()) };
                booking::release(db, tenant, hold).await?;
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
            Op::Paid { which } => {
                let Some(appointment) = self.pick(which) else { return Ok(()) };
                let by = By::principal(STAFF);
                booking::advance(db, tenant, appointment, Step::Paid, &by, self.now).await?;
            }
            Op::ExpireUnpaid => {
                let due: Vec<uuid::Uuid> = sqlx::query_scalar(
                    "SELECT id FROM appointments
                      WHERE status = 'scheduled' AND payment_deadline <= $1::text::timestamptz",
                )
                .bind(self.now.to_string())
                .fetch_all(&mut self.conn)
                .await
                .expect("due");
                let by = By::principal(Principal::Job("unpaid"));
                let expired = booking::expire_unpaid(db, tenant, &by, self.now).await?;
                assert_eq!(expired, due.len());
                self.live.retain(|id, _| !due.contains(&id.uuid()));
            }
            Op::Visit { which, to } => {
                let Some(appointment) = self.pick(which) else { return Ok(()) };
                let by = By::principal(STAFF);
                booking::advance(db, tenant, appointment, to, &by, self.now).await?;
                if to == Step::Missed {
                    self.live.remove(&appointment);
                }
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
                let done = schedule::remove_slot(db, tenant, slot, order(rebook), self.now).await?;
                self.gone(&done);
                // Not if it was gone already, by the schedule: then it may come back.
                if done.lost + done.rebooked.len() > 0 {
                    self.removed.push(slot);
                }
            }
            Op::Block { slot } => {
                let slot = self.slots[slot].slot;
                schedule::block_slot(db, tenant, slot, order(false), self.now).await?;
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
                };
                let (id, done) =
                    schedule::add_absence(db, tenant, &absence, order(rebook), self.now, &IDS)
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
                let slot = self.slots[slot].clone();
                let wish = Wish {
                    doctor: Some(slot.doctor),
                    specialty: None,
                    from: slot.starts_at - SignedDuration::from_hours(2),
                    until: slot.starts_at + SignedDuration::from_hours(2),
                    hours: Hours::default(),
                };
                let by = self.by(&who);
                let entry = waitlist::join(db, tenant, &who, &wish, &by, self.now, &IDS).await?;
                self.entries.push((entry.entry, patient));
            }
            Op::Accept { which } => {
                if self.entries.is_empty() {
                    return Ok(());
                }
                let (entry, patient) = self.entries[which % self.entries.len()];
                let who = self.patients[patient];
                let by = self.by(&who);
                let done = waitlist::accept(db, tenant, entry, &who, &by, self.now, &IDS).await?;
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

    pub(crate) async fn check(&mut self, op: &Op, done: bool) -> Result<(), TestCaseError> {
        let conn = &mut self.conn;
        let violations = TestDb::violations_seen_by(conn).await;
        prop_assert!(violations.is_empty(), "{violations:#?}");
        let after = picture(conn).await;
        // Who is refused has changed nothing; a move above all [BOOK-7].
        prop_assert!(done || op.is_several() || after.all == self.before.all, "half of {op:?}");
        // No slot loses its doctor or its times [SLOT-4], and none comes of being asked for.
        prop_assert!(after.slots.is_superset(&self.before.slots), "a slot changed in {op:?}");
        prop_assert!(op.generates() || after.slots == self.before.slots, "a slot came of {op:?}");
        self.before = after;
        // No lost booking and none too many.
        let rows: Vec<(uuid::Uuid, uuid::Uuid)> = sqlx::query_as(
            "SELECT id, slot_id FROM appointments WHERE status NOT IN ('cancelled', 'no_show')",
        )
        .fetch_all(&mut *conn)
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
        .fetch_one(&mut *conn)
        .await
        .expect("slots");
        prop_assert_eq!(raised, 0);
        Ok(())
    }
}

fn round<T>(all: &[T], which: usize) -> Option<&T> {
    (!all.is_empty()).then(|| &all[which % all.len()])
}
