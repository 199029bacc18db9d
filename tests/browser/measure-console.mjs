// From an event of a call to its being on the console's screen, with ten calls going on: no test, a
// measurement. The event bears the time at which the runtime told it; the page notes when the frame
// after its change was drawn, by the same machine's clock.
//
//   PROGRAM_UNDER_TEST=target/release/frontdesk node tests/browser/measure-console.mjs [calls] [rounds]
import { Frontdesk, until } from "./lib/frontdesk.mjs";
import { launch } from "./lib/chromium.mjs";
import { Supervisor } from "./lib/supervisor.mjs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const [calls, rounds] = [Number(process.argv[2] ?? 10), Number(process.argv[3] ?? 10)];

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

const desk = await Frontdesk.start({ FRONTDESK_CALLS_PER_MINUTE: "1000" });
try {
  const mona = await Supervisor.open(desk);
  await mona.context.addInitScript(watch);
  await mona.page.reload();
  await mona.signIn();
  const browser = await launch({});
  const callers = [];
  for (let n = 0; n < calls; n++) {
    const page = await (await browser.newContext({ locale: "en-US" })).newPage();
    await page.goto(`${desk.url}/call/nile-heart`);
    await page.getByRole("button", { name: "Type instead" }).click();
    await page.getByText(/automatic assistant/).waitFor();
    callers.push(page);
  }
  await mona.choose((await mona.entries())[0].call);
  await mona.page.evaluate(() => (window.measured.length = 0));
  // Each asks once in four seconds, one after another.
  await Promise.all(callers.map(async (page, n) => {
    await pause((n * 4000) / calls);
    for (let round = 0; round < rounds; round++) {
      await page.getByRole("textbox", { name: "Message" }).fill("where are you");
      await page.keyboard.press("Enter");
      await until("an answer", async () => (await page.locator(".line.theirs").count()) > round + 1, 60_000);
      await pause(4000);
    }
  }));
  const seen = await mona.page.evaluate(() => window.measured);
  for (const what of ["arrived", "drawn"]) {
    const times = seen.map((one) => one[what]).sort((a, b) => a - b);
    const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
    console.log(`${what}: ${times.length} events, median ${at(0.5)} ms, 95 % ${at(0.95)} ms, longest ${times.at(-1)} ms`);
  }
  await browser.close();
  await mona.close();
} finally {
  await desk.stop();
}
