//! The telephone as a caller's end sees it: real sockets, and a reception of the test.

mod calls;
mod hearing;
mod phone;
mod refusals;
mod strange;
