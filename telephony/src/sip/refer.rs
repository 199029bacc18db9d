//! Handing a call to somebody else: REFER and what comes back of it (RFC 3515).

use rsipstack::sip::{HasHeaders as _, Header, Request, Uri};

use super::number;

/// Where a call may be handed to: a number at the host that the call came from, or a SIP address.
/// `None` if it is neither.
pub(crate) fn target(to: &str, host: &str) -> Option<String> {
    let to = to.trim();
    if to.starts_with("sip:") || to.starts_with("sips:") {
        // What would end the header or the address in it.
        let strange = |c: char| c.is_control() || c.is_whitespace() || "<>\"?,".contains(c);
        let uri = (!to.contains(strange)).then(|| Uri::try_from(to).ok())??;
        return uri.user().map(|_| format!("<{to}>"));
    }
    let number = number::calling(to)?;
    Some(format!("<sip:{number}@{host}>"))
}

/// What a NOTIFY says of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Status of the call to the other place.
    pub(crate) status: u16,
    /// Whether nothing more will be said.
    pub(crate) last: bool,
}

/// Reads a NOTIFY; `None` if it is not of a transfer.
pub(crate) fn progress(request: &Request) -> Option<Progress> {
    let value = |name: &str| {
        let header = request.headers().iter().find(|h| h.name().eq_ignore_ascii_case(name));
        header.map(|header: &Header| header.value().trim().to_ascii_lowercase())
    };
    // The short form `o` is Event.
    let event = value("Event").or_else(|| value("o"))?;
    if event.split(';').next()?.trim() != "refer" {
        return None;
    }
    let last = value("Subscription-State").is_some_and(|state| state.starts_with("terminated"));
    let body = std::str::from_utf8(&request.body).ok()?;
    let line = body.lines().find_map(|line| line.trim().strip_prefix("SIP/2.0 "))?;
    let status = line.split_ascii_whitespace().next()?.parse().ok()?;
    (100..700).contains(&status).then_some(Progress { status, last })
}

#[cfg(test)]
mod tests {
    use rsipstack::sip::SipMessage;

    use super::*;

    #[test]
    fn a_call_goes_to_numbers_and_sip_addresses_and_nowhere_else() {
        let target = |to| target(to, "192.0.2.4:5060");
        assert_eq!(target("+201005550111").as_deref(), Some("<sip:+201005550111@192.0.2.4:5060>"));
        assert_eq!(
            target("sip:nurse@clinic.example").as_deref(),
            Some("<sip:nurse@clinic.example>")
        );
        for bad in ["", "nurse", "0100", "sip:clinic.example", "sip:a@b>\r\nX: y", "sip:a@b?h=1"] {
            assert_eq!(target(bad), None, "{bad}");
        }
    }

    fn notify(headers: &str, body: &str) -> Option<Progress> {
        let text = format!(
            "NOTIFY sip:frontdesk@192.0.2.1 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
             To: <sip:x@y>;tag=2\r\nCall-ID: c1\r\nCSeq: 7 NOTIFY\r\n{headers}\
             Content-Type: message/sipfrag\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        match SipMessage::try_from(text.as_bytes()) {
            Ok(SipMessage::Request(request)) => progress(&request),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_other_end_says_is_read_with_either_line_end() {
        let done = "Event: refer;id=3\r\nSubscription-State: terminated;reason=noresource\r\n";
        let last = |status| Some(Progress { status, last: true });
        assert_eq!(notify(done, "SIP/2.0 200 OK\n"), last(200));
        assert_eq!(notify(done, "SIP/2.0 486 Busy Here\r\nVia: x\r\n"), last(486));
        let going = "Event: refer\r\nSubscription-State: active;expires=60\r\n";
        let trying = Some(Progress { status: 100, last: false });
        assert_eq!(notify(going, "SIP/2.0 100 Trying"), trying);
        assert_eq!(notify("Event: presence\r\n", "SIP/2.0 200 OK"), None);
        assert_eq!(notify(going, "SIP/2.0 oops"), None);
    }
}
