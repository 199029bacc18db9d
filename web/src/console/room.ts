// The console's connections to a call's room. Two, and neither ever becomes the other: the hidden
// listener, who sends nothing, and the speaker, whom the caller sees.
import type { RemoteTrack, Room } from "livekit-client";

export interface Join {
  server_url: string;
  participant_token: string;
  participant_identity: string;
}

type LiveKit = typeof import("livekit-client");
let livekit: Promise<LiveKit> | undefined;
function loadLiveKit(): Promise<LiveKit> {
  livekit ??= import("livekit-client").catch((error: unknown) => {
    livekit = undefined;
    throw error;
  });
  return livekit;
}

export interface Seen {
  /** The caller's camera is there. */
  camera: boolean;
  /** The browser plays no sound until it is asked to. */
  silent: boolean;
}

/** Hears everybody in the room, and shows the caller's camera. */
export class Listener {
  #room: Room | undefined;
  #sounds = new Map<string, HTMLElement>();
  #camera: RemoteTrack | undefined;
  #video: HTMLVideoElement | null = null;
  #over = false;

  constructor(
    /** The caller, by the identity that stands in the call: a visible supervisor may be listed first. */
    private readonly caller: () => string | null,
    private readonly seen: (seen: Seen) => void,
    private readonly gone: () => void,
  ) {}

  /** One whose own voice must not come back to them. */
  own: string | undefined;

  async connect(join: Join) {
    const { Room, RoomEvent } = await loadLiveKit();
    if (this.#over) return;
    const room = (this.#room = new Room({ adaptiveStream: true }));
    const look = () => !this.#over && this.#look(room);
    for (const event of [
      RoomEvent.TrackSubscribed,
      RoomEvent.TrackUnsubscribed,
      RoomEvent.TrackMuted,
      RoomEvent.TrackUnmuted,
      RoomEvent.ParticipantDisconnected,
      RoomEvent.AudioPlaybackStatusChanged,
      // Events were missed meanwhile: what counts is how the room stands.
      RoomEvent.Reconnected,
    ]) {
      room.on(event, look);
    }
    room.on(RoomEvent.Disconnected, () => !this.#over && this.gone());
    await room.connect(join.server_url, join.participant_token);
    if (this.#over) return void room.disconnect();
    look();
  }

  /** Brings what is played and shown to how the room stands. */
  #look(room: Room) {
    const heard = new Set<string>();
    let camera: RemoteTrack | undefined;
    for (const who of room.remoteParticipants.values()) {
      for (const publication of who.trackPublications.values()) {
        const track = publication.track as RemoteTrack | undefined;
        if (!track) continue;
        if (track.kind === "audio" && who.identity !== this.own) {
          heard.add(publication.trackSid);
          if (!this.#sounds.has(publication.trackSid)) {
            const element = track.attach();
            document.body.append(element);
            this.#sounds.set(publication.trackSid, element);
          }
        } else if (track.kind === "video" && who.identity === this.caller() && !publication.isMuted) {
          camera = track;
        }
      }
    }
    for (const [sid, element] of this.#sounds) {
      if (heard.has(sid)) continue;
      element.remove();
      this.#sounds.delete(sid);
    }
    if (camera !== this.#camera) {
      this.#camera?.detach();
      this.#camera = camera;
      if (this.#video) camera?.attach(this.#video);
    }
    this.seen({ camera: camera !== undefined, silent: !room.canPlaybackAudio });
  }

  show(video: HTMLVideoElement | null) {
    this.#video = video;
    if (video) this.#camera?.attach(video);
  }

  /** Looks again: who is who has changed. */
  look() {
    if (this.#room && !this.#over) this.#look(this.#room);
  }

  async playSound() {
    await this.#room?.startAudio().catch(() => {});
  }

  close() {
    this.#over = true;
    for (const element of this.#sounds.values()) element.remove();
    this.#sounds.clear();
    void this.#room?.disconnect();
  }
}

/** The supervisor's voice, while they have the call. */
export class Speaker {
  #room: Room | undefined;
  #over = false;

  constructor(private readonly gone: () => void) {}

  /** The microphone was opened before: whoever refuses it takes nothing over. */
  async connect(join: Join, microphone: MediaStreamTrack) {
    const { Room, RoomEvent, Track, LocalAudioTrack } = await loadLiveKit();
    if (this.#over) return;
    const room = (this.#room = new Room());
    room.on(RoomEvent.Disconnected, () => !this.#over && this.gone());
    // The listener hears.
    await room.connect(join.server_url, join.participant_token, { autoSubscribe: false });
    if (this.#over) return void room.disconnect();
    const track = new LocalAudioTrack(microphone, undefined, false);
    await room.localParticipant.publishTrack(track, { source: Track.Source.Microphone });
  }

  async mute(muted: boolean) {
    await this.#room?.localParticipant.setMicrophoneEnabled(!muted);
  }

  close() {
    this.#over = true;
    void this.#room?.disconnect();
  }
}

/** The own microphone, with the browser's cancellation of echo and noise. */
export async function openMicrophone(): Promise<MediaStreamTrack> {
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  const [track] = (await navigator.mediaDevices.getUserMedia({ audio })).getAudioTracks();
  if (!track) throw new Error("no microphone");
  return track;
}
