// The feed of a clinic's live calls: connected again whenever it breaks, from the last event on.
import { type Account, Problem } from "./account";
import type { LiveCall, Told } from "./live";

export interface Reader {
  /** All that is live, after which events follow. */
  snapshot: (calls: LiveCall[]) => void;
  event: (told: Told) => void;
  connected: (connected: boolean) => void;
}

type Message = { type: "snapshot"; last: number; calls: LiveCall[] } | { type: "resumed" } | Told;

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;

export class Feed {
  #socket: WebSocket | undefined;
  #last: number | undefined;
  #wait = FIRST_WAIT_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  constructor(
    private readonly account: Account,
    private readonly clinic: string,
    private readonly reader: Reader,
  ) {
    void this.#connect();
  }

  close() {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  async #connect() {
    try {
      const path = `/api/v1/clinics/${encodeURIComponent(this.clinic)}/calls`;
      const { ticket } = await this.account.ask<{ ticket: string }>("POST", `${path}/feed-tickets`);
      if (this.#over) return;
      const url = new URL(`${path}/feed`, location.href);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      url.searchParams.set("ticket", ticket);
      if (this.#last !== undefined) url.searchParams.set("after", String(this.#last));
      const socket = (this.#socket = new WebSocket(url));
      socket.onmessage = ({ data }) => this.#read(JSON.parse(String(data)) as Message);
      socket.onclose = () => this.#later();
    } catch (error) {
      // Whoever may not is not helped by asking again.
      if (error instanceof Problem && (error.status === 401 || error.status === 403)) return this.account.onOver();
      this.#later();
    }
  }

  #read(message: Message) {
    if ("what" in message) {
      this.#last = message.number;
      return this.reader.event(message);
    }
    this.#wait = FIRST_WAIT_MS;
    if (message.type === "snapshot") {
      this.#last = message.last;
      this.reader.snapshot(message.calls);
    }
    this.reader.connected(true);
  }

  #later() {
    if (this.#over) return;
    this.reader.connected(false);
    this.#timer = setTimeout(() => void this.#connect(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }
}
