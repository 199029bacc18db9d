// Who is signed in. The access token lives in this page's memory; what renews it is a cookie that
// scripts cannot read.

export interface Clinic {
  slug: string;
  name: string;
  roles: string[];
}

export interface Me {
  user: string;
  name: string;
  clinics: Clinic[];
}

/** Why a request was not done, as the server's problem document says it. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

interface Given extends Me {
  access_token: string;
  expires_in: number;
}

/** This page, also after a reload: a call that was taken over here stays taken over. */
function consoleId(): string {
  const kept = sessionStorage.getItem(KEPT);
  if (kept) return kept;
  const made = crypto.randomUUID();
  sessionStorage.setItem(KEPT, made);
  return made;
}

const KEPT = "frontdesk.console";

/** Renewed when it has less time left than that. */
const EARLY_MS = 60_000;

async function read<T>(answer: Response): Promise<T> {
  const body: unknown = answer.status === 204 ? undefined : await answer.json().catch(() => undefined);
  if (answer.ok) return body as T;
  const detail = (body as { detail?: string } | undefined)?.detail ?? answer.statusText;
  throw new Problem(answer.status, detail);
}

async function post(path: string, body?: unknown): Promise<Response> {
  try {
    return await fetch(path, {
      method: "POST",
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
  } catch {
    throw new Problem(0, "");
  }
}

export class Account {
  #token = "";
  #until = 0;
  #renewing: Promise<Me> | undefined;
  /** Called when the sign-in is over without having been asked for. */
  onOver: () => void = () => {};

  #take({ access_token, expires_in, user, name, clinics }: Given): Me {
    this.#token = access_token;
    this.#until = performance.now() + expires_in * 1000;
    return { user, name, clinics };
  }

  async signIn(email: string, password: string): Promise<Me> {
    return this.#take(await read<Given>(await post("/api/v1/auth/login", { email, password })));
  }

  /** Signed in by the cookie, after a reload; several who ask at once share one request. */
  renew(): Promise<Me> {
    this.#renewing ??= post("/api/v1/auth/refresh")
      .then((answer) => read<Given>(answer))
      .then((given) => this.#take(given))
      .finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  async signOut() {
    this.#token = "";
    await post("/api/v1/auth/logout").catch(() => {});
  }

  /** A request of somebody who is signed in. */
  async ask<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<T> {
    if (this.#until - performance.now() < EARLY_MS) await this.#again();
    let answer = await this.#send(method, path, body);
    if (answer.status === 401) {
      await this.#again();
      answer = await this.#send(method, path, body);
    }
    return read<T>(answer);
  }

  async #again() {
    try {
      await this.renew();
    } catch (error) {
      if (error instanceof Problem && error.status === 401) this.onOver();
      throw error;
    }
  }

  async #send(method: string, path: string, body: unknown): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}`, "frontdesk-console": consoleId() };
    if (body !== undefined) headers["content-type"] = "application/json";
    try {
      return await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
    } catch {
      throw new Problem(0, "");
    }
  }
}
