// The patient's page: calls that are held on it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Frontdesk, until } from "./lib/frontdesk.mjs";
import { Patient } from "./lib/patient.mjs";
import { speak } from "./lib/speech.mjs";

/** @type {Frontdesk} */
let desk;
before(async () => (desk = await Frontdesk.start()));
after(() => desk?.stop());

const noCalls = () => until("the call has ended in the runtime too", async () => (await desk.metric("live_calls")) === 0, 60_000);

test("a spoken call on the page, from the button to the yes, leaves exactly one appointment and shows it", async (t) => {
  const had = desk.appointments();
  // Each pause holds the agent's question and a little more, less than makes it ask again.
  const wav = speak(desk.folder, "book", [
    9, "I would like to book an appointment",
    7, "March twelfth nineteen eighty four",
    6, "Mary Johnson",
    9, "any doctor please",
    19, "the first one please",
    13, "yes please",
    60,
  ]);
  const patient = await Patient.open(desk, "nile-heart", { wav });
  try {
    await patient.picture("start-desk-en");
    await patient.button("Start the call").click();
    await patient.hears(/^Nile Heart Clinic, this is the automatic assistant/, { patience: 20_000 });
    await patient.page.getByRole("status").filter({ hasText: "Speaking" }).waitFor();
    await patient.hears(/shall I book/i, { patience: 120_000 });
    await patient.picture("spoken-desk-en");
    await patient.hears(/reference/i, { patience: 60_000 });
    assert.equal(desk.appointments() - had, 1, "rows more than before");
    const card = patient.page.getByRole("status", { name: "Appointment booked" });
    await card.waitFor();
    await patient.picture("booked-desk-en");
    const shown = await card.innerText();
    t.diagnostic(`the card says ${JSON.stringify(shown)}`);
    const said = (await patient.hears(/reference/i)).text;
    const reference = shown.match(/Reference\s+(\S+)/)?.[1];
    assert.ok(reference && letters(said).includes(letters(reference)), `${reference} in ${said}`);
    const mine = (await patient.lines()).filter((line) => line.mine).map((line) => line.text);
    assert.ok(mine.some((text) => /appointment/i.test(text)), `the patient's own words are shown: ${mine}`);
    await patient.button("Hang up").click();
    await patient.page.getByText("You hung up.").waitFor();
    await patient.picture("ended-desk-en");
    assert.deepEqual(patient.faults, []);
  } finally {
    await patient.close();
  }
  await noCalls();
  assert.equal(desk.appointments() - had, 1, "rows more than before the call, after it");
});

const letters = (text) => text.replaceAll(/[^a-z0-9]/gi, "").toLowerCase();

test("who reloads the page is back in the same call, with voice and typed words", async () => {
  const before = await desk.metric("calls_started");
  const patient = await Patient.open(desk, "nile-heart", { wav: speak(desk.folder, "silence", [120]) });
  try {
    await patient.button("Start the call").click();
    await patient.hears(/automatic assistant/);
    await patient.type("where are you");
    await patient.hears(/Garden Street/);
    const [first] = patient.answers;
    assert.equal(first.status, 201);

    await patient.page.reload();
    await patient.phase("talking");
    const second = patient.answers.at(-1);
    assert.equal(second.status, 200);
    assert.equal(second.room_name, first.room_name);
    assert.equal(second.participant_identity, first.participant_identity);
    await patient.page.getByText("You are back in your call").waitFor();
    await patient.type("what are your opening hours");
    await patient.hears(/9|nine|open/i);
    const sounds = () => patient.page.evaluate(() => [...document.querySelectorAll("audio")].filter((a) => !a.paused).length);
    await until("the agent's voice is played again", async () => (await sounds()) === 1);
    assert.equal((await desk.metric("calls_started")) - before, 1, "calls more than before");
    assert.equal(await desk.metric("live_calls"), 1);

    // Hung up and called at once: another call, not the one that is ending.
    await patient.button("Hang up").click();
    await patient.button("Call again").click();
    await patient.hears(/automatic assistant/);
    assert.notEqual(patient.room(), first.room_name);
    assert.equal(patient.answers.at(-1).status, 201);
    await patient.button("Hang up").click();
    await noCalls();
    // Nothing to come back to.
    await patient.page.reload();
    await patient.button("Start the call").waitFor();
    assert.deepEqual(patient.faults, []);
  } finally {
    await patient.close();
  }
});

test("the camera is shown to its owner and published to the room, and the call goes on", async () => {
  const patient = await Patient.open(desk, "nile-heart", { wav: speak(desk.folder, "quiet", [120]), ...Patient.onPhone });
  try {
    await patient.picture("start-phone-en");
    await patient.button("Start the call").click();
    await patient.phase("talking");
    await patient.button("Camera on").click();
    await patient.button("Camera off").waitFor();
    const preview = patient.page.getByLabel("Your camera");
    await until("the preview moves", () => preview.evaluate((video) => video.videoWidth > 0 && video.currentTime > 0));
    const cameras = async () => {
      const all = await desk.participants(patient.room());
      const mine = all.find((who) => who.identity === patient.answers.at(-1).participant_identity);
      return (mine?.tracks ?? []).filter((track) => track.source === "CAMERA" && !track.muted);
    };
    await until("a video track is in the room", async () => (await cameras()).length === 1);
    const [camera] = await cameras();
    assert.equal(camera.type, "VIDEO");
    assert.ok(camera.width >= 640, `${camera.width} wide`);
    await patient.hears(/help you/, { patience: 30_000 });
    await patient.picture("camera-phone-en");
    await patient.button("Camera off").click();
    await until("the camera is off in the room", async () => (await cameras()).length === 0);
    await patient.button("Mute").click();
    await patient.button("Unmute").waitFor();
    await patient.button("Hang up").click();
    await patient.phase("ended");
    assert.deepEqual(patient.faults, []);
  } finally {
    await patient.close();
  }
  await noCalls();
});
