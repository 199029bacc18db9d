//! Letters by SMTP, over a pool of connections.

use std::time::Duration;

use frontdesk_actors::jobs::{Letter, SendError, Sender, Sent};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

/// How long the server may take for a command.
const PATIENCE: Duration = Duration::from_secs(20);
/// Connections at once.
const CONNECTIONS: u32 = 4;

/// The server cannot be used as configured.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// Its URL. The URL itself is not repeated: it holds a password.
    #[error("FRONTDESK_SMTP_URL cannot be used: {0}")]
    Url(String),
    /// The sender's address.
    #[error("FRONTDESK_MAIL_FROM {0:?} is not an address such as desk@example.org")]
    From(String),
}

/// A mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
}

impl Smtp {
    /// For a server (`smtps://user:password@host`, or `smtp://…?tls=required`) and the address that
    /// letters come from. Connects when it is needed.
    ///
    /// # Errors
    /// [`SmtpError`] if one of them cannot be used.
    pub fn new(url: &str, from: &str) -> Result<Self, SmtpError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let builder = builder.map_err(|_| {
            SmtpError::Url("give a URL such as smtps://user:password@mail.example.org".to_owned())
        })?;
        let pool = PoolConfig::new().max_size(CONNECTIONS);
        let transport = builder.timeout(Some(PATIENCE)).pool_config(pool).build();
        let from = from.parse().map_err(|_| SmtpError::From(from.to_owned()))?;
        Ok(Self { transport, from })
    }

    fn message(&self, letter: &Letter) -> Result<Message, SendError> {
        let never = |what: &str| SendError::Never(what.to_owned());
        let to = letter.to.expose().parse().map_err(|_| never("the address is not one"))?;
        Message::builder()
            .from(Mailbox::new(Some(letter.from_name.clone()), self.from.clone()))
            .to(Mailbox::new(None, to))
            // The same when it is sent again, so that a mailbox may show it once.
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.domain())))
            .subject(letter.subject.expose())
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.expose().clone())
            .map_err(|_| never("the letter could not be made"))
    }
}

impl Sender for Smtp {
    fn is_real(&self) -> bool {
        true
    }

    fn send<'a>(&'a self, letter: &'a Letter) -> Sent<'a> {
        Box::pin(async move {
            let message = self.message(letter)?;
            self.transport.send(message).await.map(drop).map_err(|error| told(&error))
        })
    }
}

/// What happened, without what the server said: it may repeat the address.
fn told(error: &Error) -> SendError {
    let what = match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_timeout() => "the mail server does not answer in time".to_owned(),
        None if error.is_tls() => "no secure connection to the mail server".to_owned(),
        None => "the mail server cannot be reached".to_owned(),
    };
    if error.is_permanent() { SendError::Never(what) } else { SendError::Later(what) }
}
