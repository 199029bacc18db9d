// The patient's page when something is in the way, in both languages and for everybody.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { Frontdesk, until } from "./lib/frontdesk.mjs";
import { Patient } from "./lib/patient.mjs";
import { speak } from "./lib/speech.mjs";

/** @type {Frontdesk} */
let desk;
before(async () => (desk = await Frontdesk.start({ FRONTDESK_CALLS_PER_MINUTE: "30" })));
after(() => desk?.stop());

/** Opens the page, has it looked at, and closes it. */
async function on(path, options, look) {
  const patient = await Patient.open(desk, path, options);
  try {
    await look(patient, patient.page);
  } finally {
    await patient.close();
  }
}

const alert = (page, text) => page.getByRole("alert").filter({ hasText: text }).waitFor({ timeout: 30_000 });

test("a microphone that is refused, or not there, is told in words, and typing is offered", async () => {
  await on("nile-heart", { allowed: false }, async (patient, page) => {
    await patient.button("Start the call").click();
    await alert(page, "The microphone is not allowed");
    await patient.picture("refused-desk-en");
    assert.equal((await desk.metric("jobs_accepted")) ?? 0, 0, "nobody was called");
    await patient.button("Try again").waitFor();
    await patient.button("Type instead").click();
    await patient.hears(/automatic assistant/);
    await patient.type("where are you");
    await patient.hears(/Garden Street/);
    await patient.button("Hang up").click();
  });
  await on("nile-heart", { devices: false }, async (patient, page) => {
    await patient.button("Start the call").click();
    await alert(page, "There is no microphone");
  });
  await on("nile-heart?lang=ar", { allowed: false, ...Patient.onPhone }, async (patient, page) => {
    await patient.button("ابدأ المكالمة").click();
    await alert(page, "لم يُسمح باستخدام الميكروفون");
    await patient.picture("refused-phone-ar");
  });
});

test("a clinic that is not there, a full house, too many calls and a lost network are told in words", async () => {
  await on("nowhere", {}, async (patient, page) => {
    await alert(page, "This clinic cannot be called");
    assert.equal(await page.getByRole("button").count(), 0);
  });
  for (const [status, text] of [[503, "All lines are busy"], [429, "Too many calls from here"], [500, "could not be connected"]]) {
    await on("nile-heart", {}, async (patient, page) => {
      await page.route("**/calls", (route) => route.fulfill({ status, contentType: "application/problem+json", body: "{}" }));
      await patient.button("Start the call").click();
      await alert(page, text);
      await page.getByRole("link", { name: /\+20/ }).waitFor();
    });
  }
  // Chromium's own microphone beeps, which interrupts the greeting.
  await on("nile-heart", { wav: speak(desk.folder, "quiet", [60]) }, async (patient, page) => {
    await patient.context.setOffline(true);
    await patient.button("Start the call").click();
    await alert(page, "could not be connected");
    await patient.context.setOffline(false);
    await patient.button("Try again").click();
    await patient.hears(/automatic assistant/);
    assert.equal(await page.getByRole("alert").count(), 0, "nothing is said any more of the attempt that failed");
    await patient.button("Hang up").click();
  });
});

test("who is not answered within 20 seconds is told so", async () => {
  await on("nile-heart", { wav: speak(desk.folder, "nobody", [60]) }, async (patient, page) => {
    const room = "nobody-comes";
    const answer = {
      server_url: `ws://${desk.livekit()}`,
      room_name: room,
      participant_identity: "patient",
      participant_token: desk.sign("patient", { roomJoin: true, room, canPublish: true, canSubscribe: true }),
    };
    await page.route("**/calls", (route) => route.fulfill({ status: 201, json: answer }));
    await patient.button("Start the call").click();
    await patient.phase("waiting");
    await patient.picture("waiting-desk-en");
    await alert(page, "Nobody answers");
    await until("the line is free again", async () => (await desk.participants(room)).length === 0);
  });
});

test("a connection that is lost for a moment is told, and that it is back", async () => {
  await on("nile-heart", { wav: speak(desk.folder, "away", [120]) }, async (patient, page) => {
    await patient.button("Start the call").click();
    await patient.hears(/help you/);
    const [{ room_name: room, participant_identity: me }] = patient.answers;
    // The socket of signalling breaks, as in a lift.
    await patient.context.setOffline(true);
    await page.evaluate(() => window.dispatchEvent(new Event("offline")));
    await alert(page, "The connection is interrupted");
    await patient.picture("interrupted-desk-en");
    await patient.context.setOffline(false);
    await page.getByText("The connection is back").waitFor({ timeout: 40_000 });
    await patient.phase("talking");
    await patient.type("where are you");
    await patient.hears(/Garden Street/);
    assert.ok((await desk.participants(room)).some((who) => who.identity === me), "the same participant");
    await patient.button("Hang up").click();
  });
});

for (const [code, call, type, bye] of [
  ["en", "Start the call", "Type instead", "Hang up"],
  ["ar", "ابدأ المكالمة", "اكتب بدلًا من ذلك", "إنهاء المكالمة"],
]) {
  test(`axe finds nothing before, in and after a call, light and dark (${code})`, async () => {
    const violations = [];
    const look = async (page, when) => {
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        const found = await new AxeBuilder({ page }).analyze();
        for (const { id, nodes } of found.violations) violations.push(`${when} ${colorScheme}: ${id} ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
      }
    };
    await on(`nile-heart?lang=${code}`, {}, async (patient, page) => {
      await page.getByRole("button", { name: call, exact: true }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.dir), code === "ar" ? "rtl" : "ltr");
      await look(page, "before");
      await patient.picture(`start-dark-${code}`);
      await patient.button(type).click();
      await patient.hears(/automatic assistant/);
      await page.getByRole("textbox").fill("where are you");
      await page.keyboard.press("Enter");
      await patient.hears(/Garden Street/);
      await look(page, "in the call");
      await patient.picture(`typed-dark-${code}`);
      await page.emulateMedia({ colorScheme: "light" });
      await patient.picture(`typed-light-${code}`);
      await patient.button(bye).click();
      await patient.phase("ended");
      await look(page, "after");
      assert.deepEqual(patient.faults, []);
    });
    await on("nowhere", { locale: code }, (_, page) => look(page, "no clinic"));
    assert.deepEqual(violations, []);
  });
}

test("the page is used by keys alone, and takes the browser's language", async () => {
  await on("nile-heart", { locale: "ar-EG" }, async (patient, page) => {
    // The page's program sets the language; before it has run, the document says English.
    await patient.button("ابدأ المكالمة").waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "ar");
    await page.getByRole("link", { name: "English" }).click();
    await patient.button("Start the call").waitFor();
    const focused = () => page.evaluate(() => (document.activeElement === document.body ? "" : document.activeElement?.textContent));
    const tab = async (to) => {
      for (let n = 0; n < 12 && !(await focused()).includes(to); n++) await page.keyboard.press("Tab");
      assert.ok((await focused()).includes(to), `${to} can be reached`);
    };
    await tab("Type instead");
    await page.keyboard.press("Enter");
    await patient.hears(/automatic assistant/);
    await page.keyboard.type("where are you");
    await page.keyboard.press("Enter");
    await patient.hears(/Garden Street/);
    await tab("Camera on");
    await tab("Hang up");
    await page.keyboard.press("Enter");
    await patient.phase("ended");
    await until("the call has ended in the runtime too", async () => (await desk.metric("live_calls")) === 0);
  });
});
