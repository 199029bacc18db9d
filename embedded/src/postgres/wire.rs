//! Just enough of PostgreSQL's protocol to ask whether it answers and to make a database. The
//! crate with the schema has the real client; this one must not depend on it.

use std::io;
use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

const PROTOCOL_3: i32 = 196_608;
/// Longest message that is read; answers to what is sent here are far shorter.
const MAX_MESSAGE: usize = 64 * 1024;

/// Why a session or a statement failed.
#[derive(Debug)]
pub(crate) enum WireError {
    /// No connection, or not one to PostgreSQL.
    Io(io::Error),
    /// The server said no.
    Server { code: String, message: String },
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A session of a superuser over the Unix socket, where the server trusts its peer.
#[derive(Debug)]
pub(crate) struct Session(UnixStream);

impl Session {
    pub(crate) async fn open(socket: &Path, user: &str, database: &str) -> Result<Self, WireError> {
        let mut session = Self(UnixStream::connect(socket).await?);
        let mut body = PROTOCOL_3.to_be_bytes().to_vec();
        for text in ["user", user, "database", database, ""] {
            body.extend_from_slice(text.as_bytes());
            body.push(0);
        }
        session.send(None, &body).await?;
        session.until_ready().await?;
        Ok(session)
    }

    /// Runs one statement and drops its rows.
    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), WireError> {
        let mut body = sql.as_bytes().to_vec();
        body.push(0);
        self.send(Some(b'Q'), &body).await?;
        self.until_ready().await
    }

    async fn send(&mut self, kind: Option<u8>, body: &[u8]) -> Result<(), WireError> {
        let mut message: Vec<u8> = kind.into_iter().collect();
        let length = i32::try_from(body.len() + 4).map_err(io::Error::other)?;
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(body);
        self.0.write_all(&message).await?;
        Ok(())
    }

    async fn until_ready(&mut self) -> Result<(), WireError> {
        let mut refused = None;
        loop {
            let kind = match self.0.read_u8().await {
                Ok(kind) => kind,
                // After a fatal error the server hangs up without another word.
                Err(error) => return Err(refused.unwrap_or(WireError::Io(error))),
            };
            let length = usize::try_from(self.0.read_i32().await?).unwrap_or(0);
            let body = length.checked_sub(4).filter(|&length| length <= MAX_MESSAGE);
            let mut body = vec![0; body.ok_or_else(|| io::Error::other("not PostgreSQL"))?];
            self.0.read_exact(&mut body).await?;
            match kind {
                b'Z' => return refused.map_or(Ok(()), Err),
                b'E' => refused = Some(server_error(&body)),
                // AuthenticationOk is a zero; anything else asks for what we do not have.
                b'R' if body != [0; 4] => {
                    return Err(WireError::Server {
                        code: "28000".to_owned(),
                        message: "it asks for a password".to_owned(),
                    });
                }
                _ => {}
            }
        }
    }
}

fn server_error(body: &[u8]) -> WireError {
    let field = |wanted: u8| {
        body.split(|&byte| byte == 0)
            .find_map(|field| field.strip_prefix(&[wanted]))
            .map_or_else(String::new, |text| String::from_utf8_lossy(text).into_owned())
    };
    WireError::Server { code: field(b'C'), message: field(b'M') }
}

impl std::fmt::Display for WireError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Server { code, message } => write!(f, "{message} ({code})"),
        }
    }
}
