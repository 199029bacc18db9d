//! Who is to be told is told once, whatever fails on the way.

use std::sync::Arc;

use frontdesk_tenants::calls::{self, Message, NewCall};
use frontdesk_tenants::staff::{NewMember, Role, add_member};
use frontdesk_tenants::testing::{IDS, TestDb, now, ring};
use frontdesk_tenants::{By, Database, Principal};
use frontdesk_types::{CallId, Channel, Clock as _, ManualClock, MessageSubject, Phi};
use jiff::SignedDuration;
use parking_lot::Mutex;
use std::time::Duration;

use super::notify::send;
use super::relay::pass;
use super::{Consumer, JobServices, Letter, Notifier, Run, SendError, Sender, Sent};

/// Fails as it is told, then takes what it is given.
#[derive(Default)]
struct Post {
    fails: Mutex<Vec<SendError>>,
    letters: Mutex<Vec<Letter>>,
}

impl Sender for Post {
    fn is_real(&self) -> bool {
        false
    }

    fn send<'a>(&'a self, letter: &'a Letter) -> Sent<'a> {
        let fails = self.fails.lock().pop();
        if fails.is_none() {
            self.letters.lock().push(letter.clone());
        }
        Box::pin(std::future::ready(fails.map_or(Ok(()), Err)))
    }
}

/// A caller leaves a message.
async fn message(t: &TestDb) {
    let mut tx = t.begin("nile-heart").await;
    let new = NewCall {
        id: CallId::new(&IDS),
        channel: Channel::Phone,
        video: false,
        language: "en".to_owned(),
        room: None,
        caller_phone: None,
        movable: false,
        worker: "one".to_owned(),
        lease_until: now() + SignedDuration::from_secs(45),
    };
    let key = calls::start(&mut tx, &ring(), &new, false, now()).await.expect("started");
    let message = Message {
        subject: MessageSubject::Refill,
        words: Phi::new("my drops are finished".to_owned()),
        about: None,
        call_when: None,
        phone: Some(Phi::new("+201001234567".to_owned())),
    };
    let by = By::call(new.id, 1);
    calls::add_message(&mut tx, &key, &message, &by, now(), &IDS).await.expect("taken");
    tx.commit().await.expect("commit");
}

#[tokio::test]
async fn the_staff_are_told_once_of_a_message_and_of_none_of_its_words() {
    let t = TestDb::seeded().await;
    let worker = Database::connect_with(&t.worker_url(), 2).await.expect("as frontdesk_worker");
    let by = By::principal(Principal::Job("test"));
    let mut tx = t.begin("nile-heart").await;
    for (email, role) in
        [("mona@example.org", Role::Receptionist), ("doc@example.org", Role::Doctor)]
    {
        let (email, name) = (Phi::new(email.to_owned()), Phi::new("Mona Adel".to_owned()));
        let member = NewMember { email, name, role };
        add_member(&mut tx, &member, &by, now(), &IDS).await.expect("a member");
    }
    tx.commit().await.expect("commit");
    message(&t).await;

    let clock = Arc::new(ManualClock::new(now()));
    let notifier = Notifier { database: t.db().clone(), ids: Arc::new(IDS) };
    let consumers: [Arc<dyn Consumer>; 1] = [Arc::new(notifier)];
    while pass(&worker, &consumers, now()).await.expect("handed on").0 > 0 {}
    // Delivered again: nobody is told again.
    t.execute("UPDATE outbox SET published_at = NULL").await;
    while pass(&worker, &consumers, now()).await.expect("handed on").0 > 0 {}

    let post = Arc::new(Post::default());
    let services = JobServices {
        database: t.db().clone(),
        worker: None,
        keys: None,
        clock: Arc::clone(&clock) as _,
        ids: Arc::new(IDS),
        runner: "one".to_owned(),
        consumers: Vec::new(),
        sender: Some(Arc::clone(&post) as _),
        rooms: None,
        anchor: None,
    };
    let run = || send(Run::new(services.clone(), "notifications"));
    post.fails.lock().push(SendError::Later("the mail server answered 451".to_owned()));
    assert_eq!(run().await.expect("tried"), 0);
    assert_eq!(run().await.expect("not yet"), 0);
    clock.advance(Duration::from_secs(60));
    assert_eq!(run().await.expect("again"), 1);
    clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(run().await.expect("once"), 0);
    let letters = post.letters.lock().clone();
    assert_eq!(letters.len(), 1, "the receptionist, and not the doctor");
    assert_eq!(letters[0].to.expose(), "mona@example.org");
    let text = letters[0].text.expose();
    assert!(text.contains("left a message") && !text.contains("drops"), "{text}");

    // What never works is not tried again, and stands there with its reason.
    message(&t).await;
    while pass(&worker, &consumers, clock.wall()).await.expect("handed on").0 > 0 {}
    post.fails.lock().push(SendError::Never("the mail server answered 550".to_owned()));
    assert_eq!(run().await.expect("tried"), 0);
    clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(run().await.expect("never again"), 0);
    t.execute(
        "DO $$ BEGIN ASSERT (SELECT count(*) FROM notifications WHERE status = 'failed'
             AND error = 'the mail server answered 550') = 1; END $$",
    )
    .await;
}
