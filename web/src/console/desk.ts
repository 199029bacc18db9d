// Everything that happens at a console, as a state that the page shows. Knows no React.
import { Account, type Clinic, type Me, Problem } from "./account";
import { Feed } from "./feed";
import { after, begin, type Call, type Calls } from "./live";
import { type Join, Listener, openMicrophone, Speaker } from "./room";
import type { TroubleName } from "./words";

export interface DeskState {
  /** Until it is known whether somebody is signed in. */
  opening: boolean;
  me: Me | null;
  clinic: Clinic | null;
  connected: boolean;
  calls: Calls;
  /** The call that is looked at. */
  chosen: string | null;
  /** The call that is listened to. */
  listening: { call: string; state: "connecting" | "on"; camera: boolean; silent: boolean } | null;
  /** The call that this console speaks in. */
  speaking: { call: string; muted: boolean } | null;
  /** Something was asked of the server and is not answered yet. */
  busy: boolean;
  trouble: { name: TroubleName; detail: string } | null;
}

const EMPTY: DeskState = {
  opening: true,
  me: null,
  clinic: null,
  connected: false,
  calls: new Map(),
  chosen: null,
  listening: null,
  speaking: null,
  busy: false,
  trouble: null,
};

/** How long a call that has ended stays in the list. */
const KEPT_MS = 20_000;

export class Desk {
  #state = EMPTY;
  #watchers = new Set<() => void>();
  #account = new Account();
  #feed: Feed | undefined;
  #listener: Listener | undefined;
  #speaker: Speaker | undefined;
  /** The feed has told that the call that is spoken in is ours. */
  #confirmed = false;

  constructor() {
    this.#account.onOver = () => this.#out("signedOut");
  }

  readonly subscribe = (watcher: () => void) => {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  };

  readonly snapshot = () => this.#state;

  #set(change: Partial<DeskState>) {
    this.#state = { ...this.#state, ...change };
    for (const watcher of this.#watchers) watcher();
  }

  /** Signed in still, from before a reload? */
  async resume() {
    try {
      this.#in(await this.#account.renew());
    } catch {
      this.#set({ opening: false });
    }
  }

  async signIn(email: string, password: string) {
    this.#set({ busy: true, trouble: null });
    try {
      this.#in(await this.#account.signIn(email, password));
    } catch (error) {
      const status = error instanceof Problem ? error.status : 0;
      const names: Record<number, TroubleName> = { 401: "wrong", 429: "tooMany" };
      this.#tell(names[status] ?? "failed", error);
    } finally {
      this.#set({ busy: false });
    }
  }

  async signOut() {
    this.#leave();
    await this.#account.signOut();
    this.#out(null);
  }

