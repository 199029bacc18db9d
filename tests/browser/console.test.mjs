// The supervisors' console: a patient on the page and one who types, watched, listened to, taken
// over, handed back and hung up.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { Frontdesk, until } from "./lib/frontdesk.mjs";
import { Patient } from "./lib/patient.mjs";
import { speak } from "./lib/speech.mjs";
import { Supervisor } from "./lib/supervisor.mjs";

/** @type {Frontdesk} */
let desk;
before(async () => (desk = await Frontdesk.start({ FRONTDESK_CALLS_PER_MINUTE: "30" })));
after(() => desk?.stop());

const noCalls = () => until("the calls have ended in the runtime too", async () => (await desk.metric("live_calls")) === 0, 60_000);

/** What was done to a call, oldest first. */
const audit = (call) => desk.sql(`SELECT action FROM audit_log WHERE call_id = '${call}' AND principal LIKE 'user:%' ORDER BY position`).split("\n");

async function isAccessible(page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`), []);
}

/** Loudness of what a page plays, at its loudest within two seconds. */
function loudness(page) {
  return page.evaluate(async () => {
    const streams = [...document.querySelectorAll("audio")].map((audio) => audio.srcObject).filter(Boolean);
    const context = new AudioContext();
    const meters = streams.map((stream) => {
      const meter = context.createAnalyser();
      context.createMediaStreamSource(stream).connect(meter);
      return meter;
    });
    let loudest = 0;
    const samples = new Float32Array(2048);
    for (const end = performance.now() + 2000; performance.now() < end; await new Promise((next) => setTimeout(next, 20))) {
      for (const meter of meters) {
        meter.getFloatTimeDomainData(samples);
        loudest = Math.max(loudest, ...samples.map(Math.abs));
      }
    }
    await context.close();
    return loudest;
  });
}

test("a supervisor sees both calls, speaks in one and types in the other, hands back and hangs up", async () => {
  const hello = "hello this is the supervisor how can I help";
  const voice = speak(desk.folder, "supervisor", [2, hello, 3, hello, 3, hello, 120]);
  const [patient, typing, mona] = await Promise.all([
    Patient.open(desk, "nile-heart", { wav: speak(desk.folder, "quiet", [240]) }),
    Patient.open(desk),
    Supervisor.open(desk, "", { wav: voice }),
  ]);
  try {
    await mona.signIn();
    await mona.picture("console-empty");
    await patient.button("Start the call").click();
    await patient.hears(/automatic assistant/);
    await patient.button("Camera on").click();
    await typing.button("Type instead").click();
    await typing.hears(/automatic assistant/);
    await typing.type("where are you");
    const [spoken, typed] = [await mona.finds(/Browser/), await mona.finds(/Typing/)];

    // By typing, where the caller types.
    await mona.choose(typed);
    await mona.reads("caller", /where are you/);
    await mona.reads("agent", /Garden Street/);
    await mona.page.locator(".tool[data-tool=ask_clinic]").getByText("answer found").waitFor();
    await mona.button("Take over by typing").click();
    await mona.page.locator(".badge.strong").getByText("You have this call").waitFor();
    await mona.page.getByRole("textbox", { name: "Message to the caller" }).fill("This is Mona from the clinic.");
    await mona.page.keyboard.press("Enter");
    assert.match((await typing.hears(/This is Mona from the clinic/)).who, /Supervisor/, "the page names who speaks");
    await typing.type("what are your opening hours");
    await mona.reads("caller", /opening hours/);
    await mona.picture("console-typing");
    await isAccessible(mona.page);

    // By voice, heard before.
    await mona.choose(spoken);
    await mona.button("Listen").click();
    await until("the call is heard", async () => (await mona.sounds()) >= 1);
    const camera = mona.page.getByLabel("The caller's camera");
    await until("the caller's camera moves", () => camera.evaluate((video) => video.videoWidth > 0 && video.currentTime > 0));
    const names = async () => (await desk.participants(patient.room())).map((who) => [who.identity.split("-")[0], who.permission?.hidden ?? false]);
    assert.ok(!(await names()).some(([name, hidden]) => name === "listener" && !hidden), "nobody is told of the listener");
    await mona.picture("console-listening");
    await mona.button("Take over by voice").click();
    await mona.page.locator(".badge.strong").getByText("You have this call").waitFor();
    await until("the supervisor is in the room", async () => (await names()).some(([name]) => name === "supervisor"));
    await until("the patient hears the supervisor", async () => (await loudness(patient.page)) > 0.05, 30_000);
    await mona.reads("supervisor", /supervisor|help/i, 60_000);
    assert.equal(await mona.sounds(), 2, "the assistant and the patient; the own voice does not come back");
    await mona.picture("console-speaking");
    await isAccessible(mona.page);
    await mona.button("Mute").click();
    await mona.button("Unmute").waitFor();
    await mona.button("Hand back").click();
    await mona.button("Take over by voice").waitFor();
    await until("the supervisor has left the room", async () => !(await names()).some(([name]) => name === "supervisor"));
    await patient.type("where are you");
    await mona.reads("agent", /Garden Street/);

    await mona.choose(typed);
    await mona.button("Hand back").click();
    await mona.button("Take over by typing").waitFor();
    await typing.hears(/You are speaking with the automatic assistant again/);
    const before = (await typing.lines()).length;
    await typing.type("where are you");
    await typing.hears(/Garden Street/, { from: before });
    await mona.button("Hang up").click();
    await mona.picture("console-hang-up");
    await mona.page.getByRole("group", { name: "End this call?" }).getByRole("button", { name: "Hang up" }).click();
    await typing.phase("ended");
    await mona.page.getByText("Ended: question answered").first().waitFor();
    await mona.picture("console-ended");

    await patient.button("Hang up").click();
    await noCalls();
    assert.deepEqual(audit(typed), ["call.taken_over", "call.said", "call.handed_back", "call.hung_up"]);
    assert.deepEqual(audit(spoken), ["call.listened", "call.taken_over", "call.handed_back"]);
    assert.deepEqual([patient, typing, mona].flatMap(({ faults }) => faults), []);
  } finally {
    await Promise.all([patient, typing, mona].map((who) => who.close()));
  }
  await noCalls();
});

test("a wrong password is told, and who is signed in stays so over a reload, with the call that they have", async () => {
  const [typing, mona] = await Promise.all([Patient.open(desk), Supervisor.open(desk)]);
  try {
    await mona.button("Sign in").waitFor();
    await isAccessible(mona.page);
    await mona.picture("console-sign-in");
    await mona.fill({ ...desk.supervisor(), password: "a wrong password" });
    await mona.page.getByRole("alert").filter({ hasText: "not the e-mail and the password of anybody" }).waitFor();
    await mona.picture("console-wrong");
    await mona.signIn();
    await typing.button("Type instead").click();
    await typing.hears(/automatic assistant/);
    await typing.type("I have chest pain");
    const call = await mona.finds(/Red flag/);
    await mona.choose(call);
    await mona.page.getByRole("alert").filter({ hasText: "chest pain" }).waitFor();
    await mona.reads("caller", /chest pain/);
    await mona.button("Take over by typing").click();
    await mona.page.locator(".badge.strong").waitFor();

    await mona.page.reload();
    await mona.page.locator("main[data-connected=true]").waitFor();
    await mona.finds(/You have this call/);
    await mona.choose(call);
    await mona.reads("caller", /chest pain/);
    await mona.page.getByRole("textbox", { name: "Message to the caller" }).fill("Please call the emergency number now.");
    await mona.page.keyboard.press("Enter");
    await typing.hears(/Please call the emergency number now/);
    await mona.picture("console-flag");
    await mona.button("Sign out").click();
    await mona.button("Sign in").waitFor();
    await mona.page.reload();
    await mona.button("Sign in").waitFor();
    // Who has signed out has no call.
    await typing.hears(/assistant again/i);
    await typing.button("Hang up").click();
    assert.deepEqual([typing, mona].flatMap(({ faults }) => faults), []);
  } finally {
    await Promise.all([typing, mona].map((who) => who.close()));
  }
  await noCalls();
});

test("the console is for everybody: in Arabic, in the dark, narrow, and by keys alone", async () => {
  const typing = await Patient.open(desk);
  const mona = await Supervisor.open(desk, "?lang=ar", { colorScheme: "dark", viewport: { width: 390, height: 844 } });
  const { page } = mona;
  try {
    await typing.button("Type instead").click();
    await typing.hears(/automatic assistant/);
    await mona.button("دخول").waitFor();
    await mona.picture("console-sign-in-narrow-dark-ar");
    await isAccessible(page);
    const { email, password } = desk.supervisor();
    // The address has the focus.
    await page.keyboard.type(email);
    await page.keyboard.press("Tab");
    await page.keyboard.type(password);
    await page.keyboard.press("Enter");
    await mona.finds(/كتابة/);
    await mona.picture("console-list-narrow-dark-ar");
    await isAccessible(page);
    await reach(page, ".entry");
    await page.keyboard.press("Enter");
    await mona.reads("agent", /automatic assistant/);
    await reach(page, ".actions button:not([aria-pressed])");
    await page.keyboard.press("Enter");
    await page.locator("#message:focus").waitFor();
    await page.keyboard.type("مرحبا");
    await page.keyboard.press("Enter");
    await typing.hears(/مرحبا/);
    await mona.picture("console-call-narrow-dark-ar");
    await isAccessible(page);
    await typing.button("Hang up").click();
    assert.deepEqual([typing, mona].flatMap(({ faults }) => faults), []);
  } finally {
    await Promise.all([typing, mona].map((who) => who.close()));
  }
  await noCalls();
});

/** Goes on by the tab key until something of that selector has the focus. */
async function reach(page, selector) {
  for (let n = 0; n < 40; n++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${selector} is not reached by the tab key`);
}
