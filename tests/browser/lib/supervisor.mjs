// A supervisor at the console, in Chromium.
import { launch } from "./chromium.mjs";
import { until } from "./frontdesk.mjs";
import { DESK } from "./patient.mjs";

export class Supervisor {
  /** Opens the console. `query` may choose the language: `?lang=ar`. */
  static async open(desk, query = "", { viewport = DESK, locale = "en-US", colorScheme = "light", ...browser } = {}) {
    const supervisor = new Supervisor();
    supervisor.desk = desk;
    supervisor.faults = [];
    supervisor.browser = await launch(browser);
    supervisor.context = await supervisor.browser.newContext({ viewport, locale, colorScheme });
    const page = (supervisor.page = await supervisor.context.newPage());
    page.on("pageerror", (error) => supervisor.faults.push(error.message));
    // Nobody is signed in when the page opens, and the browser reports the answer that says so.
    const asked = (text) => /status of 401/.test(text);
    // livekit-client 2.23.0 reports as an error that a room which the server closes closes its channels.
    const closed = (text) => /data channel '\w+' closed unexpectedly/.test(text);
    const fault = (text) => !asked(text) && !closed(text);
    page.on("console", (message) => message.type() === "error" && fault(message.text()) && supervisor.faults.push(message.text()));
    await page.goto(`${desk.url}/console${query}`);
    return supervisor;
  }

  async fill({ email, password }) {
    await this.page.locator("input[name=email]").fill(email);
    await this.page.locator("input[name=password]").fill(password);
    await this.page.keyboard.press("Enter");
  }

  async signIn() {
    await this.fill(this.desk.supervisor());
    await this.page.locator("main[data-connected=true]").waitFor();
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** The list's entries: each call, with what is shown of it. */
  entries() {
    return this.page.locator(".entry").evaluateAll((all) => all.map((entry) => ({ call: entry.dataset.call, text: entry.innerText })));
  }

  /** Waits for a call whose entry matches and gives its id. */
  async finds(pattern, patience = 30_000) {
    const found = await until(`a call is listed that matches ${pattern}`, async () => (await this.entries()).find(({ text }) => pattern.test(text)), patience);
    return found.call;
  }

  async choose(call) {
    await this.page.locator(`.entry[data-call="${call}"]`).click();
  }

  lines() {
    return this.page.locator(".view .line").evaluateAll((all) =>
      all.map((line) => ({ by: line.classList[1], open: line.classList.contains("open"), text: line.querySelector(".words").textContent })),
    );
  }

  /** Waits for a line of the chosen call. */
  reads(by, pattern, patience = 30_000) {
    return until(`the console shows that ${by} says ${pattern}`, async () => (await this.lines()).find((line) => line.by === by && pattern.test(line.text)), patience);
  }

  /** Audio elements that play. */
  sounds() {
    return this.page.evaluate(() => [...document.querySelectorAll("audio")].filter((audio) => !audio.paused && audio.srcObject).length);
  }

  async picture(name) {
    if (process.env.SCREENSHOTS) await this.page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png` });
  }

  async close() {
    await this.browser?.close();
  }
}
