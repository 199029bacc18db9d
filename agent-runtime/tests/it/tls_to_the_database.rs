//! A database over TLS: encrypted, its certificate believed only if it is the right one, and nothing
//! sent in the clear to a server that wants TLS.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use frontdesk_tenants::Database;
use frontdesk_tenants::testing::RING;
use tokio::net::TcpStream;

use crate::desk::Desk;
use crate::own_postgres::OwnPostgres;

/// The server, which ends with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A certificate that has signed itself, and its key.
fn certificate(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).expect("a certificate");
    (pem("CERTIFICATE", made.cert.der()), pem("PRIVATE KEY", &made.signing_key.serialize_der()))
}

/// The same data served at that port alone, and by TLS alone.
async fn serve(database: &mut OwnPostgres, port: u16) -> (Served, String) {
    let data = database.server().database_dir().to_owned();
    let pid = database.server().server().pid();
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).expect("a command line");
    let program = line.split(|byte| *byte == 0).next().expect("a program");
    let program = String::from_utf8_lossy(program).into_owned();
    database.stop().await;
    let owner = std::fs::metadata(&data).expect("a folder");
    let (root, key) = certificate("localhost");
    for (name, text) in [
        ("server.crt", root.as_str()),
        ("server.key", key.as_str()),
        ("pg_hba.conf", "hostssl all all 127.0.0.1/32 trust\n"),
    ] {
        let path = data.join(name);
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("closed");
        chown(&path, Some(owner.uid()), Some(owner.gid())).expect("given");
    }
    let mut command = Command::new(program);
    command.arg("-D").arg(&data).current_dir(&data).stdout(Stdio::null()).stderr(Stdio::null());
    for setting in [
        "listen_addresses=127.0.0.1",
        &format!("port={port}"),
        "unix_socket_directories=",
        "ssl=on",
        "ssl_cert_file=server.crt",
        "ssl_key_file=server.key",
    ] {
        command.args(["-c", setting]);
    }
    if owner.uid() != std::fs::metadata("/proc/self").expect("ourselves").uid() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    let served = Served(command.spawn().expect("it runs"));
    for _ in 0..200 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return (served, root);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("PostgreSQL does not listen");
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    path.to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_spoken_to_by_tls_and_only_where_its_certificate_is_the_right_one() {
    frontdesk::tls::install_provider();
    let desk = Desk::new();
    let mut database = OwnPostgres::new(&desk.folder.path().join("database")).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let (_served, root) = serve(&mut database, port).await;
    let right = write(desk.folder.path(), "right.pem", &root);
    let wrong = write(desk.folder.path(), "wrong.pem", &certificate("localhost").0);
    let url = |host: &str, options: &str| {
        format!("postgres://frontdesk_app@{host}:{port}/frontdesk?{options}")
    };
    let connects = async |url: String| match Database::connect_with(&url, 1).await {
        Ok(database) => {
            let by = database.encryption().await.expect("asked");
            database.close().await;
            Ok(by)
        }
        Err(error) => Err(error.to_string()),
    };

    let verified = format!("sslmode=verify-full&sslrootcert={right}");
    let by = async {
        loop {
            match connects(url("localhost", &verified)).await {
                Ok(by) => return by,
                // It listens before it has started.
                Err(error) => assert!(error.contains("starting up"), "{error}"),
            }
        }
    };
    let by = tokio::time::timeout(Duration::from_secs(30), by).await.expect("connected");
    assert!(by.is_some_and(|version| version.starts_with("TLSv1.")));
    assert!(connects(url("localhost", "sslmode=require")).await.expect("connected").is_some());
    for (host, options) in [
        // Somebody else's certificate, the right one for another name, none at all.
        ("localhost", format!("sslmode=verify-full&sslrootcert={wrong}")),
        ("127.0.0.1", verified.clone()),
        ("localhost", "sslmode=verify-full".to_owned()),
        ("localhost", "sslmode=disable".to_owned()),
    ] {
        let refused = connects(url(host, &options)).await;
        assert!(refused.is_err(), "{host} {options}: {refused:?}");
    }

    // The program itself.
    let program = |url| Desk::new().with("DATABASE_URL", url).with("FRONTDESK_DATA_KEYS", RING);
    let well = program(url("localhost", &verified)).run(&["jobs", "list"]).await;
    assert_eq!(well.status.code(), Some(0), "{}", String::from_utf8_lossy(&well.stderr));
    let bare = program(url("localhost", "sslmode=disable")).run(&["jobs", "list"]).await;
    assert_eq!(bare.status.code(), Some(3), "{}", String::from_utf8_lossy(&bare.stdout));
}
