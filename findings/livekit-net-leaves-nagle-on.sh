#!/usr/bin/env bash
# The WebSocket under LiveKit's signalling in Rust (livekit-net 0.1.4, used by livekit-signaling 0.1.8)
# is opened with Nagle's algorithm on. Signalling sends small messages in a row, so the second waits
# for the acknowledgement of the first: some 40 ms in each negotiation, also on loopback.
#
# Seen with livekit-net 0.1.4, Rust 1.95: TCP_NODELAY of the signalling socket: 0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "nagle"
version = "0.1.0"
edition = "2024"

[dependencies]
libc = "0.2"
livekit-net = { version = "=0.1.4", default-features = false, features = ["native"] }
rustls = { version = "0.23", default-features = false, features = ["ring"] }
tokio = { version = "1", features = ["macros", "net", "rt-multi-thread", "time"] }
tokio-tungstenite = { version = "0.29", default-features = false, features = ["handshake"] }
TOML
cat >src/main.rs <<'RUST'
#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = async { tokio_tungstenite::accept_async(listener.accept().await.unwrap().0).await.unwrap() };
    let client = livekit_net::ws_client().unwrap();
    let connect = client.connect(format!("ws://127.0.0.1:{port}/rtc"), Vec::new(), 5000);
    let (_server, connected) = tokio::join!(server, connect);
    let _connection = connected.unwrap().connection;
    // The socket whose peer is the server: among all open files, since the library hides it.
    for fd in 3..256 {
        unsafe {
            let mut peer: libc::sockaddr_in = std::mem::zeroed();
            let mut size = size_of::<libc::sockaddr_in>() as u32;
            if libc::getpeername(fd, (&raw mut peer).cast(), &mut size) == 0
                && i32::from(peer.sin_family) == libc::AF_INET
                && u16::from_be(peer.sin_port) == port
            {
                let (mut value, mut size) = (-1_i32, 4_u32);
                libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, (&raw mut value).cast(), &mut size);
                println!("TCP_NODELAY of the signalling socket: {value}");
            }
        }
    }
}
RUST
said=$(cargo run --quiet)
printf '%s\n' "$said"
if [ "$said" != "TCP_NODELAY of the signalling socket: 0" ]; then
    echo "this has changed: rtc/src/signal_socket.rs may not be needed any more"
    exit 1
fi
