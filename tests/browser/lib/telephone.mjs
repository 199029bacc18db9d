// A caller with a telephone: baresip, which dials the runtime by SIP and keeps what it plays.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./frontdesk.mjs";

/** Where the distribution keeps baresip's modules. */
function modules() {
  const multiarch = readdirSync("/usr/lib").map((name) => `/usr/lib/${name}/baresip/modules`);
  const found = ["/usr/lib/baresip/modules", "/usr/lib64/baresip/modules", ...multiarch].find((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory());
  if (!found) throw new Error("baresip is missing: run scripts/setup.sh test");
  return found;
}

/** A TCP port that nobody has at the moment. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class Telephone {
  /** Calls `number` at the SIP address and waits until the call stands. */
  static async dial(sip, number) {
    const telephone = new Telephone();
    const folder = (telephone.folder = mkdtempSync(join(tmpdir(), "frontdesk-telephone-")));
    const control = await freePort();
    const lines = [
      "poll_method epoll", "sip_listen 127.0.0.1:0", `audio_player sndfile,${folder}`, `audio_source aufile,${folder}/silence.wav`,
      `audio_alert aufile,${folder}/none.wav`, `snd_path ${folder}`, `module_path ${modules()}`, "module g711.so", "module aufile.so",
      "module sndfile.so", "module_tmp uuid.so", "module_tmp account.so", "module_app menu.so", "module_app ctrl_tcp.so",
      `ctrl_tcp_listen 127.0.0.1:${control}`,
    ];
    writeFileSync(join(folder, "config"), `${lines.join("\n")}\n`);
    writeFileSync(join(folder, "accounts"), "<sip:+201001234567@127.0.0.1>;regint=0;audio_codecs=PCMU\n");
    writeFileSync(join(folder, "contacts"), "");
    execFileSync("sox", ["-n", "-r", "8000", "-b", "16", join(folder, "silence.wav"), "trim", "0", "300"]);
    telephone.log = "";
    telephone.child = spawn("baresip", ["-f", folder], { stdio: ["ignore", "pipe", "pipe"] });
    telephone.ended = new Promise((resolve) => telephone.child.on("exit", resolve));
    for (const output of [telephone.child.stdout, telephone.child.stderr]) output.on("data", (data) => (telephone.log += data));
    telephone.control = await until("baresip can be told what to do", () => new Promise((resolve) => {
      const socket = connect(control, "127.0.0.1");
      socket.on("connect", () => resolve(socket));
      socket.on("error", () => resolve(null));
    }), 60_000);
    telephone.control.resume();
    telephone.command("dial", `sip:${number}@${sip}`);
    await until("the telephone is answered", () => telephone.log.includes("Call established"), 60_000);
    return telephone;
  }

  command(command, params = "") {
    const text = JSON.stringify({ command, params });
    this.control.write(`${Buffer.byteLength(text)}:${text},`);
  }

  /** Loudest sample, 0 to 1, of all that the telephone has played. */
  loudest() {
    const file = readdirSync(this.folder).find((name) => name.endsWith("-dec.wav"));
    const bytes = file ? readFileSync(join(this.folder, file)).subarray(44) : Buffer.alloc(0);
    let loudest = 0;
    for (let at = 0; at + 1 < bytes.length; at += 2) loudest = Math.max(loudest, Math.abs(bytes.readInt16LE(at)) / 32_768);
    return loudest;
  }

  /** Whether the other side has hung up. */
  isOver() {
    return /session closed|Call terminated|terminated \(/i.test(this.log);
  }

  async close() {
    if (this.control) this.command("quit");
    const late = setTimeout(() => this.child.kill("SIGKILL"), 20_000);
    await this.ended;
    clearTimeout(late);
    this.control?.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
