// A patient on the clinic's page, in Chromium.
import { launch } from "./chromium.mjs";
import { until } from "./frontdesk.mjs";

const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1200, height: 860 };

export class Patient {
  /** Opens a clinic's page. `path` may choose the language: `nile-heart?lang=ar`. */
  static async open(desk, path = "nile-heart", { viewport = DESK, locale = "en-US", ...browser } = {}) {
    const patient = new Patient();
    patient.faults = [];
    patient.answers = [];
    patient.browser = await launch(browser);
    patient.context = await patient.browser.newContext({ viewport, locale });
    const page = (patient.page = await patient.context.newPage());
    page.on("pageerror", (error) => patient.faults.push(error.message));
    page.on("console", (message) => message.type() === "error" && patient.faults.push(message.text()));
    page.on("response", async (response) => {
      if (!response.url().endsWith("/calls")) return;
      patient.answers.push({ status: response.status(), ...(await response.json().catch(() => ({}))) });
    });
    await page.goto(`${desk.url}/call/${path}`);
    return patient;
  }

  static onPhone = { viewport: PHONE };

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  async phase(phase, patience = 20_000) {
    await this.page.locator(`main[data-phase=${phase}]`).waitFor({ timeout: patience });
  }

  /** The room that the last answer led to. */
  room() {
    return this.answers.at(-1)?.room_name;
  }

  lines() {
    const lines = this.page.locator(".line");
    return lines.evaluateAll((all) =>
      all.map((line) => ({ mine: line.classList.contains("mine"), open: line.classList.contains("open"), who: line.querySelector(".who").textContent, text: line.querySelector(".words").textContent })),
    );
  }

  /** Waits for a line of the assistant, after the first `from` lines, that is done and matches. */
  hears(pattern, { from = 0, patience = 30_000 } = {}) {
    return until(`the assistant says ${pattern}`, async () => {
      const lines = (await this.lines()).slice(from);
      return lines.find((line) => !line.mine && pattern.test(line.text));
    }, patience);
  }

  async type(text) {
    await this.page.getByRole("textbox", { name: "Message" }).fill(text);
    await this.page.keyboard.press("Enter");
  }

  /** Answers by typing what is asked, until a line of the assistant matches `done`. */
  async converse(done, replies, patience = 90_000) {
    let read = 0;
    await until(`the assistant says ${done}`, async () => {
      const lines = await this.lines();
      if (lines.some((line) => !line.mine && done.test(line.text))) return true;
      const news = lines.slice(read).filter((line) => !line.mine && !line.open).map((line) => line.text).join(" ");
      const reply = replies.find(([question]) => question.test(news));
      if (reply) {
        read = lines.length;
        await this.type(reply[1]);
      }
      return false;
    }, patience);
  }

  /** A picture, where they are wanted: SCREENSHOTS is a folder. */
  async picture(name) {
    if (process.env.SCREENSHOTS) await this.page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png` });
  }

  async close() {
    await this.browser?.close();
  }
}
