//! Offers and answers (RFC 3264): one audio stream of G.711, with keys (RFC 4733) where they are
//! offered, 20 ms a packet. Every other stream is refused.

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Connection, Media, MediaType, Origin, Session, Time, TransportProto};

use crate::media::{Law, Talk};

/// Payload type of keys in our own offers.
const KEY_TYPE: u8 = 101;
const KEYS: &str = "telephone-event";
/// Ports below are system services', to which nobody has sound sent.
const FIRST_PORT: u16 = 1024;

/// Why a description cannot be agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SdpError {
    #[error("the session description cannot be read")]
    Unreadable,
    #[error("no audio stream of G.711 over RTP is in it")]
    NoSound,
    #[error("its address cannot be sent to")]
    Address,
}

/// A description of the caller's end.
pub(crate) struct Offer {
    session: Session,
    /// Which of its streams is used.
    stream: usize,
    /// The law's name and number, as they wrote it.
    pub(crate) talk: Talk,
}

/// The direction attributes, as the side that wrote them means them: sends, receives.
const DIRECTIONS: [(&str, (bool, bool)); 4] = [
    ("sendrecv", (true, true)),
    ("sendonly", (true, false)),
    ("recvonly", (false, true)),
    ("inactive", (false, false)),
];

/// An encoding of a stream by payload type: by its `rtpmap`, or by the static table.
fn encodings(media: &Media) -> Vec<(u8, String)> {
    let named = |payload_type: u8| {
        media.get_attribute_values("rtpmap").flatten().find_map(|value| {
            let (number, name) = value.split_once(' ')?;
            (number.parse() == Ok(payload_type)).then(|| name.trim().to_ascii_lowercase())
        })
    };
    let known = |payload_type: u8| {
        let law = [Law::Mu, Law::A].into_iter().find(|law| law.payload_type() == payload_type)?;
        Some(format!("{}/8000", law.name().to_ascii_lowercase()))
    };
    media
        .fmt
        .split_ascii_whitespace()
        .filter_map(|number| number.parse().ok())
        .filter(|payload_type| *payload_type < 128)
        .filter_map(|number| Some((number, named(number).or_else(|| known(number))?)))
        .collect()
}

fn law(encoding: &str) -> Option<Law> {
    let mono = encoding.strip_suffix("/1").unwrap_or(encoding);
    [Law::Mu, Law::A].into_iter().find(|law| mono == format!("{}/8000", law.name().to_lowercase()))
}

/// Whether sound may be sent to that address on the word of `from`.
fn is_usable(address: SocketAddr, from: IpAddr) -> bool {
    let ip = address.ip().to_canonical();
    let foreign = match ip {
        IpAddr::V4(v4) => v4.is_broadcast() || v4.is_multicast(),
        IpAddr::V6(v6) => v6.is_multicast(),
    };
    // Somebody elsewhere has no business with services of this machine.
    let inside = ip.is_loopback() && !from.to_canonical().is_loopback();
    !foreign && !inside && address.port() >= FIRST_PORT
}

impl Offer {
    /// Reads a description that came from `from`: an offer, or the answer to ours.
    pub(crate) fn parse(body: &[u8], from: IpAddr) -> Result<Self, SdpError> {
        let session = Session::parse(body).map_err(|_| SdpError::Unreadable)?;
        let mut found = None;
        for (stream, media) in session.medias.iter().enumerate() {
            let rtp = matches!(
                media.parse_transport_proto(),
                TransportProto::RtpAvp | TransportProto::RtpAvpf
            );
            if media.media != "audio" || !rtp || media.port == 0 {
                continue;
            }
            let encodings = encodings(media);
            let sound = encodings.iter().find_map(|(number, name)| Some((*number, law(name)?)));
            if let Some((sound_type, law)) = sound {
                let keys = format!("{KEYS}/8000");
                let key_type =
                    encodings.iter().find(|(_, name)| *name == keys).map(|(number, _)| *number);
                found = Some((stream, law, sound_type, key_type));
                break;
            }
        }
        let (stream, law, sound_type, key_type) = found.ok_or(SdpError::NoSound)?;
        let media = session.medias.get(stream).ok_or(SdpError::NoSound)?;
        let connection = media.connections.first().or(session.connection.as_ref());
        let ip = connection.ok_or(SdpError::Address)?;
        let ip = ip.try_address().map_err(|_| SdpError::Address)?.ip;
        let remote = SocketAddr::new(ip, media.port);
        if !ip.is_unspecified() && !is_usable(remote, from) {
            return Err(SdpError::Address);
        }
        let remote = (!ip.is_unspecified()).then_some(remote);
        let of = |attributes: &[sdp_types::Attribute]| {
            DIRECTIONS.into_iter().find_map(|(name, direction)| {
                attributes.iter().any(|a| a.attribute == name).then_some(direction)
            })
        };
        let direction = of(&media.attributes).or_else(|| of(&session.attributes));
        let (hears, speaks) = direction.unwrap_or((true, true));
        let speaks = speaks && remote.is_some();
        // Held in the old way, they send nothing either.
        let hears = hears && remote.is_some();
        let talk = Talk { law, sound_type, key_type, remote, hears, speaks };
        Ok(Self { session, stream, talk })
    }
}

