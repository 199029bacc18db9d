//! Letters on their way: to a server that speaks SMTP, with its refusals, and into files.

use frontdesk_actors::jobs::{Letter, SendError, Sender as _};
use frontdesk_types::Phi;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::files::Files;
use super::smtp::Smtp;

/// Speaks SMTP (RFC 5321): takes letters but to nobody (550, and says the address) and to who is
/// busy (451).
async fn serve(stream: TcpStream, letters: mpsc::Sender<String>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 test ESMTP\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer = match line.to_uppercase().as_str() {
            command if command.starts_with("EHLO") => "250-test\r\n250 8BITMIME\r\n",
            command if command.starts_with("RCPT TO:<NOBODY@") => {
                "550 <nobody@example.org> unknown\r\n"
            }
            command if command.starts_with("RCPT TO:<BUSY@") => "451 come again\r\n",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut letter = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    letter.push_str(&line);
                    letter.push('\n');
                }
                let _ = letters.send(letter).await;
                "250 taken\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

fn letter(to: &str) -> Letter {
    Letter {
        id: uuid::Uuid::nil(),
        from_name: "عيادة النيل".to_owned(),
        to: Phi::new(to.to_owned()),
        subject: Phi::new("A caller left a message".to_owned()),
        text: Phi::new("Hello Mona,\n.\nit waits.\n".to_owned()),
    }
}

#[tokio::test]
async fn a_mail_server_gets_the_letter_and_its_refusals_are_told_without_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("smtp://{}", listener.local_addr().expect("an address"));
    let (tell, mut letters) = mpsc::channel(4);
    let server = tokio::spawn(async move {
        let mut serving = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            serving.spawn(serve(stream, tell.clone()));
        }
    });
    let smtp = Smtp::new(&url, "desk@example.org").expect("a server");
    smtp.send(&letter("mona@example.org")).await.expect("sent");
    let got = letters.recv().await.expect("a letter");
    assert!(got.contains("From: =?utf-8?b?") && got.contains("<desk@example.org>"), "{got}");
    assert!(got.contains("To: mona@example.org") && got.contains("\n..\n"), "{got}");
    assert!(
        got.contains("Message-ID: <00000000-0000-0000-0000-000000000000@example.org>"),
        "{got}"
    );
    let refused = smtp.send(&letter("nobody@example.org")).await;
    assert_eq!(refused, Err(SendError::Never("the mail server answered 550".to_owned())));
    let later = smtp.send(&letter("busy@example.org")).await;
    assert_eq!(later, Err(SendError::Later("the mail server answered 451".to_owned())));
    server.abort();
    drop(server.await);
    let gone = Smtp::new("smtp://127.0.0.1:1", "desk@example.org").expect("a server");
    let away = gone.send(&letter("mona@example.org")).await;
    assert!(matches!(away, Err(SendError::Later(_))), "{away:?}");
    assert!(Smtp::new("smtp://127.0.0.1:1", "desk").is_err());
}

#[tokio::test]
async fn a_letter_is_one_file_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let outbox = folder.path().join("outbox");
    let files = Files::new(outbox.clone());
    for _ in 0..2 {
        files.send(&letter("mona@example.org")).await.expect("written");
    }
    let written: Vec<_> = std::fs::read_dir(&outbox).expect("the folder").flatten().collect();
    assert_eq!(written.len(), 1, "sent again it is the same");
    let mode =
        |path: &std::path::Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&outbox), mode(&written[0].path())), (0o700, 0o600));
    let text = std::fs::read_to_string(written[0].path()).expect("text");
    assert!(text.contains("To: mona@example.org") && text.contains("it waits."), "{text}");
}
