//! Datagrams that are none of ours do no harm.

use crate::phone::{Office, Phone};

#[tokio::test]
async fn malformed_datagrams_do_no_harm() {
    let mut office = Office::new().await;
    let mut phone = Phone::new(&office).await;
    let ((_, sound), answered) = tokio::join!(phone.dial("0"), office.answer());
    let sdp = phone.sdp("0", "sendrecv");
    let whole = phone.request("INVITE", "", &sdp);
    // Every beginning of a message, without its ends of lines, and without each of its headers.
    let mut strange: Vec<Vec<u8>> =
        (0..whole.len()).step_by(7).map(|end| whole.as_bytes()[..end].to_vec()).collect();
    strange.push(whole.replace("\r\n", "\n").into_bytes());
    for line in whole.lines().take(9) {
        strange.push(whole.replace(&format!("{line}\r\n"), "").into_bytes());
        let name = line.split(':').next().unwrap_or_default();
        strange.push(whole.replace(line, &format!("{name}: \"<;=,")).into_bytes());
        strange.push(whole.replace(line, &format!("{name}: \u{1F4DE}")).into_bytes());
    }
    strange.push(vec![0xFF; 3000]);
    strange.push(Vec::new());
    for bytes in &strange {
        let _ = phone.sip.send_to(bytes, office.telephone.address()).await;
        let _ = phone.rtp.send_to(bytes, sound).await;
    }
    // Whoever is well comes through, on a call and on a new one.
    let mut other = Phone::new(&office).await;
    assert_eq!(other.ask("OPTIONS", "", "").await.status(), 200);
    assert!(answered.line.play(1, &[0; frontdesk_types::SAMPLES_PER_FRAME]));
    let ended = phone.request("BYE", "", "");
    phone.send(&ended).await;
    loop {
        let message = phone.message().await;
        if message.status() == 200 && message.header("CSeq").is_some_and(|c| c.ends_with("BYE")) {
            break;
        }
    }
}
