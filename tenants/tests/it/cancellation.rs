//! A caller hangs up, and the future that worked for them is dropped, wherever it just was: no
//! connection goes back to the pool with a transaction open or a clinic set.

use std::pin::pin;
use std::task::Poll;

use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, Principal, Tenant, TenantTx, patient};
use futures_util::future::{join_all, poll_fn};

/// Polls `future` so many times and drops it, if it has not ended before. Each poll is one step
/// further: something arrived from the server.
async fn polled<T>(future: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        let poll = future.as_mut().poll(context);
        // Dropped before the next step can be taken, not when it comes.
        if left == 0 && poll.is_pending() { Poll::Ready(None) } else { poll.map(Some) }
    })
    .await
}

const NONE: [&str; 0] = [];

async fn begin(t: &TestDb, tenant: &Tenant) {
    let tx = TenantTx::begin(t.db(), tenant).await.expect("begin");
    drop(tx);
}

async fn write(t: &TestDb, tenant: &Tenant) {
    let by = By::principal(Principal::Job("test"));
    let mut tx = TenantTx::begin(t.db(), tenant).await.expect("begin");
    patient::register_provisional(&mut tx, None, &by, now(), &IDS).await.expect("registered");
    tx.commit().await.expect("commit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_future_dropped_at_any_point_leaves_no_transaction_in_the_pool() {
    let t = TestDb::seeded_with(4).await;
    let tenant = t.tenant("nile-heart").await;
    for round in 0..3 {
        for polls in 0..16 {
            // Checked each time: the next one who begins and ends would tidy up after the last.
            join_all((0..3).map(|_| polled(begin(&t, &tenant), polls))).await;
            assert_eq!(t.unclean_connections().await, NONE, "begin, {polls} polls");
            join_all((0..3).map(|i| polled(write(&t, &tenant), polls + i))).await;
            assert_eq!(t.unclean_connections().await, NONE, "write, {polls} polls");
            // More at once than there are connections: some are dropped while they wait for one.
            join_all((0..8).map(|i| polled(write(&t, &tenant), polls + i * round))).await;
            assert_eq!(t.unclean_connections().await, NONE, "crowd, {polls} polls");
        }
    }
    // And what is said to be written is: nothing hangs in somebody's forgotten transaction.
    let before = t.count("patients").await;
    join_all((0..8).map(|_| write(&t, &tenant))).await;
    assert_eq!(t.count("patients").await, before + 8);
}
