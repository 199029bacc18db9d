//! The runtime of a call is killed: another one, or the same one started again, goes on with the call.

use std::time::Duration;

use frontdesk_embedded::testing::{TestLiveKit, test_livekit};
use frontdesk_tenants::demo::seed_demo;
use frontdesk_tenants::testing::{TestDb, ring};
use frontdesk_types::{Clock as _, SystemClock, SystemIds};
use rustix::process::Signal;
use tokio::time::Instant;

use crate::desk::{Desk, Process};
use crate::phone_raw::Raw;
use crate::typist::Typist;

pub(crate) const SORRY: &str = "we were interrupted";

/// What a new patient types to what the agent has said.
const ANSWERS: [(&str, &str); 7] = [
    ("Shall I book", "yes"),
    ("Which one", "the first one"),
    ("phone number", "0100 5512345"),
    ("date of birth", "3 March 1990"),
    ("full name", "Quentin Zoller"),
    ("Which doctor", "any doctor"),
    ("Is that correct", "yes"),
];

/// Servers and a clinic that several runtimes share.
struct Site {
    database: TestDb,
    livekit: TestLiveKit,
}

impl Site {
    async fn new() -> Self {
        frontdesk::tls::install_provider();
        let database = TestDb::fresh().await;
        let now = SystemClock::new().wall();
        seed_demo(database.db(), &ring(), now, &SystemIds).await.expect("seeded");
        let livekit = test_livekit().await.expect("a livekit-server");
        Self { database, livekit }
    }

    fn desk(&self) -> Desk {
        Desk::new()
            .with_servers(&self.database, &self.livekit)
            .with("FRONTDESK_WORKER_URL", self.database.worker_url())
    }

    async fn serve(&self, desk: &Desk) -> Process {
        let mut process = desk.start(&["serve"]);
        let url = process.url().await;
        process.ready(&url).await;
        process
    }

    async fn call(&self, room: &str) -> Typist {
        Typist::call(&self.livekit, room, "nile-heart").await
    }

    /// Waits until the calls have ended; gives their outcomes.
    async fn outcomes(&self, process: &mut Process) -> Vec<String> {
        let open = "SELECT id::text FROM calls WHERE ended_at IS NULL";
        let over = async |_: &Process| self.database.texts(open).await.is_empty().then_some(());
        process.until("the call is closed", over).await;
        self.database.texts("SELECT outcome FROM calls ORDER BY started_at").await
    }

    /// Waits until all that the agent said is in the record.
    async fn records(&self, process: &mut Process, typist: &Typist) {
        let written = "call_turns WHERE speaker = 'agent'";
        let all =
            async |_: &Process| (self.database.count(written).await >= typist.texts).then_some(());
        process.until("what was said is recorded", all).await;
    }

    async fn booked(&self) -> i64 {
        self.database.count("appointments").await
    }
}

async fn kill(process: &mut Process) {
    process.signal(Signal::KILL);
    assert_eq!(process.exit_code().await, None, "killed");
}

/// Talks until the agent says `part`.
pub(crate) async fn until(typist: &mut Typist, mut heard: String, part: &str) -> String {
    for _ in 0..20 {
        if heard.contains(part) {
            return heard;
        }
        let fits = ANSWERS.iter().find(|(when, _)| heard.contains(when));
        let new = "I am new here and need an appointment with any doctor next week";
        let answer = fits.map_or(new, |(_, say)| *say);
        heard = typist.asks(answer, &["?", part]).await;
    }
    panic!("{part:?} was not said, but {heard}");
}

