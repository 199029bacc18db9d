// One call at a time: everything that happens in it, as a state that the page shows. Knows no React.
import type { Participant, RemoteTrack, Room, TextStreamReader } from "livekit-client";
import type { TroubleName } from "../words";
import { type Appointment, parseAppointment } from "./appointment";
import { askForCall, type Channel, cameraTrouble, type Join, openMicrophone, Refused } from "./start";
import { type Line, withLine } from "./transcript";

export type Phase = "idle" | "asking" | "connecting" | "waiting" | "talking" | "reconnecting" | "ended";
export type AgentState = "initializing" | "listening" | "thinking" | "speaking";

export interface CallState {
  phase: Phase;
  channel: Channel;
  agent: AgentState;
  trouble?: TroubleName | undefined;
  lines: readonly Line[];
  appointments: readonly Appointment[];
  muted: boolean;
  /** The microphone is in the call: it can be muted. */
  microphone: boolean;
  camera: "off" | "starting" | "on";
  /** The browser plays no sound until the patient asks for it. */
  silent: boolean;
}

const BEGINNING: CallState = {
  phase: "idle",
  channel: "voice",
  agent: "initializing",
  // Named, so that a new attempt takes back what was said of the last one.
  trouble: undefined,
  lines: [],
  appointments: [],
  muted: false,
  microphone: false,
  camera: "off",
  silent: false,
};

/** How long the assistant may take to come. */
const ANSWER_MS = 20_000;
/** How long an assistant whose own connection broke may take to be back. */
const RETURN_MS = 15_000;
/** A token is good for two minutes; the patient may think for long about the microphone. */
const STALE_MS = 90_000;
/** How long good news stays. */
const NEWS_MS = 5_000;

/** Why a call is not taken, by the attribute that says so. */
const REFUSALS: Record<string, TroubleName> = { full: "full", stopping: "full", no_clinic: "unknown", unavailable: "failed" };

const AGENT_STATES: readonly string[] = ["initializing", "listening", "thinking", "speaking"];

type LiveKit = typeof import("livekit-client");
let livekit: Promise<LiveKit> | undefined;
/** Loaded when the button is pressed, or when it is about to be. */
export function loadLiveKit(): Promise<LiveKit> {
  livekit ??= import("livekit-client").catch((error: unknown) => {
    livekit = undefined;
    throw error;
  });
  return livekit;
}

/** What a reload must know: that there was a call, at which clinic, of which kind. Nothing of it. */
const KEPT = "frontdesk.call";

export class CallSession {
  #state = BEGINNING;
  #watchers = new Set<() => void>();
  #room: Room | undefined;
  #agent: string | undefined;
  #refused: TroubleName | undefined;
  #sounds: HTMLElement[] = [];
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  /** Counts attempts: what belongs to an earlier one is of no account any more. */
  #attempt = 0;
  /** The last call was ended on purpose: the next one is a new one. */
  #fresh = false;
  #camera: HTMLVideoElement | null = null;

  constructor(
    private readonly clinic: string,
    private readonly language: string,
  ) {}

  readonly subscribe = (watcher: () => void) => {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  };

  readonly snapshot = () => this.#state;

  #set(change: Partial<CallState>) {
    this.#state = { ...this.#state, ...change };
    for (const watcher of this.#watchers) watcher();
  }