/// Describes our end.
#[derive(Debug, Clone)]
pub(crate) struct Describer {
    /// Where our socket is, as the caller's end reaches it.
    local: SocketAddr,
    id: u64,
    version: u64,
}

impl Describer {
    pub(crate) const fn new(local: SocketAddr, id: u64) -> Self {
        Self { local, id, version: 0 }
    }

    /// The answer to an offer: its streams in its order, one of them accepted.
    pub(crate) fn answer(&mut self, offer: &Offer) -> Vec<u8> {
        let talk = &offer.talk;
        let streams = offer.session.medias.iter().enumerate().map(|(n, theirs)| {
            if n == offer.stream {
                return self.stream(&theirs.proto, &[(talk.sound_type, talk.law)], talk);
            }
            let mut refused = theirs.clone();
            refused.port = 0;
            refused.num_ports = None;
            refused.attributes.clear();
            refused.connections.clear();
            refused.bandwidths.clear();
            refused.key = None;
            refused
        });
        let streams = streams.collect();
        self.describe(streams)
    }

    /// An offer of ours, to somebody who asks for one.
    pub(crate) fn offer(&mut self) -> Vec<u8> {
        let laws = [Law::Mu, Law::A].map(|law| (law.payload_type(), law));
        let talk = Talk {
            law: Law::Mu,
            sound_type: Law::Mu.payload_type(),
            key_type: Some(KEY_TYPE),
            remote: None,
            hears: true,
            speaks: true,
        };
        let stream = self.stream("RTP/AVP", &laws, &talk);
        self.describe(vec![stream])
    }

    fn stream(&self, proto: &str, laws: &[(u8, Law)], talk: &Talk) -> Media {
        let numbers = laws.iter().map(|(number, _)| *number).chain(talk.key_type);
        let fmt = numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
        let port = self.local.port();
        let mut media = Media::new(MediaType::Audio, port, TransportProto::RtpAvp, fmt);
        proto.clone_into(&mut media.proto);
        for (number, law) in laws {
            media.add_attribute_with_value("rtpmap", format!("{number} {}/8000", law.name()));
        }
        if let Some(number) = talk.key_type {
            media.add_attribute_with_value("rtpmap", format!("{number} {KEYS}/8000"));
            media.add_attribute_with_value("fmtp", format!("{number} 0-15"));
        }
        media.add_attribute_with_value("ptime", 20);
        // What they send we receive.
        let ours = (talk.speaks, talk.hears);
        let direction = DIRECTIONS.into_iter().find(|(_, direction)| *direction == ours);
        media.add_attribute_from_str(direction.map_or("inactive", |(name, _)| name));
        media
    }