/// Goes on with a call that was killed: hears one apology and its open question, and books.
pub(crate) async fn goes_on(typist: &mut Typist, part: &str) {
    let heard = typist.hears(SORRY).await;
    let heard = if heard.contains(part) { heard } else { heard + &typist.hears(part).await };
    assert_eq!(heard.matches(SORRY).count(), 1, "one apology: {heard}");
    assert!(!heard.contains("automatic assistant"), "no second greeting: {heard}");
    let heard = until(typist, heard, "reference").await;
    assert!(!heard.contains(SORRY), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_runtime_goes_on_with_the_offers_that_were_read() {
    let site = Site::new().await;
    let (one, two) = (site.desk(), site.desk());
    let mut first = site.serve(&one).await;
    let mut typist = site.call("offers").await;
    until(&mut typist, String::new(), "Which one").await;
    let mut second = site.serve(&two).await;
    kill(&mut first).await;
    let killed = Instant::now();
    goes_on(&mut typist, "Which one").await;
    assert!(killed.elapsed() < Duration::from_secs(60), "{:?}", killed.elapsed());
    typist.leaves().await;
    assert_eq!(site.outcomes(&mut second).await, ["booked"]);
    assert_eq!(site.booked().await, 1);
    site.database.check_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_runtime_started_again_goes_on_with_the_read_back() {
    let site = Site::new().await;
    let desk = site.desk();
    let mut first = site.serve(&desk).await;
    let mut typist = site.call("read-back").await;
    until(&mut typist, String::new(), "Shall I book").await;
    site.records(&mut first, &typist).await;
    kill(&mut first).await;
    let mut again = site.serve(&desk).await;
    goes_on(&mut typist, "Shall I book").await;
    typist.leaves().await;
    assert_eq!(site.outcomes(&mut again).await, ["booked"]);
    assert_eq!(site.booked().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runtimes_one_takes_the_call() {
    let site = Site::new().await;
    let (one, two, three) = (site.desk(), site.desk(), site.desk());
    let mut first = site.serve(&one).await;
    let mut typist = site.call("race").await;
    until(&mut typist, String::new(), "Which one").await;
    let (mut second, third) = (site.serve(&two).await, site.serve(&three).await);
    kill(&mut first).await;
    goes_on(&mut typist, "Which one").await;
    typist.leaves().await;
    let taken = |process: &Process| process.log().contains("goes on here");
    assert!(taken(&second) != taken(&third), "{}\n{}", second.log(), third.log());
    assert_eq!(site.outcomes(&mut second).await, ["booked"]);
    assert_eq!(site.booked().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_under_way_is_done_once() {
    let site = Site::new().await;
    let (one, two) = (site.desk(), site.desk());
    let mut first = site.serve(&one).await;
    let mut typist = site.call("write").await;
    until(&mut typist, String::new(), "Shall I book").await;
    let mut second = site.serve(&two).await;
    let slow = "DO $$ BEGIN LOCK TABLE appointments IN SHARE ROW EXCLUSIVE MODE;
                PERFORM pg_sleep(4); END $$";
    let held = async {
        // The dead runtime's statement is carried out all the same when the lock is gone.
        site.database.execute(slow).await;
    };
    let killed = async {
        let waits = "SELECT pid::text FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        let locks = "SELECT pid::text FROM pg_locks WHERE mode = 'ShareRowExclusiveLock'";
        while site.database.texts(locks).await.is_empty() {
            tokio::task::yield_now().await;
        }
        typist.types("yes").await;
        while site.database.texts(waits).await.is_empty() {
            tokio::task::yield_now().await;
        }
        kill(&mut first).await;
    };
    tokio::join!(held, killed);
    let heard = typist.hears(SORRY).await;
    let heard = if heard.contains("reference") { heard } else { typist.hears("reference").await };
    assert!(heard.contains("reference"));
    typist.leaves().await;
    assert_eq!(site.outcomes(&mut second).await, ["booked"]);
    assert_eq!(site.booked().await, 1);
    site.database.check_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_by_telephone_ends_with_its_runtime_and_is_called_back() {
    let site = Site::new().await;
    let (one, two) = (site.desk().with("FRONTDESK_SIP_LISTEN", "127.0.0.1:0"), site.desk());
    let mut first = site.serve(&one).await;
    let sip = first
        .until("the telephone's address is told", async |process| {
            let text = process.output() + &process.log();
            let at = text.find("sip:")?;
            let line = text[at..].split_whitespace().next()?;
            line.rsplit('@').next()?.trim_start_matches("sip:").parse().ok()
        })
        .await;
    let mut caller = Raw::new(sip, "+20225550100").await;
    assert_eq!(caller.invite().await, 200);
    let begun = async |_: &Process| (site.database.count("calls").await == 1).then_some(());
    first.until("the call is recorded", begun).await;
    let mut second = site.serve(&two).await;
    kill(&mut first).await;
    assert_eq!(site.outcomes(&mut second).await, ["abandoned"]);
    let called = site.database.texts("SELECT reason || ' ' || phone FROM callbacks").await;
    assert_eq!(called, ["failure +201001234567"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn bench_ten_kills() {
    let site = Site::new().await;
    let mut desk = site.desk();
    let mut serves = site.serve(&desk).await;
    let mut took = Vec::new();
    for kill_number in 0..10 {
        let mut typist = site.call(&format!("kill-{kill_number}")).await;
        until(&mut typist, String::new(), "full name").await;
        let next = site.desk();
        let other = site.serve(&next).await;
        kill(&mut serves).await;
        let killed = Instant::now();
        typist.hears(SORRY).await;
        took.push(killed.elapsed());
        typist.leaves().await;
        // The one before ends with its folder.
        (desk, serves) = (next, other);
    }
    took.sort_unstable();
    drop(desk);
    let seconds: Vec<String> = took.iter().map(|t| format!("{:.1}", t.as_secs_f64())).collect();
    println!("from the kill to the apology, s: {}", seconds.join(" "));
    let median = (took[4] + took[5]) / 2;
    println!("median: {:.1} s", median.as_secs_f64());
    assert!(median < Duration::from_secs(20), "{median:?}");
}
