// A `frontdesk serve` of the test's own: data folder, ports, database.
import { execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** The program under test: PROGRAM_UNDER_TEST, else what `cargo test --workspace --no-run` made. */
export function program() {
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
  const path = process.env.PROGRAM_UNDER_TEST ?? join(target, "debug/frontdesk");
  if (!existsSync(path)) throw new Error(`${path} does not exist: run \`cargo test --workspace --no-run\` first`);
  return path;
}

/** Waits until `check` returns something; fails with `what` after `patience` ms. */
export async function until(what, check, patience = 20_000) {
  const end = performance.now() + patience;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (performance.now() > end) throw new Error(`not within ${patience} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export class Frontdesk {
  /** Starts the server and waits until it is ready. `env` is added to its environment. */
  static async start(env = {}) {
    const folder = mkdtempSync(join(tmpdir(), "frontdesk-browser-"));
    // The embedded PostgreSQL does not run as root; its user must be able to enter.
    chmodSync(folder, 0o755);
    const desk = new Frontdesk();
    desk.folder = folder;
    desk.env = {
      ...process.env, FRONTDESK_DATA_DIR: join(folder, "data"), FRONTDESK_LISTEN: "127.0.0.1:0",
      FRONTDESK_DRAIN_SECONDS: "2", ...env,
    };
    for (const name of ["DATABASE_URL", "LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"]) {
      if (!(name in env)) delete desk.env[name];
    }
    desk.log = "";
    desk.child = spawn(program(), ["serve"], { env: desk.env, stdio: ["ignore", "pipe", "pipe"] });
    desk.ended = new Promise((resolve) => desk.child.on("exit", (code, signal) => resolve(code ?? signal)));
    desk.out = "";
    desk.child.stdout.on("data", (data) => (desk.out += data));
    desk.child.stderr.on("data", (data) => (desk.log += data));
    let over;
    desk.ended.then((code) => (over = code));
    try {
      desk.url = await until("frontdesk prints its address", () => {
        if (over !== undefined) throw new Error(`frontdesk serve ended with ${over}`);
        return desk.out.match(/http:\/\/[\d.]+:\d+/)?.[0];
      }, 240_000);
      await until("frontdesk is ready", async () => {
        if (over !== undefined) throw new Error(`frontdesk serve ended with ${over}`);
        return (await fetch(`${desk.url}/readyz`).catch(() => null))?.ok;
      }, 240_000);
    } catch (error) {
      await desk.stop();
      throw new Error(`${error.message}\n${desk.log}`);
    }
    return desk;
  }

  /** URL and join token from `frontdesk token`, as a front end's server would make it. */
  token(clinic = "nile-heart") {
    const out = execFileSync(program(), ["token", "--clinic", clinic, "--json"], { env: this.env, encoding: "utf8" });
    return JSON.parse(out);
  }

  /** Address of the embedded LiveKit server, without its scheme. */
  livekit() {
    const ports = JSON.parse(readFileSync(join(this.env.FRONTDESK_DATA_DIR, "livekit-ports.json"), "utf8"));
    return `127.0.0.1:${ports.http}`;
  }

  /** A token of the embedded LiveKit server with these grants. */
  sign(identity, video) {
    const keys = JSON.parse(readFileSync(join(this.env.FRONTDESK_DATA_DIR, "livekit-keys.json"), "utf8"));
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: keys.api_key, sub: identity, nbf: now - 10, exp: now + 600, video };
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
    return `${signed}.${createHmac("sha256", keys.api_secret).update(signed).digest("base64url")}`;
  }

  /** Who is in a room, as the LiveKit server sees it. */
  async participants(room) {
    const answer = await fetch(`http://${this.livekit()}/twirp/livekit.RoomService/ListParticipants`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.sign("test", { roomAdmin: true, room })}` },
      body: JSON.stringify({ room }),
    });
    return (await answer.json()).participants ?? [];
  }

  /** What a query gives, as the database's superuser: unaligned text. */
  sql(query) {
    const data = this.env.FRONTDESK_DATA_DIR;
    const socket = readdirSync(data, { recursive: true }).find((name) => name.endsWith(".s.PGSQL.5432"));
    if (!socket) throw new Error(`no socket of the embedded PostgreSQL below ${data}`);
    const args = ["-h", join(data, dirname(socket)), "-U", "postgres", "-d", "frontdesk", "-Atc", query];
    return execFileSync("psql", args, { encoding: "utf8" }).trim();
  }

  /** Rows in the table of appointments, all clinics together. */
  appointments() {
    return Number(this.sql("SELECT count(*) FROM appointments"));
  }

  /** The demo clinic's supervisor: address and password. */
  supervisor() {
    return JSON.parse(readFileSync(join(this.env.FRONTDESK_DATA_DIR, "demo-supervisor.json"), "utf8"));
  }

  async metric(name) {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const line = text.split("\n").find((l) => l.startsWith(`frontdesk_${name} `) || l.startsWith(`frontdesk_${name}_total `));
    return line && Number(line.split(" ")[1]);
  }

  /** Stops the server as an operator would and removes its data. */
  async stop() {
    if (this.child.exitCode === null) this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), 60_000);
    await this.ended;
    clearTimeout(late);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
