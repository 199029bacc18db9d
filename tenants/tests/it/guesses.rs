//! Who somebody is cannot be guessed at in call after call [PAT-4].

use std::time::{Duration, Instant};

use frontdesk_tenants::By;
use frontdesk_tenants::patient::{self, Claim, Verification};
use frontdesk_tenants::testing::{IDS, TestDb, now, ring};
use frontdesk_tenants::tidy::tidy;
use frontdesk_types::{CallId, Phi};
use futures_util::future::join_all;
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};

/// Born on that day of 1984, says who calls themselves so.
fn claim(name: &str, month: i8, day: i8) -> Claim {
    born(name, date(1984, month, day))
}

fn born(name: &str, born: Date) -> Claim {
    Claim { name: Phi::new(name.to_owned()), date_of_birth: Phi::new(born), phone: None }
}

/// One try, in a call of its own.
async fn tries(t: &TestDb, slug: &str, claim: &Claim, now: Timestamp) -> Verification {
    let (tenant, ring) = (t.tenant(slug).await, ring());
    let by = By::call(CallId::new(&IDS), 1);
    patient::identify(t.db(), &tenant, Some(&ring), claim, &by, now).await.expect("an answer")
}

#[tokio::test]
async fn after_ten_failures_in_an_hour_nothing_with_that_name_is_compared() {
    let t = TestDb::seeded().await;
    let (nile, right) = ("nile-heart", claim("Mary Johnson", 3, 12));
    for day in 1..=10 {
        let wrong = claim("Mary  JOHNSON", 5, day);
        assert_eq!(tries(&t, nile, &wrong, now()).await, Verification::Refused, "{day}");
    }
    // Right or wrong, and in whatever order the name is said.
    for asked in [&right, &claim("johnson, mary", 3, 12), &claim("Mary Johnson", 6, 1)] {
        assert_eq!(tries(&t, nile, asked, now()).await, Verification::TooMany);
    }
    // Others are not asked for more, here or at another clinic.
    let other = born("Omar Khalil", date(1971, 11, 30));
    assert!(matches!(tries(&t, nile, &other, now()).await, Verification::Verified(_)));
    let elsewhere = tries(&t, "harbor-family", &right, now()).await;
    assert_eq!(elsewhere, Verification::Refused, "compared, and nobody there");
    // An hour later it is as before.
    let later = now() + SignedDuration::from_mins(61);
    assert!(matches!(tries(&t, nile, &right, later).await, Verification::Verified(_)));

    let reasons = t
        .texts(
            "SELECT coalesce(reason, '') || ' ' || count(*) FROM audit_log
              WHERE action = 'patient.not_verified' GROUP BY reason ORDER BY 1",
        )
        .await;
    assert_eq!(reasons, [" 11", "too many have failed 3"]);
}

#[tokio::test]
async fn names_cannot_be_tried_out_for_one_date_of_birth_either() {
    let t = TestDb::seeded().await;
    for letter in 'k'..='t' {
        let wrong = claim(&format!("Mary {letter}ohnson"), 3, 12);
        assert_eq!(tries(&t, "nile-heart", &wrong, now()).await, Verification::Refused);
    }
    let right = claim("Mary Johnson", 3, 12);
    assert_eq!(tries(&t, "nile-heart", &right, now()).await, Verification::TooMany);
}

#[tokio::test]
async fn who_is_no_patient_is_limited_like_a_patient_and_after_the_same_delay() {
    let t = TestDb::seeded().await;
    for name in ["Nobody Atall", "Robert Green"] {
        for day in 1..=10 {
            tries(&t, "nile-heart", &born(name, date(1985, 7, day)), now()).await;
        }
        #[expect(clippy::disallowed_methods, reason = "the delay is what is measured")]
        let begun = Instant::now();
        let answer = tries(&t, "nile-heart", &born(name, date(1950, 1, 25)), now()).await;
        assert_eq!(answer, Verification::TooMany, "{name}");
        assert!(begun.elapsed() >= Duration::from_millis(150));
        // The date is the same for both, and has not failed ten times.
    }
}

#[tokio::test]
async fn who_guesses_at_once_gets_no_more_than_ten() {
    let t = TestDb::seeded().await;
    let guesses: Vec<Claim> = (1..=28)
        .map(|day| claim("Mary Johnson", 5, day))
        .chain((1..=12).map(|day| claim("Mary Johnson", 6, day)))
        .collect();
    let at = now();
    let answers = join_all(guesses.iter().map(|claim| tries(&t, "nile-heart", claim, at))).await;
    let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
    assert_eq!((count(Verification::Refused), count(Verification::TooMany)), (10, 30));
}

#[tokio::test]
async fn what_was_said_is_kept_as_keyed_hashes_and_not_for_long() {
    let t = TestDb::seeded().await;
    let wrong = claim("Mary Johnson", 5, 1);
    tries(&t, "nile-heart", &wrong, now()).await;
    tries(&t, "nile-heart", &wrong, now()).await;
    tries(&t, "harbor-family", &wrong, now()).await;
    let kept = t.texts("SELECT encode(key, 'hex') FROM failed_identifications ORDER BY 1").await;
    assert_eq!(kept.len(), 6, "a name and a date each");
    let different: std::collections::BTreeSet<_> = kept.iter().collect();
    assert_eq!(different.len(), 4, "another clinic's are others");
    let columns = t
        .texts(
            "SELECT column_name::text FROM information_schema.columns
              WHERE table_name = 'failed_identifications' ORDER BY 1",
        )
        .await;
    assert_eq!(columns, ["clinic_id", "failed_at", "key"]);

    let worker = frontdesk_tenants::Database::connect_with(&t.worker_url(), 1).await;
    let worker = worker.expect("the worker's role");
    tidy(&worker, now() + SignedDuration::from_mins(61)).await.expect("tidied");
    assert_eq!(t.count("failed_identifications").await, 6, "they may still count");
    tidy(&worker, now() + SignedDuration::from_hours(3)).await.expect("tidied");
    assert_eq!(t.count("failed_identifications").await, 0);
}