    fn describe(&mut self, streams: Vec<Media>) -> Vec<u8> {
        self.version += 1;
        let ip = self.local.ip();
        let origin = Origin::with_ip_addr(self.id, self.version, ip);
        let mut session = Session::new(origin, "-");
        session.set_connection(Connection::from_ip_addr(ip));
        session.add_time(Time::new(0, 0));
        session.add_medias(streams);
        let mut body = Vec::new();
        // Into memory: it does not fail.
        let _ = session.write(&mut body);
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n";

    fn offer(rest: &str) -> Result<Offer, SdpError> {
        Offer::parse(format!("{HEAD}{rest}").as_bytes(), "192.0.2.4".parse().expect("an address"))
    }

    fn answer(rest: &str) -> String {
        let mut describer = Describer::new("198.51.100.1:20000".parse().expect("an address"), 77);
        let answer = describer.answer(&offer(rest).unwrap_or_else(|error| panic!("{error}")));
        String::from_utf8(answer).expect("UTF-8")
    }

    #[test]
    fn the_first_law_of_the_offer_is_answered_with_keys_and_20_ms() {
        let text = answer(
            "m=audio 4000 RTP/AVP 96 8 0 97\r\na=rtpmap:96 opus/48000/2\r\n\
             a=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-15\r\na=ptime:40\r\n",
        );
        assert_eq!(
            text,
            "v=0\r\no=- 77 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
             m=audio 20000 RTP/AVP 8 97\r\na=rtpmap:8 PCMA/8000\r\n\
             a=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
        );
    }

    #[test]
    fn other_streams_are_refused_in_their_places() {
        let text = answer(
            "m=video 4002 RTP/AVP 31\r\nm=audio 4004 RTP/SAVP 0\r\nm=audio 4000 RTP/AVP 0\r\n",
        );
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("m=")).collect();
        let expected = ["m=video 0 RTP/AVP 31", "m=audio 0 RTP/SAVP 0", "m=audio 20000 RTP/AVP 0"];
        assert_eq!(lines, expected);
    }

    #[test]
    fn holding_is_answered_from_the_other_side() {
        for (theirs, ours, hears, speaks) in [
            ("sendonly", "recvonly", true, false),
            ("recvonly", "sendonly", false, true),
            ("inactive", "inactive", false, false),
            ("sendrecv", "sendrecv", true, true),
        ] {
            let rest = format!("m=audio 4000 RTP/AVP 0\r\na={theirs}\r\n");
            let talk = offer(&rest).unwrap_or_else(|error| panic!("{error}")).talk;
            assert_eq!((talk.hears, talk.speaks), (hears, speaks), "{theirs}");
            assert!(answer(&rest).contains(&format!("a={ours}\r\n")), "{theirs}");
        }
        let old = "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n";
        let talk = offer(old).unwrap_or_else(|error| panic!("{error}")).talk;
        assert_eq!((talk.hears, talk.speaks, talk.remote), (false, false, None));
    }

    #[test]
    fn what_cannot_be_agreed_to_is_told_apart() {
        let cases = [
            ("m=audio 4000 RTP/AVP 18\r\n", SdpError::NoSound),
            ("m=audio 4000 RTP/SAVP 0\r\n", SdpError::NoSound),
            ("m=audio 0 RTP/AVP 0\r\n", SdpError::NoSound),
            ("", SdpError::NoSound),
            ("m=audio 53 RTP/AVP 0\r\n", SdpError::Address),
            ("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 127.0.0.1\r\n", SdpError::Address),
            ("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 224.0.0.9\r\n", SdpError::Address),
            ("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 host.example\r\n", SdpError::Address),
            ("m=audio x\r\n", SdpError::Unreadable),
        ];
        for (rest, error) in cases {
            assert_eq!(offer(rest).err(), Some(error), "{rest}");
        }
    }

    #[test]
    fn a_law_under_a_number_of_its_own_is_found() {
        let rest = "m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 PCMA/8000/1\r\n";
        let talk = offer(rest).unwrap_or_else(|error| panic!("{error}")).talk;
        assert_eq!((talk.law, talk.sound_type, talk.key_type), (Law::A, 111, None));
        assert!(answer(rest).contains("m=audio 20000 RTP/AVP 111\r\na=rtpmap:111 PCMA/8000\r\n"));
    }

    #[test]
    fn our_own_offer_can_be_answered() {
        let local: SocketAddr = "198.51.100.1:20000".parse().expect("an address");
        let body = Describer::new(local, 1).offer();
        let talk = Offer::parse(&body, local.ip()).unwrap_or_else(|error| panic!("{error}")).talk;
        assert_eq!((talk.law, talk.key_type, talk.remote), (Law::Mu, Some(KEY_TYPE), Some(local)));
    }
}
