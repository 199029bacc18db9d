//! livekit-server in a data folder.

use std::net::{TcpListener, UdpSocket};
use std::path::Path;

use frontdesk_embedded::{EmbeddedError, LiveKit, Ports};

use crate::support::{
    USUAL_PORTS, folder, given_folder, livekit, livekit_on_usual_ports, runs, runtime, until,
};

#[tokio::test]
async fn it_answers_and_keeps_its_keys_and_ports_over_restarts() {
    let _ports = USUAL_PORTS.lock().await;
    let dir = folder();
    let server = LiveKit::start(livekit_on_usual_ports(dir.path())).await.expect("starts");
    assert!(server.answers().await);
    assert!(server.api_secret().len() >= 32);
    let before = (server.ws_url(), server.api_key().to_owned(), server.api_secret().to_owned());
    server.stop().await.expect("stops");
    assert_eq!(runs(&dir.path().to_string_lossy()), Vec::<String>::new());
    let server = LiveKit::start(livekit_on_usual_ports(dir.path())).await.expect("starts again");
    let after = (server.ws_url(), server.api_key().to_owned(), server.api_secret().to_owned());
    assert_eq!(before, after);
    server.stop().await.expect("stops");
}

/// The lines of `/proc/net/<table>` that belong to open sockets of the process: local address,
/// port. Its ends of connections are left out.
fn bound(pid: i32, table: &str) -> Vec<(String, u16)> {
    let fds = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("runs").flatten();
    let sockets: Vec<String> = fds
        .filter_map(|fd| std::fs::read_link(fd.path()).ok())
        .filter_map(|link| {
            Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect();
    let text = std::fs::read_to_string(Path::new("/proc/net").join(table)).unwrap_or_default();
    text.lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|fields| matches!(fields[3], "0A" | "07"))
        .filter(|fields| sockets.iter().any(|inode| inode == fields[9]))
        .filter_map(|fields| {
            let (address, port) = fields[1].split_once(':')?;
            Some((address.to_owned(), u16::from_str_radix(port, 16).ok()?))
        })
        .collect()
}

#[tokio::test]
async fn it_listens_on_this_machine_only() {
    let dir = folder();
    let server = LiveKit::start(livekit(dir.path())).await.expect("starts");
    let Ports::Fixed { http, udp } = server.ports() else { panic!("the ports it got") };
    // The kernel's table is not read in one piece and can miss a line when others come and go.
    for (table, port) in [("tcp", http), ("udp", udp)] {
        let expected = [("0100007F".to_owned(), port)];
        until("it is bound to loopback only", || bound(server.server().pid(), table) == expected)
            .await;
    }
    for table in ["tcp6", "udp6"] {
        assert_eq!(bound(server.server().pid(), table), []);
    }
    server.stop().await.expect("stops");
}

#[tokio::test]
async fn a_taken_port_is_named_and_free_ones_are_found_if_nobody_cares() {
    let dir = folder();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let http = taken.local_addr().expect("bound").port();
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let udp_port = udp.local_addr().expect("bound").port();
    let mut options = livekit(dir.path());
    options.ports = Ports::Fixed { http, udp: udp_port };
    let message = LiveKit::start(options.clone()).await.expect_err("taken").to_string();
    assert!(
        message.contains(&http.to_string()) && message.contains("another program"),
        "{message}"
    );
    drop(taken);
    let error = LiveKit::start(options.clone()).await.expect_err("taken");
    assert!(matches!(error, EmbeddedError::PortTaken { port, .. } if port == udp_port), "{error}");
    drop(udp);
    let server = LiveKit::start(options).await.expect("starts");
    assert_eq!(server.ws_url(), format!("ws://127.0.0.1:{http}"));

    let other = folder();
    let mut options = livekit(other.path());
    options.ports = Ports::Free;
    let second = LiveKit::start(options).await.expect("starts beside it");
    assert_ne!(second.ws_url(), server.ws_url());
    second.stop().await.expect("stops");
    server.stop().await.expect("stops");
}

#[tokio::test]
async fn two_runtimes_on_one_folder_and_a_missing_program_are_told() {
    let dir = folder();
    let server = LiveKit::start(livekit(dir.path())).await.expect("starts");
    let error = LiveKit::start(livekit(dir.path())).await.expect_err("in use");
    assert!(matches!(error, EmbeddedError::InUse { .. }), "{error}");
    server.stop().await.expect("stops");

    let mut options = livekit(dir.path());
    options.program = Some("/nonexistent/livekit-server".into());
    let message = LiveKit::start(options).await.expect_err("absent").to_string();
    assert!(message.contains("/nonexistent") && message.contains("make run"), "{message}");
    assert!(!message.contains('\n'), "{message}");
}

/// Not a test: a runtime that the test below kills.
#[tokio::test]
#[ignore = "run by other tests"]
async fn a_runtime_with_livekit() {
    let dir = given_folder();
    let _server = LiveKit::start(livekit_on_usual_ports(&dir)).await.expect("starts");
    std::fs::write(dir.join("started"), "").expect("told");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_server_of_a_killed_runtime_is_adopted_or_stopped() {
    let _ports = USUAL_PORTS.lock().await;
    let dir = folder();
    let mut killed = runtime("livekit::a_runtime_with_livekit", dir.path());
    until("it starts", || dir.path().join("started").exists()).await;
    let pid_file = std::fs::read_to_string(dir.path().join("livekit.pid")).expect("there");
    killed.kill().expect("killed");
    killed.wait().expect("gone");
    let server = LiveKit::start(livekit_on_usual_ports(dir.path())).await.expect("adopts");
    assert!(pid_file.contains(&server.server().pid().to_string()), "the same process serves");
    assert!(server.answers().await);
    server.stop().await.expect("stops");
    assert_eq!(runs(&dir.path().to_string_lossy()), Vec::<String>::new());

    // One that runs otherwise than we would run it is replaced.
    std::fs::remove_file(dir.path().join("started")).expect("there");
    let mut killed = runtime("livekit::a_runtime_with_livekit", dir.path());
    until("it starts", || dir.path().join("started").exists()).await;
    killed.kill().expect("killed");
    killed.wait().expect("gone");
    let mut options = livekit(dir.path());
    options.ports = Ports::Free;
    let server = LiveKit::start(options).await.expect("starts anew");
    assert_eq!(runs(&dir.path().to_string_lossy()).len(), 1);
    server.stop().await.expect("stops");
}
