//! A worker seen from outside.

use serde::Serialize;

/// Version of the worker protocol that is spoken here.
pub(super) const PROTOCOL_VERSION: u32 = 1;

/// How a worker stands, and what it has counted since its start.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct WorkerStatus {
    /// Name by which it is dispatched.
    pub agent_name: String,
    /// Whether the server knows it right now.
    pub registered: bool,
    /// `AW_…`, as the server named it last; empty before.
    pub worker_id: String,
    /// Whether it has stopped taking jobs.
    pub draining: bool,
    /// Jobs that run.
    pub active_jobs: usize,
    /// Jobs that were accepted and are not assigned yet, and offers under decision.
    pub pending_jobs: usize,
    /// Load of the process at the last report, 0 to 1.
    pub load: f32,
    /// Times it has registered; all but the first after a loss of the connection.
    pub registrations: u64,
    /// Offers seen.
    pub offered: u64,
    /// Offers that the acceptor took.
    pub accepted: u64,
    /// Offers that the acceptor refused or finished.
    pub refused: u64,
    /// Offers that were refused without the acceptor: draining, or the queue full or unread.
    pub turned_away: u64,
    /// Offers that were refused because the acceptor was too slow or panicked.
    pub unanswered: u64,
    /// Acceptances that the server did not follow by an assignment in time.
    pub unassigned: u64,
    /// Jobs that have ended well.
    pub succeeded: u64,
    /// Jobs that have failed.
    pub failed: u64,
}

impl WorkerStatus {
    /// Whether there is no job, running or coming.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.active_jobs == 0 && self.pending_jobs == 0
    }

    /// What LiveKit's own workers answer to `GET /worker`.
    #[must_use]
    pub fn report(&self) -> WorkerReport {
        WorkerReport {
            worker_type: "JT_ROOM",
            agent_name: self.agent_name.clone(),
            active_jobs: self.active_jobs,
            sdk_version: env!("CARGO_PKG_VERSION"),
            worker_load: self.load,
            protocol_version: PROTOCOL_VERSION,
        }
    }
}

/// The body of `GET /worker`, as LiveKit's own workers answer it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WorkerReport {
    /// `JT_ROOM`: one job per room.
    pub worker_type: &'static str,
    /// Name by which it is dispatched.
    pub agent_name: String,
    /// Jobs that run.
    pub active_jobs: usize,
    /// Version of this library.
    pub sdk_version: &'static str,
    /// Load, 0 to 1.
    pub worker_load: f32,
    /// Version of the worker protocol.
    pub protocol_version: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_has_the_keys_that_livekits_tools_read() {
        let status = WorkerStatus {
            agent_name: "frontdesk".to_owned(),
            active_jobs: 3,
            load: 0.5,
            ..Default::default()
        };
        let json = serde_json::to_value(status.report()).expect("plain data");
        let expected = serde_json::json!({
            "worker_type": "JT_ROOM", "agent_name": "frontdesk", "active_jobs": 3,
            "sdk_version": env!("CARGO_PKG_VERSION"), "worker_load": 0.5, "protocol_version": 1,
        });
        assert_eq!(json, expected);
    }
}
