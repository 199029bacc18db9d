//! The mail server.

use std::net::IpAddr;

use super::{ConfigError, Secret, Values};

/// A mail server, and the address that letters come from.
#[derive(Debug, Clone)]
pub struct SmtpConfig {
    /// `smtps://user:password@host`, or `smtp://…?tls=required`.
    pub url: Secret,
    /// Address.
    pub from: String,
}

impl Values<'_> {
    pub(super) fn smtp(&self) -> Result<Option<SmtpConfig>, ConfigError> {
        let expected = "a URL such as smtps://user:password@mail.example.org, or \
                        smtp://mail.example.org?tls=required; without TLS only on this machine";
        let url = self.secret("FRONTDESK_SMTP_URL", expected, is_safe)?;
        let from =
            self.get("FRONTDESK_MAIL_FROM").parse("an address such as desk@example.org", {
                |text| text.parse::<lettre::Address>().ok().map(|address| address.to_string())
            })?;
        match (url, from) {
            (Some(url), Some(from)) => Ok(Some(SmtpConfig { url, from })),
            (None, None) => Ok(None),
            (url, _) => {
                let (set, missing) = if url.is_some() {
                    ("FRONTDESK_SMTP_URL", "FRONTDESK_MAIL_FROM")
                } else {
                    ("FRONTDESK_MAIL_FROM", "FRONTDESK_SMTP_URL")
                };
                let text = format!("{set} is set but {missing} is not: set both, or neither");
                Err(ConfigError::Conflict(text))
            }
        }
    }
}

/// Whether letters and the password go there encrypted, or stay on this machine.
fn is_safe(text: &str) -> bool {
    let Ok(url) = url::Url::parse(text) else { return false };
    let Some(host) = url.host_str() else { return false };
    let local = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let tls = url.query_pairs().any(|(name, value)| name == "tls" && value == "required");
    match url.scheme() {
        "smtps" => true,
        "smtp" => tls || local,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_leave_this_machine_encrypted_or_not_at_all() {
        for safe in [
            "smtps://u:p@mail.example.org",
            "smtp://m.example.org?tls=required",
            "smtp://127.0.0.1:25",
        ] {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_ in
            ["smtp://mail.example.org", "smtp://m.org?tls=opportunistic", "http://m.org", "m"]
        {
            assert!(!is_safe(unsafe_), "{unsafe_}");
        }
    }
}
