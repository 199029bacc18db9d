// A caller in Chromium: a page with livekit-client, and what it has seen and heard.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { launch } from "./chromium.mjs";
import { until } from "./frontdesk.mjs";

const bundle = readFileSync(createRequire(import.meta.url).resolve("livekit-client"));
const html = readFileSync(new URL("page.html", import.meta.url));

export class Caller {
  static async open(options = {}) {
    const caller = new Caller();
    // Microphones are for secure origins only; loopback is one.
    caller.server = createServer((request, response) => {
      const script = request.url === "/livekit-client.js";
      response.setHeader("content-type", script ? "text/javascript" : "text/html; charset=utf-8");
      response.end(script ? bundle : html);
    });
    await new Promise((resolve) => caller.server.listen(0, "127.0.0.1", resolve));
    caller.browser = await launch(options);
    caller.page = await caller.browser.newPage();
    caller.faults = [];
    caller.page.on("pageerror", (error) => caller.faults.push(error.message));
    await caller.page.goto(`http://127.0.0.1:${caller.server.address().port}/`);
    return caller;
  }

  join(token, options = {}) {
    return this.page.evaluate(([url, jwt, o]) => join(url, jwt, o), [token.url, token.token, options]);
  }

  seen() {
    return this.page.evaluate(() => seen);
  }

  evaluate(code, argument) {
    return this.page.evaluate(code, argument);
  }

  /** Waits until the agent is in `state` (now, not only once). */
  agentIs(state, patience) {
    return until(`the agent is ${state}`, async () => (await this.seen()).states.at(-1)?.[1] === state, patience);
  }

  /** Waits until a finished segment of the agent matches. */
  agentSays(pattern, patience) {
    return until(`the agent says ${pattern}`, async () => {
      const { segments } = await this.seen();
      return Object.values(segments).find((s) => !s.mine && s.ended && pattern.test(s.text));
    }, patience);
  }

  /** Leaves the room as a front end does, then closes the browser. */
  async close() {
    await this.page?.evaluate(() => room?.disconnect()).catch(() => {});
    await this.browser?.close();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