  #in(me: Me) {
    const mine = me.clinics.filter(({ roles }) => roles.includes("supervisor") || roles.includes("clinic_admin"));
    const asked = new URLSearchParams(location.search).get("clinic");
    this.#set({ ...EMPTY, opening: false, me: { ...me, clinics: mine } });
    const first = mine.find(({ slug }) => slug === asked) ?? mine[0];
    if (first) this.choose(first.slug);
  }

  #out(trouble: TroubleName | null) {
    this.#leave();
    this.#feed?.close();
    this.#set({ ...EMPTY, opening: false, trouble: trouble && { name: trouble, detail: "" } });
  }

  /** Goes to a clinic. */
  choose(slug: string) {
    const clinic = this.#state.me?.clinics.find((clinic) => clinic.slug === slug);
    if (!clinic || clinic === this.#state.clinic) return;
    this.#leave();
    this.#feed?.close();
    this.#set({ clinic, connected: false, calls: new Map(), chosen: null });
    this.#feed = new Feed(this.#account, slug, {
      snapshot: (calls) => {
        this.#set({ calls: new Map(calls.map((call) => [call.call, begin(call)])) });
        this.#settle();
      },
      event: (told) => {
        this.#set({ calls: after(this.#state.calls, told) });
        if (told.what.type === "ended") setTimeout(() => this.#forget(told.call), KEPT_MS);
        this.#settle();
      },
      connected: (connected) => this.#set({ connected }),
    });
  }

  /** Lets go of what has ended, or was taken away. */
  #settle() {
    const { calls, chosen, listening, speaking, me } = this.#state;
    if (chosen && !calls.has(chosen)) this.#set({ chosen: null });
    const live = (id: string) => calls.has(id) && !calls.get(id)?.ended;
    if (listening && !live(listening.call)) this.stopListening();
    if (speaking) {
      const mine = isMine(calls.get(speaking.call), me);
      // Before the feed has told that it is ours, nothing is taken away.
      if (mine) this.#confirmed = true;
      if (!live(speaking.call) || (this.#confirmed && !mine)) this.#stopSpeaking();
    }
    this.#listener?.look();
  }

  #forget(id: string) {
    if (this.#state.chosen === id || !this.#state.calls.get(id)?.ended) return;
    const calls = new Map(this.#state.calls);
    calls.delete(id);
    this.#set({ calls });
  }

  /** Looks at a call, or at none. */
  look(id: string | null) {
    const before = this.#state.chosen;
    this.#set({ chosen: id });
    if (before && before !== id && this.#state.calls.get(before)?.ended) this.#forget(before);
  }

  /** Asks the server for something in a call; undefined if it does not come about. */
  async #act<T>(id: string, act: string, body?: unknown): Promise<T | undefined> {
    const slug = this.#state.clinic?.slug;
    if (!slug) return undefined;
    this.#set({ busy: true, trouble: null });
    try {
      const path = `/api/v1/clinics/${encodeURIComponent(slug)}/calls/${encodeURIComponent(id)}/${act}`;
      return (await this.#account.ask<T>("POST", path, body)) ?? ({} as T);
    } catch (error) {
      this.#tell("notDone", error);
      return undefined;
    } finally {
      this.#set({ busy: false });
    }
  }

  #tell(name: TroubleName, error?: unknown) {
    this.#set({ trouble: { name, detail: error instanceof Problem ? error.message : "" } });
  }

  dismiss() {
    this.#set({ trouble: null });
  }

  async listen(id: string): Promise<boolean> {
    if (this.#state.listening?.call === id) return true;
    this.stopListening();
    const join = await this.#act<Join>(id, "listen");
    if (!join) return false;
    const seen = (change: { camera: boolean; silent: boolean }) =>
      this.#set({ listening: { call: id, state: "on", ...change } });
    const gone = () => {
      this.stopListening();
      if (!this.#state.calls.get(id)?.ended) this.#tell("notHeard");
    };
    const listener = (this.#listener = new Listener(() => this.#state.calls.get(id)?.caller_identity ?? null, seen, gone));
    this.#set({ listening: { call: id, state: "connecting", camera: false, silent: false } });
    try {
      await listener.connect(join);
      return true;
    } catch {
      if (this.#listener === listener) gone();
      return false;
    }
  }

  stopListening() {
    this.#listener?.close();
    this.#listener = undefined;
    const { listening, clinic } = this.#state;
    if (!listening) return;
    this.#set({ listening: null });
    // The server looks by itself as well, after a while.
    const path = clinic && `/api/v1/clinics/${encodeURIComponent(clinic.slug)}/calls/${listening.call}/stop-listening`;
    if (path) void this.#account.ask("POST", path).catch(() => {});
  }

  show(video: HTMLVideoElement | null) {
    this.#listener?.show(video);
  }

  async playSound() {
    await this.#listener?.playSound();
  }

  /** Takes a call over by voice: hears first, then speaks. */
  async speak(id: string) {
    let microphone: MediaStreamTrack;
    try {
      microphone = await openMicrophone();
    } catch {
      return this.#tell("microphone");
    }
    if (!(await this.listen(id))) return microphone.stop();
    const join = await this.#act<Join>(id, "take-over", { voice: true });
    if (!join) return microphone.stop();
    if (this.#listener) this.#listener.own = join.participant_identity;
    const speaker = (this.#speaker = new Speaker(() => {
      this.#stopSpeaking();
      this.#tell("notHeard");
    }));
    this.#confirmed = false;
    this.#set({ speaking: { call: id, muted: false } });
    try {
      await speaker.connect(join, microphone);
    } catch (error) {
      microphone.stop();
      if (this.#speaker === speaker) {
        this.#stopSpeaking();
        this.#tell("notHeard", error);
      }
    }
  }

  async toggleMicrophone() {
    const speaking = this.#state.speaking;
    if (!speaking) return;
    const muted = !speaking.muted;
    this.#set({ speaking: { ...speaking, muted } });
    await this.#speaker?.mute(muted).catch(() => this.#tell("microphone"));
  }

  /** Takes a call over by typing. */
  async type(id: string) {
    await this.#act(id, "take-over", { voice: false });
  }

  async say(id: string, text: string): Promise<boolean> {
    return (await this.#act(id, "say", { text })) !== undefined;
  }

  async handBack(id: string) {
    if (this.#state.speaking?.call === id) this.#stopSpeaking();
    await this.#act(id, "hand-back");
  }

  async hangUp(id: string) {
    await this.#act(id, "hang-up");
  }

  #stopSpeaking() {
    this.#speaker?.close();
    this.#speaker = undefined;
    this.#set({ speaking: null });
  }

  #leave() {
    this.stopListening();
    if (this.#state.speaking) this.#stopSpeaking();
  }
}

/** Whether that call is taken over by who is signed in. */
export function isMine(call: Call | undefined, me: Me | null): boolean {
  return call?.taken_over != null && call.taken_over.user === me?.user;
}
