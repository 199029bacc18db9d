//! A large database for measuring (feature `testing`): 100 clinics, 10 doctors each, 1,000 slots
//! each, and ids that can be computed, so that pgbench and Rust draw from the same.

use frontdesk_types::{ClinicId, DoctorId, PatientId, SlotId};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgConnection};
use tokio::sync::Mutex;

use crate::Tenant;
use crate::patient::VerifiedPatient;
use crate::testing::TestDb;

/// Clinics.
pub const CLINICS: u32 = 100;
/// Doctors of each clinic.
pub const DOCTORS: u32 = 10;
/// Slots of each doctor.
pub const SLOTS: u32 = 1000;
/// Patients of each clinic.
pub const PATIENTS: u32 = 2000;

/// The filled database.
#[derive(Debug)]
pub struct Fixture {
    conn: Mutex<PgConnection>,
}

/// An id that SQL computes too: kind, clinic, and number within it.
fn id(kind: u32, clinic: u32, number: u32) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(kind) << 64 | u128::from(clinic) << 32 | u128::from(number))
}

/// The same in SQL.
fn sql_id(kind: u32, clinic: &str, number: &str) -> String {
    format!(
        "('00000000-0000-{kind:04x}-' || lpad(to_hex({clinic} >> 16), 4, '0') || '-' \
         || lpad(to_hex({clinic} & 65535), 4, '0') || lpad(to_hex({number}), 8, '0'))::uuid"
    )
}

