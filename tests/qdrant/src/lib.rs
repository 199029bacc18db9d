//! Qdrant behind the index of `frontdesk-retrieval`, against a server of our own that speaks its
//! gRPC. Empty outside tests.

#![cfg(test)]

mod it_is_asked_over_its_protocol;
mod server;
