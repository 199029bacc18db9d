// The development page, as a newcomer sees it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./lib/chromium.mjs";
import { Frontdesk, until } from "./lib/frontdesk.mjs";
import { speak } from "./lib/speech.mjs";

/** @type {Frontdesk} */
let desk;
before(async () => (desk = await Frontdesk.start()));
after(() => desk?.stop());

test("the development page holds a call: state, transcript, mute, hang up", async () => {
  const wav = speak(desk.folder, "page", [9, "I would like to book an appointment", 60]);
  const browser = await launch({ wav });
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 760 } });
    const faults = [];
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    await page.goto(desk.url);
    const shot = (name) => process.env.SCREENSHOTS && page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png` });
    await shot("before");
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await page.getByRole("status").filter({ hasText: "speaking" }).waitFor({ timeout: 20_000 });
    await page.getByText("this is the automatic assistant").waitFor({ timeout: 20_000 });
    await page.locator("li.me").first().waitFor({ timeout: 40_000 });
    // Who calls by voice is asked for the date of birth first.
    await page.getByText(/date of birth/i).first().waitFor({ timeout: 40_000 });
    await shot("during");
    await page.getByRole("button", { name: "Mute" }).click();
    await page.getByRole("button", { name: "Unmute" }).waitFor();
    await page.getByRole("button", { name: "Hang up" }).click();
    await page.getByText("The call has ended.").waitFor();
    await shot("after");
    await until("the call has ended in the runtime too", async () => (await desk.metric("live_calls")) === 0);
    assert.deepEqual(faults, []);
  } finally {
    await browser.close();
  }
});
