//! The way from the holders of a room to its session's data channels.

use livekit_protocol as proto;
use tokio::sync::mpsc;

use crate::{DisconnectReason, RtcError};

/// Packets that may wait for the session's task, beside the bytes of
/// [`crate::Limits::send_buffer`]: then senders wait.
pub(crate) const DATA_QUEUE: usize = 32;

/// A packet to send.
pub(crate) struct OutData {
    pub(crate) packet: proto::DataPacket,
    pub(crate) reliable: bool,
}

/// Sends data packets; waits when too much is on its way.
#[derive(Clone)]
pub(crate) struct DataSender(pub(crate) mpsc::Sender<OutData>);

impl DataSender {
    pub(crate) async fn send(
        &self,
        packet: proto::DataPacket,
        reliable: bool,
    ) -> Result<(), RtcError> {
        self.0
            .send(OutData { packet, reliable })
            .await
            .map_err(|_| RtcError::Closed(DisconnectReason::ClientInitiated))
    }

    /// Sends if it need not wait.
    pub(crate) fn try_send(&self, packet: proto::DataPacket, reliable: bool) {
        if self.0.try_send(OutData { packet, reliable }).is_err() {
            tracing::debug!("data packet not sent, the queue is full or the session has ended");
        }
    }
}
