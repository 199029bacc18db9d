//! The cryptography of TLS, chosen once for the process.
//!
//! Every TLS client here is rustls's, and asks it for the process's provider: the WebSockets of
//! rooms and worker, and reqwest. LiveKit's API client brings *ring* and cannot do without; so ring
//! it is for all, and `deny.toml` keeps a second one out of rustls: with two, whoever asks before one
//! is installed panics. DTLS and SRTP are str0m's own affair, which has aws-lc-rs.

/// Installs the provider. First of all in the program, before anything can ask for it; again does
/// nothing.
pub fn install_provider() {
    // Fails if there is one already: then it is this one, since rustls is built with no other.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