impl Fixture {
    /// Fills an empty database, as the superuser (who is not bound by row-level security).
    ///
    /// # Panics
    /// If it cannot.
    pub async fn fill(superuser_url: &str, now: Timestamp) -> Self {
        let options: PgConnectOptions = superuser_url.parse().expect("a database URL");
        let mut conn =
            options.disable_statement_logging().connect().await.expect("connect as superuser");
        let clinics = CLINICS - 1;
        let (doctors, slots, patients) = (DOCTORS - 1, SLOTS - 1, PATIENTS - 1);
        let clinic = sql_id(1, "c", "0::int");
        let doctor = sql_id(2, "c", "d");
        let patient = sql_id(3, "c", "p");
        let slot = sql_id(4, "c", &format!("(d * {SLOTS} + s)"));
        let start = format!("timestamptz '{now}' + interval '1 day' + s * interval '30 minutes'");
        for sql in [
            format!(
                "INSERT INTO clinics (id, slug, kind, name, country, time_zone, languages,
                     emergency_number, phone, address)
                 SELECT {clinic}, 'bench-' || c, 'clinic', 'Bench', 'EG', 'Africa/Cairo', '{{en}}',
                        '123', '+20222222222', '' FROM generate_series(0, {clinics}) c"
            ),
            format!(
                "INSERT INTO doctors (clinic_id, id, name, license_number)
                 SELECT {clinic}, {doctor}, 'Doctor', d::text
                   FROM generate_series(0, {clinics}) c, generate_series(0, {doctors}) d"
            ),
            format!(
                "INSERT INTO doctor_specialties (clinic_id, doctor_id, specialty)
                 SELECT {clinic}, {doctor}, CASE WHEN d % 3 = 0 THEN 'cardiology'
                        WHEN d % 3 = 1 THEN 'pediatrics' ELSE 'dermatology' END
                   FROM generate_series(0, {clinics}) c, generate_series(0, {doctors}) d"
            ),
            format!(
                "INSERT INTO patients (id, origin_clinic_id, identity)
                 SELECT {patient}, {clinic}, 'provisional'
                   FROM generate_series(0, {clinics}) c, generate_series(0, {patients}) p"
            ),
            format!(
                "INSERT INTO patient_records (clinic_id, patient_id, origin_clinic_id)
                 SELECT {clinic}, {patient}, {clinic}
                   FROM generate_series(0, {clinics}) c, generate_series(0, {patients}) p"
            ),
            format!(
                "INSERT INTO booking_slots (clinic_id, id, doctor_id, starts_at, ends_at,
                     blocked_until)
                 SELECT {clinic}, {slot}, {doctor}, {start}, {start} + interval '20 minutes',
                        {start} + interval '25 minutes'
                   FROM generate_series(0, {clinics}) c, generate_series(0, {doctors}) d,
                        generate_series(0, {slots}) s"
            ),
            "VACUUM ANALYZE".to_owned(),
        ] {
            conn.execute(AssertSqlSafe(sql)).await.expect("filled");
        }
        Self { conn: Mutex::new(conn) }
    }

    /// A repeatable source of things to ask for.
    #[must_use]
    pub fn random(&self, seed: u64) -> Draw {
        Draw(StdRng::seed_from_u64(seed))
    }

    /// A patient of that clinic.
    #[must_use]
    pub fn patient(&self, tenant: &Tenant, number: u32) -> VerifiedPatient {
        let clinic = u32::try_from(tenant.clinic().uuid().as_u128() >> 32 & 0xffff_ffff);
        patient(clinic.unwrap_or(0), number)
    }

    /// A pgbench script that books a random slot through the same SQL function.
    #[must_use]
    pub fn pgbench_script(&self, now: Timestamp) -> String {
        let clinic = sql_id(1, ":c::int", "0::int");
        let slot = sql_id(4, ":c::int", ":s::int");
        let patient = sql_id(3, ":c::int", ":p::int");
        // No colon in any literal: pgbench takes what follows it for a variable.
        let now = format!("to_timestamp({})", now.as_second());
        format!(
            "\\set c random(0, {})\n\\set s random(0, {})\n\\set p random(0, {})\n\
             \\set r random(0, 999999)\n\
             SELECT book_appointment({clinic}, {now}, 'bench', gen_random_uuid()::text, \
             '\\x00', {slot}, {patient}, gen_random_uuid(), \
             ARRAY['DF' || lpad(:r::int::text, 6, '0'), 'HK' || lpad(:r::int::text, 6, '0'), \
             'MR' || lpad(:r::int::text, 6, '0')], NULL, NULL, NULL, false, NULL);\n",
            CLINICS - 1,
            DOCTORS * SLOTS - 1,
            PATIENTS - 1
        )
    }

    /// Appointments there are.
    ///
    /// # Panics
    /// If the server is gone.
    pub async fn appointments(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM appointments")
            .fetch_one(&mut *self.conn.lock().await)
            .await
            .expect("counted")
    }

    /// Version and settings that matter for what is measured.
    ///
    /// # Panics
    /// If the server is gone.
    pub async fn settings(&self) -> String {
        sqlx::query_scalar(
            "SELECT 'PostgreSQL ' || current_setting('server_version') || ', fsync='
                 || current_setting('fsync') || ', synchronous_commit='
                 || current_setting('synchronous_commit') || ', shared_buffers='
                 || current_setting('shared_buffers')",
        )
        .fetch_one(&mut *self.conn.lock().await)
        .await
        .expect("settings")
    }

    /// Violations of the invariants, after all that.
    pub async fn violations(&self) -> Vec<String> {
        TestDb::violations_seen_by(&mut *self.conn.lock().await).await
    }
}

fn patient(clinic: u32, number: u32) -> VerifiedPatient {
    VerifiedPatient::of_bench(
        ClinicId::from_uuid(id(1, clinic, 0)),
        PatientId::from_uuid(id(3, clinic, number)),
    )
}

/// See [`Fixture::random`].
#[derive(Debug)]
pub struct Draw(StdRng);

impl Draw {
    /// A clinic, a slot of it and a patient of it.
    pub fn booking(&mut self) -> (Tenant, SlotId, VerifiedPatient) {
        let clinic = self.0.random_range(0..CLINICS);
        let slot = self.0.random_range(0..DOCTORS * SLOTS);
        let number = self.0.random_range(0..PATIENTS);
        (
            Tenant::verified(ClinicId::from_uuid(id(1, clinic, 0))),
            SlotId::from_uuid(id(4, clinic, slot)),
            patient(clinic, number),
        )
    }

    /// A clinic and a doctor of it.
    pub fn doctor(&mut self) -> (Tenant, DoctorId) {
        let clinic = self.0.random_range(0..CLINICS);
        let doctor = self.0.random_range(0..DOCTORS);
        (
            Tenant::verified(ClinicId::from_uuid(id(1, clinic, 0))),
            DoctorId::from_uuid(id(2, clinic, doctor)),
        )
    }
}
