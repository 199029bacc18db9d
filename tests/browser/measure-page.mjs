// From the button to the first voiced sample of the assistant, on the patient's page: no test, a
// measurement. The microphone is already allowed; each call has a browser of its own, so nothing
// but what the first visit of the page has loaded is in its cache.
//
//   PROGRAM_UNDER_TEST=target/release/frontdesk node tests/browser/measure-page.mjs [calls]
import { Frontdesk, until } from "./lib/frontdesk.mjs";
import { launch } from "./lib/chromium.mjs";
import { speak } from "./lib/speech.mjs";

const calls = Number(process.argv[2] ?? 10);

/** Runs in the page before its own scripts: listens to whatever audio track comes in. */
function listen() {
  const seen = (window.measured = {});
  const mark = (name) => (seen[name] ??= performance.now());
  addEventListener("click", (event) => event.target.closest?.("button.call") && mark("pressed"), true);
  const original = window.fetch;
  window.fetch = async (...all) => {
    const answer = await original(...all);
    if (String(all[0]).endsWith("/calls")) mark("token");
    return answer;
  };
  const code = `registerProcessor("level", class extends AudioWorkletProcessor {
    process([[samples]]) {
      if (samples?.some((s) => Math.abs(s) > 0.02)) this.port.postMessage(1);
      return true;
    } });`;
  const meter = (async () => {
    const audio = new AudioContext();
    await audio.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    const node = new AudioWorkletNode(audio, "level");
    node.port.onmessage = () => mark("voiced");
    return { audio, node };
  })();
  window.ready = meter.then(() => true);
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...all) {
      super(...all);
      mark("connecting");
      this.addEventListener("track", async ({ track }) => {
        if (track.kind !== "audio") return;
        mark("track");
        const { audio, node } = await meter;
        audio.createMediaStreamSource(new MediaStream([track])).connect(node);
      });
    }
  };
}

const desk = await Frontdesk.start({ FRONTDESK_CALLS_PER_MINUTE: "1000" });
const times = [];
try {
  const wav = speak(desk.folder, "quiet", [60]);
  for (let n = 0; n < calls; n++) {
    const browser = await launch({ wav });
    const context = await browser.newContext({ bypassCSP: true }); // for the meter alone
    const page = await context.newPage();
    await page.addInitScript(listen);
    await page.goto(`${desk.url}/call/nile-heart`);
    await page.evaluate(() => window.ready);
    await page.getByRole("button", { name: "Start the call" }).click();
    const seen = await until("the assistant is heard", async () => {
      const seen = await page.evaluate(() => window.measured);
      return seen.voiced && seen;
    });
    const since = (name) => Math.round(seen[name] - seen.pressed);
    times.push(since("voiced"));
    console.log(`call ${n + 1}: token ${since("token")} ms, connecting ${since("connecting")} ms, voice's track ${since("track")} ms, voiced ${since("voiced")} ms`);
    await page.getByRole("button", { name: "Hang up" }).click();
    await browser.close();
    await until("the call has ended", async () => (await desk.metric("live_calls")) === 0);
  }
} finally {
  await desk.stop();
}
times.sort((a, b) => a - b);
const median = (times[Math.floor((times.length - 1) / 2)] + times[Math.ceil((times.length - 1) / 2)]) / 2;
console.log(`from the button to the first voiced sample: median ${median} ms of ${times.length}, ${times[0]} to ${times.at(-1)} ms`);