  #after(name: string, ms: number, act: () => void) {
    this.#cancel(name);
    this.#timers.set(name, setTimeout(act, ms));
  }

  #cancel(name: string) {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  /** After a reload: back into the call that was under way, if it still is. */
  resume() {
    const [slug, channel] = (sessionStorage.getItem(KEPT) ?? "").split(" ");
    if (slug === this.clinic && (channel === "voice" || channel === "text")) void this.start(channel, true);
  }

  async start(channel: Channel, resuming = false) {
    const attempt = ++this.#attempt;
    const kept = this.#state.phase === "ended" && resuming ? this.#state : BEGINNING;
    this.#set({
      ...BEGINNING,
      lines: kept.lines,
      appointments: kept.appointments,
      channel,
      phase: channel === "voice" ? "asking" : "connecting",
    });
    let microphone: MediaStreamTrack | undefined;
    try {
      const asked = performance.now();
      const ask = () => askForCall(this.clinic, channel, this.language, this.#fresh && !resuming);
      // All at once: each takes its time.
      const joining = ask();
      const loading = loadLiveKit().catch(() => Promise.reject(new Refused("failed")));
      // What fails while the microphone is waited for is told after it.
      for (const promise of [joining, loading] as Promise<unknown>[]) promise.catch(() => {});
      if (channel === "voice") microphone = await openMicrophone();
      if (attempt !== this.#attempt) return void microphone?.stop();
      this.#set({ phase: "connecting" });
      let join = await joining;
      if (performance.now() - asked > STALE_MS) join = await ask();
      const module = await loading;
      if (attempt !== this.#attempt) return void microphone?.stop();
      if (resuming && !join.own) throw new Refused("over");
      await this.#connect(module, join, attempt, microphone);
      if (resuming && attempt === this.#attempt) this.#news("returned");
    } catch (error) {
      microphone?.stop();
      if (attempt !== this.#attempt) return;
      const trouble = error instanceof Refused ? error.trouble : "failed";
      this.#end(trouble, trouble === "over" ? "ended" : "idle");
    }
  }

  async #connect(module: LiveKit, join: Join, attempt: number, microphone: MediaStreamTrack | undefined) {
    const { Room, RoomEvent, Track, DisconnectReason, LocalAudioTrack } = module;
    const room = new Room({
      adaptiveStream: true,
      // The camera rests while nobody looks.
      dynacast: true,
      // Whoever reloads comes back; leaving would end the call.
      disconnectOnPageLeave: false,
    });
    this.#room = room;
    this.#agent = undefined;
    this.#refused = undefined;
    const current = () => attempt === this.#attempt;
    room.registerTextStreamHandler("lk.transcription", (reader, who) => {
      if (current()) void this.#transcript(reader, who.identity === join.identity);
    });
    room
      .on(RoomEvent.ParticipantConnected, (who) => current() && this.#look(who))
      .on(RoomEvent.ParticipantAttributesChanged, (_, who) => current() && this.#look(who))
      .on(RoomEvent.ParticipantDisconnected, (who, reason) => {
        if (!current() || who.identity !== this.#agent) return;
        // Whose connection broke comes back under the same name.
        if (reason === DisconnectReason.CLIENT_INITIATED) return this.#end("over");
        this.#set({ phase: "reconnecting", trouble: "reconnecting" });
        this.#after("agent", RETURN_MS, () => this.#end("lost"));
      })
      .on(RoomEvent.TrackSubscribed, (track) => current() && this.#play(track))
      .on(RoomEvent.TrackUnsubscribed, (track) => {
        for (const element of track.detach()) element.remove();
      })
      .on(RoomEvent.AudioPlaybackStatusChanged, () => current() && this.#set({ silent: !room.canPlaybackAudio }))
      .on(RoomEvent.SignalReconnecting, () => current() && this.#interrupted())
      .on(RoomEvent.Reconnecting, () => current() && this.#interrupted())
      .on(RoomEvent.Reconnected, () => {
        if (!current()) return;
        this.#set({ phase: this.#agent === undefined ? "waiting" : "talking" });
        for (const who of room.remoteParticipants.values()) this.#look(who);
        this.#news("back");
      })
      .on(RoomEvent.Disconnected, (reason) => {
        if (!current()) return;
        const elsewhere = reason === DisconnectReason.DUPLICATE_IDENTITY;
        const closed = [DisconnectReason.ROOM_DELETED, DisconnectReason.ROOM_CLOSED, DisconnectReason.PARTICIPANT_REMOVED];
        const over = reason !== undefined && closed.includes(reason);
        this.#end(elsewhere ? "elsewhere" : over ? "over" : "lost");
      });
    this.#after("answer", ANSWER_MS, () => this.#end("nobody", "idle"));
    await room.connect(join.url, join.token);
    if (!current()) return void room.disconnect();
    sessionStorage.setItem(KEPT, `${this.clinic} ${this.#state.channel}`);
    this.#set({ phase: "waiting" });
    for (const who of room.remoteParticipants.values()) this.#look(who);
    if (!microphone) return;
    microphone.addEventListener("ended", () => current() && this.#set({ trouble: "busyMicrophone" }));
    const track = new LocalAudioTrack(microphone, undefined, false);
    await room.localParticipant.publishTrack(track, { source: Track.Source.Microphone });
    if (current()) this.#set({ microphone: true });
  }

  #interrupted() {
    this.#set({ phase: "reconnecting", trouble: "reconnecting" });
  }

  #news(trouble: TroubleName) {
    this.#set({ trouble });
    this.#after("news", NEWS_MS, () => this.#state.trouble === trouble && this.dismiss());
  }

  /** Takes note of a participant, if it is the assistant. */
  #look(who: Participant) {
    if (!who.isAgent) return;
    this.#agent = who.identity;
    this.#cancel("answer");
    this.#cancel("agent");
    const named = who.attributes["lk.agent.state"] ?? "initializing";
    const agent = AGENT_STATES.includes(named) ? (named as AgentState) : "initializing";
    const trouble = this.#state.trouble === "reconnecting" ? undefined : this.#state.trouble;
    this.#set({ phase: "talking", agent, trouble });
    const refused = who.attributes["frontdesk.refused"];
    if (refused) this.#refused = REFUSALS[refused] ?? "failed";
    const appointment = parseAppointment(who.attributes["frontdesk.appointment"] ?? "");
    if (!appointment) return;
    const others = this.#state.appointments.filter((other) => other.reference !== appointment.reference);
    this.#set({ appointments: [appointment, ...others] });
  }

  #play(track: RemoteTrack) {
    if (track.kind !== "audio") return;
    const element = track.attach();
    document.body.append(element);
    this.#sounds.push(element);
  }

  async #transcript(reader: TextStreamReader, mine: boolean) {
    const id = reader.info.attributes?.["lk.segment_id"] ?? reader.info.id;
    const staff = reader.info.attributes?.["frontdesk.staff"];
    const isFinal = () => reader.info.attributes?.["lk.transcription_final"] === "true";
    const show = (text: string, open: boolean) =>
      this.#set({ lines: withLine(this.#state.lines, { id, mine, staff, text, open }) });
    let text = "";
    try {
      for await (const part of reader) show((text += part), mine && !isFinal());
      show(text, !isFinal());
    } catch {
      // Cut off: what was shown stays, or is replaced by the next stream of its id.
    }
  }

  /** Sends what the patient has typed, and shows it. */
  async send(text: string) {
    const room = this.#room;
    const line: Line = { id: `typed-${crypto.randomUUID()}`, mine: true, text, open: false };
    this.#set({ lines: withLine(this.#state.lines, line) });
    try {
      if (!room) throw new Error("no call");
      await room.localParticipant.sendText(text, { topic: "lk.chat" });
    } catch {
      this.#set({ lines: withLine(this.#state.lines, { ...line, failed: true }) });
    }
  }

  async toggleMicrophone() {
    const muted = !this.#state.muted;
    this.#set({ muted });
    try {
      await this.#room?.localParticipant.setMicrophoneEnabled(!muted);
    } catch {
      this.#set({ muted: !muted, trouble: "busyMicrophone" });
    }
  }

  async toggleCamera() {
    const room = this.#room;
    if (!room || this.#state.camera === "starting") return;
    if (this.#state.camera === "on") {
      this.#set({ camera: "off" });
      await room.localParticipant.setCameraEnabled(false).catch(() => {});
      return;
    }
    this.#set({ camera: "starting" });
    try {
      await room.localParticipant.setCameraEnabled(true);
      this.#set({ camera: "on" });
      this.showCamera(this.#camera);
    } catch (error) {
      this.#set({ camera: "off", trouble: cameraTrouble(error) });
    }
  }

  /** Shows the patient's own camera in that element. */
  showCamera(element: HTMLVideoElement | null) {
    this.#camera = element;
    if (!element) return;
    for (const publication of this.#room?.localParticipant.videoTrackPublications.values() ?? []) {
      publication.videoTrack?.attach(element);
    }
  }

  async playSound() {
    await this.#room?.startAudio().catch(() => {});
  }

  dismiss() {
    this.#set({ trouble: undefined });
  }

  hangUp() {
    this.#end("hungUp");
  }

  #end(why: TroubleName, phase: Phase = "ended") {
    const room = this.#room;
    // Whose call is not taken is told the reason, not only that it is over.
    const trouble = why === "over" ? (this.#refused ?? why) : why;
    this.#attempt++;
    this.#room = undefined;
    for (const name of [...this.#timers.keys()]) this.#cancel(name);
    for (const element of this.#sounds.splice(0)) element.remove();
    // A call that may still be under way can be come back into.
    this.#fresh = !["lost", "elsewhere"].includes(trouble);
    if (this.#fresh) sessionStorage.removeItem(KEPT);
    this.#set({ phase, trouble, microphone: false, muted: false, camera: "off", silent: false });
    void room?.disconnect();
  }
}
