//! The little that is read from SDP beside what str0m reads: which track each media line carries.

/// A media line of an offer that sends audio.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The line's `a=mid`.
    pub(super) mid: &'a str,
    /// The track id of its `a=msid`: the track's sid as the server writes it.
    pub(super) track: &'a str,
}

/// The audio lines that the other side sends on.
pub(super) fn sending_audio(sdp: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    // The part before the first media line is the session's.
    for section in split_sections(sdp) {
        let mut mid = None;
        let mut track = None;
        let mut sends = true;
        for line in section.lines().map(str::trim_end) {
            if let Some(value) = line.strip_prefix("a=mid:") {
                mid = Some(value);
            } else if let Some(value) = line.strip_prefix("a=msid:") {
                track = value.split(' ').nth(1);
            } else if matches!(line, "a=inactive" | "a=recvonly") {
                sends = false;
            }
        }
        if let (Some(mid), Some(track), true) = (mid, track, sends) {
            lines.push(Line { mid, track });
        }
    }
    lines
}

fn split_sections(sdp: &str) -> impl Iterator<Item = &str> {
    let starts: Vec<usize> = sdp.match_indices("\nm=").map(|(at, _)| at + 1).collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([sdp.len()]).collect();
    starts
        .into_iter()
        .zip(ends)
        .filter_map(move |(from, to)| sdp.get(from..to))
        .filter(|section| section.starts_with("m=audio"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\na=msid-semantic:WMS *\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=sendrecv\r\na=msid:PA_a|x TR_one\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:2\r\na=inactive\r\na=msid:PA_b TR_two\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:3\r\na=sendonly\r\na=msid:PA_a TR_three\r\n";

    #[test]
    fn only_audio_lines_that_send_are_read() {
        assert_eq!(sending_audio(OFFER), [Line { mid: "1", track: "TR_one" }]);
    }

    #[test]
    fn what_is_no_sdp_has_no_lines() {
        for text in ["", "m=audio", "\nm=audio\na=mid:", "a=mid:1\na=msid:a b"] {
            assert_eq!(sending_audio(text), []);
        }
    }
}
