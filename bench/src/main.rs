//! Measurements that are no test: `cargo run --release -p frontdesk-bench`.
//!
//! A program of its own and not an example of the crate it measures: examples are built with the
//! features of tests, and release builds refuse fault injection.

mod codec;
mod sound;

fn main() -> anyhow::Result<()> {
    codec::figures()
}
