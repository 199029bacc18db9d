// From an event of a call to its being on the console's screen, with ten spoken calls going on: no
// test, a measurement. The callers are those of `frontdesk load`: ten browsers would take the cores
// that the one which is measured draws with. The event bears the time at which the runtime told it;
// the page notes when the frame after its change was drawn, by the same machine's clock.
//
//   PROGRAM_UNDER_TEST=target/release/frontdesk node tests/browser/measure-console.mjs [calls] [turns]
import { spawn } from "node:child_process";
import { Frontdesk, program, until } from "./lib/frontdesk.mjs";
import { Supervisor } from "./lib/supervisor.mjs";

const [calls, turns] = [Number(process.argv[2] ?? 10), Number(process.argv[3] ?? 6)];

/** Runs in the console before its own scripts. */
function watch() {
  const seen = (window.measured = []);
  const waiting = [];
  window.WebSocket = class extends WebSocket {
    set onmessage(handler) {
      super.onmessage = (event) => {
        const message = JSON.parse(event.data);
        if (message.what) waiting.push({ ...message, arrived: Date.now() });
        handler(event);
      };
    }
  };
  new MutationObserver(() => {
    const drawn = waiting.splice(0);
    if (drawn.length === 0) return;
    // After the next frame has been drawn.
    requestAnimationFrame(() => setTimeout(() => {
      for (const { at, arrived } of drawn) seen.push({ arrived: arrived - Date.parse(at), drawn: Date.now() - Date.parse(at) });
    }));
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
}

const desk = await Frontdesk.start({ FRONTDESK_ANNOUNCE: "1" });
try {
  const mona = await Supervisor.open(desk);
  await mona.context.addInitScript(watch);
  await mona.page.reload();
  await mona.signIn();
  const load = ["load", "--calls", calls, "--turns", turns, "--speaking", "0.3", "--seconds", "5"];
  const callers = spawn(program(), load.map(String), { env: desk.env, stdio: ["ignore", "ignore", "inherit"] });
  const over = new Promise((resolve) => callers.on("exit", resolve));
  await until("all calls are listed", async () => (await mona.entries()).length >= calls, 60_000);
  await mona.choose((await mona.entries())[0].call);
  await mona.page.evaluate(() => (window.measured.length = 0));
  const code = await over;
  if (code !== 0) throw new Error(`frontdesk load ended with ${code}`);
  const seen = await mona.page.evaluate(() => window.measured);
  for (const what of ["arrived", "drawn"]) {
    const times = seen.map((one) => one[what]).sort((a, b) => a - b);
    const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
    console.log(`${what}: ${times.length} events, median ${at(0.5)} ms, 95 % ${at(0.95)} ms, longest ${times.at(-1)} ms`);
  }
  await mona.close();
} finally {
  await desk.stop();
}
