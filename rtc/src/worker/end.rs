//! How a job ends, and why it should.

/// Why a job should end now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Termination {
    /// The server asked: the dispatch was deleted, or the agent was removed from the room.
    Server,
    /// The worker closes.
    WorkerClosed,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// As it should.
    Success,
    /// It did not; the server keeps the reason (ids and facts, nothing of the caller).
    Failed(String),
}
