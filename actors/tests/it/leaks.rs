//! When a call ends, nothing of it is left.

use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_rtc::token::ApiKey;
use frontdesk_types::CallOutcome;
use futures_util::StreamExt;
use futures_util::stream;

use crate::rig::{PATIENCE, Rig};

/// What a process holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Holdings {
    tasks: usize,
    descriptors: usize,
    rooms: usize,
    calls: usize,
    /// Database sessions in use.
    sessions: usize,
}

async fn holdings(rig: &Rig) -> Holdings {
    let key = ApiKey::new(rig.livekit.api_key(), rig.livekit.api_secret());
    let api = ServerApi::new(rig.livekit.ws_url(), &key);
    // An empty room lives on for the server's departure timeout; one with somebody in it is ours.
    let rooms = api.rooms().await.expect("the server answers");
    let rooms = rooms.iter().filter(|room| room.participants > 0).count();
    Holdings {
        tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        descriptors: std::fs::read_dir("/proc/self/fd").expect("/proc").count(),
        rooms,
        calls: rig.switchboard.live_calls(),
        sessions: rig.sessions_in_use(),
    }
}

impl Holdings {
    /// Whether nothing has become more. Less is fine: what was still ending at first has ended.
    pub(crate) fn within(&self, before: &Self) -> bool {
        self.tasks <= before.tasks
            && self.descriptors <= before.descriptors
            && self.rooms <= before.rooms
            && self.calls <= before.calls
            && self.sessions <= before.sessions
    }
}

/// What the process holds once that no longer changes, or once it is `within` what is wanted; if it
/// never is, what it holds then.
pub(crate) async fn settled(rig: &Rig, wanted: Option<&Holdings>) -> Holdings {
    let settled = async {
        let mut last = holdings(rig).await;
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            let now = holdings(rig).await;
            if wanted.map_or(now == last, |wanted| now.within(wanted)) {
                return now;
            }
            last = now;
        }
    };
    match tokio::time::timeout(PATIENCE, settled).await {
        Ok(holdings) => holdings,
        Err(_) => holdings(rig).await,
    }
}

async fn join_and_leave(rig: &Rig) {
    let (_, room, end) = rig.call();
    let caller = rig.caller(&room).await;
    caller.until("the agent greets", |caller| caller.agent_voice() && caller.packets() > 0).await;
    caller.leave().await;
    let end = end.await.expect("the end is told");
    assert_eq!(end.outcome, CallOutcome::Abandoned);
}

async fn calls(rig: &Rig, count: usize) {
    stream::iter(0..count).for_each_concurrent(20, |_| join_and_leave(rig)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_hundred_calls_the_process_holds_what_it_held_after_twenty() {
    let rig = Rig::alone(20).await;
    rig.fill_pool().await;
    calls(&rig, 20).await;
    let before = settled(&rig, None).await;
    calls(&rig, 100).await;
    let after = settled(&rig, Some(&before)).await;
    assert!(after.within(&before), "{after:?} after {before:?}");
    assert_eq!(rig.switchboard.counters().calls_ended.get("abandoned"), Some(&120));
    rig.switchboard.stop().await;
}
