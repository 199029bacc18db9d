//! The patient's hearing: what arrives of the agent's voice, when, and whether the agent still sounds.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_rtc::{Packet, PacketRing};
use frontdesk_types::{Clock, Mono, SAMPLE_RATE_HZ};
use tokio::time::Instant;

use super::recording::Recording;
use super::{Sound, Told, first_voiced};

/// Silence after which the agent does not sound any more: longer than between its words.
const QUIET: Duration = Duration::from_millis(200);
/// Packets that are further apart do not belong together: an agent sends no silence.
const PAUSE: Duration = Duration::from_millis(100);
/// Packets taken at a time: one second.
const MANY: usize = 50;

/// Listens to one track until the line is closed. One reader for all purposes: a ring wakes only
/// one.
pub(super) async fn listen(
    packets: Arc<PacketRing>,
    recording: Recording,
    clock: Arc<dyn Clock>,
    told: Told,
) {
    let Some(mut decoder) = recording.decoder() else { return };
    let mut reader = packets.reader(0);
    let mut batch = Vec::new();
    let mut last_packet: Option<Mono> = None;
    let mut sounding: Option<Mono> = None;
    loop {
        let quiet = sounding.map(|last| (last + QUIET).since(clock.mono()));
        tokio::select! {
            () = reader.ready() => {}
            () = tokio::time::sleep(quiet.unwrap_or_default()), if quiet.is_some() => {
                sounding = None;
                if !told.tell(Sound::Quiet).await {
                    return;
                }
                continue;
            }
        }
        reader.drain(MANY, &mut batch);
        for packet in batch.drain(..) {
            let at = arrived(&packet, clock.as_ref());
            if last_packet.is_none_or(|last| at.since(last) > PAUSE) {
                told.tell(Sound::Packet { at }).await;
            }
            last_packet = Some(at);
            let Some(offset) = first_voiced(decoder.hear(&packet)) else { continue };
            let offset = Duration::from_secs(offset as u64) / SAMPLE_RATE_HZ;
            if sounding.replace(at).is_none() && !told.tell(Sound::Onset { at: at + offset }).await
            {
                return;
            }
        }
    }
}

/// When the packet came, on the clock.
fn arrived(packet: &Packet, clock: &dyn Clock) -> Mono {
    let ago = Instant::now().into_std().saturating_duration_since(packet.received);
    let ago = u64::try_from(ago.as_micros()).unwrap_or(u64::MAX);
    Mono::from_micros(clock.mono().as_micros().saturating_sub(ago))
}
