//! What is read out of requests, and the headers of our answers.

use frontdesk_line::{CallerFacts, CallerKind};
use frontdesk_types::Phi;
use rsipstack::sip::headers::untyped;
use rsipstack::sip::{HasHeaders as _, Header, HeadersExt as _, Request, Uri, typed};

use super::number;

/// Methods that we answer.
const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, NOTIFY";
pub(crate) const SDP: &str = "application/sdp";

/// `Allow`, `Accept` and `Supported`: what answers tell of us.
pub(crate) fn about_us() -> Vec<Header> {
    vec![
        Header::Allow(ALLOW.into()),
        Header::Accept(SDP.into()),
        // None of the extensions; an empty list says so (RFC 3261, section 20.37).
        Header::Supported("".into()),
    ]
}

/// The headers of an answer with a session description.
pub(crate) fn with_sdp() -> Vec<Header> {
    vec![Header::ContentType(SDP.into()), Header::Allow(ALLOW.into())]
}

/// What somebody may try again after, in seconds.
pub(crate) fn retry_after(seconds: u32) -> Header {
    Header::RetryAfter(seconds.to_string().into())
}

/// Extensions that a request requires and that we do not have: all of them.
pub(crate) fn required(request: &Request) -> Option<Header> {
    let required: Vec<&str> = request
        .headers()
        .iter()
        .filter_map(|header| match header {
            Header::Require(required) => Some(required.value()),
            _ => None,
        })
        .filter(|value| !value.trim().is_empty())
        .collect();
    let list = required.join(", ");
    (!list.is_empty()).then(|| Header::Unsupported(untyped::Unsupported::new(list)))
}

/// Whether the body is a session description, or there is none.
pub(crate) fn is_sdp_or_empty(request: &Request) -> bool {
    let content = request.header_value("Content-Type");
    let media_type = content.as_deref().map(|c| c.split(';').next().unwrap_or_default().trim());
    request.body.is_empty() || media_type.is_some_and(|kind| kind.eq_ignore_ascii_case(SDP))
}

/// What ties an INVITE to the others of one attempt to call (RFC 3261, section 8.2.2.2).
pub(crate) type Attempt = (String, String, u32);

/// The attempt; `None` if what makes it up is missing.
pub(crate) fn attempt(request: &Request) -> Option<Attempt> {
    let call = request.call_id_header().ok()?.value().to_owned();
    let tag = request.from_header().ok()?.tag().ok()??.value().to_owned();
    let seq = request.cseq_header().ok()?.seq().ok()?;
    Some((call, tag, seq))
}

/// The user part of an address in a header such as `"Mary" <sip:+1555@host>`.
fn user(value: &str) -> Option<String> {
    let address = typed::From::parse(value).ok()?;
    address.uri.user().map(str::to_owned)
}

/// Who calls whom.
pub(crate) fn facts(request: &Request) -> CallerFacts {
    // The trunk vouches for the asserted identity, nobody for the other; both are facts only.
    let asserted = request.headers().iter().find_map(|header| match header {
        Header::PAssertedIdentity(identity) => user(first_address(identity.value())),
        _ => None,
    });
    let from = || user(request.from_header().ok()?.value());
    let private = request.header_value("Privacy").is_some_and(|privacy| {
        privacy.split(';').any(|part| ["id", "user", "header"].contains(&part.trim()))
    });
    let number = if private { None } else { asserted.or_else(from) };
    CallerFacts {
        identity: None,
        kind: CallerKind::Phone,
        number: number.as_deref().and_then(number::calling).map(Phi::new),
        dialled: request.uri.user().and_then(number::dialled),
        ..CallerFacts::default()
    }
}

/// The first of a list of addresses.
fn first_address(list: &str) -> &str {
    let mut quoted = false;
    let mut inside = false;
    for (at, c) in list.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '<' if !quoted => inside = true,
            '>' if !quoted => inside = false,
            ',' if !quoted && !inside => return list.get(..at).unwrap_or(list),
            _ => {}
        }
    }
    list
}

/// The address of the request without what a log must not hold: its host alone.
pub(crate) fn host(uri: &Uri) -> String {
    uri.host_with_port.to_string()
}

#[cfg(test)]
mod tests {
    use rsipstack::sip::SipMessage;

    use super::*;

    fn request(headers: &str) -> Request {
        let text = format!(
            "INVITE sip:+20225550100@192.0.2.1:5060 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK1\r\nTo: <sip:x@y>\r\nCall-ID: c1\r\n\
             CSeq: 7 INVITE\r\n{headers}Content-Length: 0\r\n\r\n"
        );
        match SipMessage::try_from(text.as_bytes()) {
            Ok(SipMessage::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn number(headers: &str) -> Option<String> {
        let facts = facts(&request(headers));
        assert_eq!(facts.dialled.as_deref(), Some("+20225550100"));
        facts.number.map(|number| number.expose().clone())
    }

    #[test]
    fn the_caller_is_whom_the_trunk_asserts_unless_they_want_to_be_nobody() {
        let from = "From: \"Mary\" <sip:+201001234567@h>;tag=a\r\n";
        let asserted = "P-Asserted-Identity: \"A, B\" <sip:+15551230000@h>, <tel:+1999>\r\n";
        assert_eq!(number(from).as_deref(), Some("+201001234567"));
        assert_eq!(number(&format!("{from}{asserted}")).as_deref(), Some("+15551230000"));
        assert_eq!(number(&format!("{from}{asserted}Privacy: id\r\n")), None);
        assert_eq!(number("From: Anonymous <sip:anonymous@anonymous.invalid>;tag=a\r\n"), None);
    }

    #[test]
    fn an_attempt_is_named_and_extensions_are_listed() {
        let request = request("From: <sip:a@b>;tag=t1\r\nRequire: 100rel\r\nRequire: timer\r\n");
        assert_eq!(attempt(&request), Some(("c1".to_owned(), "t1".to_owned(), 7)));
        let unsupported = required(&request).expect("two");
        assert_eq!(unsupported.to_string(), "Unsupported: 100rel, timer");
    }
}
