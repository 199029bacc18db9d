//! What carries letters out of the process: an SMTP server, or files in the data folder for who has
//! none.

mod files;
mod smtp;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use frontdesk_actors::jobs::Sender;

use crate::config::{Config, DatabaseConfig};
use files::Files;
pub use smtp::{Smtp, SmtpError};

/// The configured server; with the embedded database and none configured, files of the data folder.
/// `None` for somebody else's database without a server: such a runtime writes no files.
///
/// # Errors
/// [`SmtpError`] if the server's URL or the sender's address cannot be used.
pub fn sender(config: &Config) -> Result<Option<Arc<dyn Sender>>, SmtpError> {
    match (&config.smtp, &config.database) {
        (Some(smtp), _) => Ok(Some(Arc::new(Smtp::new(smtp.url.reveal(), &smtp.from)?))),
        (None, DatabaseConfig::Embedded { .. }) => {
            Ok(Some(Arc::new(Files::new(config.data_dir.join("outbox")))))
        }
        (None, DatabaseConfig::External { .. }) => Ok(None),
    }
}
