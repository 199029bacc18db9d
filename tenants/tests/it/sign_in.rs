//! Who is signed in, for how long, and what they may enter.

use frontdesk_tenants::passwords::Passwords;
use frontdesk_tenants::sign_in::{
    Entry, Granted, LASTING, SignedIn, change_password, end, give_password, person, renew, sign_in,
};
use frontdesk_tenants::staff::{NewMember, Role, add_member, end_membership};
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, Principal};
use frontdesk_types::{Phi, UserId};
use jiff::{SignedDuration, Timestamp};

const BY: By = By::principal(Principal::Job("test"));
const PASSWORD: &str = "four words make sense";

fn word(text: &str) -> Phi<String> {
    Phi::new(text.to_owned())
}

/// A database with one supervisor of nile-heart.
async fn with_supervisor() -> (TestDb, Passwords, UserId) {
    let t = TestDb::seeded().await;
    let passwords = Passwords::default();
    let mut tx = t.begin("nile-heart").await;
    let member = NewMember {
        email: word("mona@example.com"),
        name: word("Mona Adel"),
        role: Role::Supervisor,
    };
    let user = add_member(&mut tx, &member, &BY, now(), &IDS).await.expect("added").user();
    let hash = passwords.hash(word(PASSWORD)).await.expect("hashed");
    assert!(give_password(&mut tx, user, &hash, &BY, now()).await.expect("given"));
    assert!(
        !give_password(&mut tx, user, &hash, &BY, now()).await.expect("asked"),
        "the first only"
    );
    tx.commit().await.expect("commit");
    (t, passwords, user)
}

/// The clinic of that slug, if they may enter it.
async fn enter(t: &TestDb, who: SignedIn, slug: &str, at: Timestamp) -> Option<Entry> {
    let clinics = person(t.db(), who, at).await.expect("read")?.clinics;
    clinics.into_iter().find(|entry| entry.slug == slug)
}

async fn signed_in(t: &TestDb, passwords: &Passwords) -> Granted {
    let email = word("Mona@example.com ");
    let granted = sign_in(t.db(), passwords, &email, word(PASSWORD), now(), &IDS).await;
    granted.expect("compared").expect("right")
}

#[tokio::test]
async fn address_and_password_together_sign_in_and_lead_to_the_own_clinics_alone() {
    let (t, passwords, user) = with_supervisor().await;
    for (email, password) in [
        ("mona@example.com", "four words make no sense"),
        ("mona@example.com", ""),
        ("nobody@example.com", PASSWORD),
        ("", PASSWORD),
    ] {
        let refused = sign_in(t.db(), &passwords, &word(email), word(password), now(), &IDS).await;
        assert!(refused.expect("compared").is_none(), "{email} {password}");
    }
    let who = signed_in(&t, &passwords).await.who;
    assert_eq!(who.user, user);
    let person = person(t.db(), who, now()).await.expect("read").expect("there");
    assert_eq!(person.name, word("Mona Adel"));
    assert_eq!(person.clinics.len(), 1);
    let entered = enter(&t, who, "nile-heart", now()).await.expect("theirs");
    assert_eq!(
        (entered.tenant, entered.roles),
        (t.tenant("nile-heart").await, vec![Role::Supervisor])
    );
    for other in ["harbor-family", "nowhere"] {
        assert_eq!(enter(&t, who, other, now()).await, None, "{other}");
    }
    let mut tx = t.begin("nile-heart").await;
    assert!(end_membership(&mut tx, user, Role::Supervisor, &BY, now()).await.expect("ended"));
    tx.commit().await.expect("commit");
    assert_eq!(enter(&t, who, "nile-heart", now()).await, None, "no member now");
}

#[tokio::test]
async fn a_sign_in_is_renewed_again_and_again_until_it_ends() {
    let (t, passwords, _) = with_supervisor().await;
    let first = signed_in(&t, &passwords).await;
    let soon = now() + SignedDuration::from_mins(10);
    let second = renew(t.db(), &first.refresh, soon).await.expect("asked").expect("renewed");
    assert_eq!(second.who, first.who);
    assert_ne!(second.refresh, first.refresh);
    let third = renew(t.db(), &second.refresh, soon).await.expect("asked").expect("renewed");
    assert!(renew(t.db(), &word("made up"), soon).await.expect("asked").is_none());
    let late = now() + LASTING;
    assert!(renew(t.db(), &third.refresh, late).await.expect("asked").is_none(), "after a week");
    assert_eq!(enter(&t, first.who, "nile-heart", late).await, None);
    end(t.db(), &third.refresh, soon).await.expect("ended");
    assert!(renew(t.db(), &third.refresh, soon).await.expect("asked").is_none(), "signed out");
    assert_eq!(enter(&t, first.who, "nile-heart", soon).await, None);
}

#[tokio::test]
async fn a_token_that_comes_twice_ends_the_sign_in_unless_two_tabs_ask_at_once() {
    let (t, passwords, _) = with_supervisor().await;
    let first = signed_in(&t, &passwords).await;
    let at = |seconds| now() + SignedDuration::from_secs(seconds);
    let (one, other) =
        tokio::join!(renew(t.db(), &first.refresh, at(60)), renew(t.db(), &first.refresh, at(61)),);
    let (one, other) =
        (one.expect("asked").expect("renewed"), other.expect("asked").expect("renewed"));
    assert!(renew(t.db(), &one.refresh, at(70)).await.expect("asked").is_some());
    // Somebody else has it.
    assert!(renew(t.db(), &first.refresh, at(90)).await.expect("asked").is_none());
    assert!(renew(t.db(), &other.refresh, at(90)).await.expect("asked").is_none(), "all are out");
    assert_eq!(person(t.db(), first.who, at(90)).await.expect("read"), None);
}

#[tokio::test]
async fn a_new_password_ends_what_the_old_one_began() {
    let (t, passwords, user) = with_supervisor().await;
    let first = signed_in(&t, &passwords).await;
    let hash = passwords.hash(word("another one of those")).await.expect("hashed");
    assert!(change_password(t.db(), user, &hash, now()).await.expect("changed"));
    assert!(renew(t.db(), &first.refresh, now()).await.expect("asked").is_none());
    let email = word("mona@example.com");
    let old = sign_in(t.db(), &passwords, &email, word(PASSWORD), now(), &IDS).await;
    assert!(old.expect("compared").is_none());
    assert_eq!(t.count("credentials").await, 1);
}
