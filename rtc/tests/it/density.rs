//! What a call costs. Not run by default: `cargo test -p frontdesk-rtc --release -- --ignored
//! --nocapture density`.

use std::time::Duration;

use bytes::Bytes;
use frontdesk_rtc::AudioPublish;
use frontdesk_rtc::codec::TICKS_PER_FRAME;

use crate::support::{Server, listen_to};

/// CPU time of this process, and its resident memory in KiB.
fn usage() -> (Duration, u64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let rss = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    (Duration::from_millis(ticks * 10), rss.split_whitespace().next().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement of half a minute"]
async fn density_of_calls_with_fifty_packets_a_second_each_way() {
    const ROOMS: usize = 20;
    let server = Server::start().await;
    let mut rooms = Vec::new();
    let mut tasks = Vec::new();
    let mut rss = Vec::new();
    for n in 0..ROOMS {
        let name = format!("density {n}");
        let (a, mut a_events) = server.join(&name, "a").await;
        let (b, mut b_events) = server.join(&name, "b").await;
        let voices = [
            a.publish_audio(AudioPublish::default()).await.unwrap(),
            b.publish_audio(AudioPublish::default()).await.unwrap(),
        ];
        listen_to(&a, &mut a_events, "b").await;
        listen_to(&b, &mut b_events, "a").await;
        rooms.extend([a, b]);
        // Encoding is not what is measured: any payload will do.
        let packet = Bytes::from(vec![0x48; 60]);
        tasks.push(tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            for frame in 0_u64.. {
                tick.tick().await;
                for voice in &voices {
                    voice.write(packet.clone(), frame * TICKS_PER_FRAME, frame == 0);
                }
            }
        }));
        rss.push(usage().1);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let rx = |rooms: &[frontdesk_rtc::Room]| -> (u64, u64, u64) {
        let stats: Vec<_> = rooms.iter().map(frontdesk_rtc::Room::stats).collect();
        let sum = |f: fn(&frontdesk_rtc::RoomStats) -> u64| stats.iter().map(f).sum();
        (sum(|s| s.audio_rx), sum(|s| s.audio_tx), sum(|s| s.wakeups))
    };
    let (cpu, before) = (usage().0, rx(&rooms));
    let seconds = 10;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (cpu, after) = (usage().0 - cpu, rx(&rooms));
    let each = (rooms.len() as u64 * seconds) as f64;
    println!(
        "{} participants: cpu {:.2} % of a core each, rx {:.1}/s, tx {:.1}/s, wake-ups {:.1}/s, \
         {} KiB each (marginal {} KiB)",
        rooms.len(),
        cpu.as_secs_f64() / each * 100.0,
        (after.0 - before.0) as f64 / each,
        (after.1 - before.1) as f64 / each,
        (after.2 - before.2) as f64 / each,
        usage().1 / rooms.len() as u64,
        (usage().1 - rss[1]) / (rooms.len() as u64 - 4),
    );
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    for room in rooms {
        room.close().await;
    }
}
