// Calls on the patient's page in which stages of the call die: they go on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Frontdesk, until } from "./lib/frontdesk.mjs";
import { Patient } from "./lib/patient.mjs";
import { speak } from "./lib/speech.mjs";

/** Stages, or places in them, and how many inputs each call lets pass before it loses one there. */
const KILLED = {
  "audio_ingest": 100, "transcriber": 1, "speaker": 2, "dialogue": 2, "dialogue.handled": 2, "line_link": 2,
  "tool_stage.answered": 2, "call_recorder": 2,
};

/** @type {Frontdesk} */
let desk;
before(async () => (desk = await Frontdesk.start({ KILL_STAGES: Object.entries(KILLED).map((stage) => stage.join(":")).join() })));
after(() => desk?.stop());

test("a typed call on the page goes on when stages of it die, and its appointment is shown", async (t) => {
  const had = desk.appointments();
  const patient = await Patient.open(desk, "nile-heart", Patient.onPhone);
  try {
    await patient.button("Type instead").click();
    await patient.converse(/reference/i, [
      [/shall I book|is that correct|right\?/i, "yes please"],
      [/which one/i, "the first one"],
      [/date of birth/i, "March 12 1984"],
      [/full name|your name/i, "Mary Johnson"],
      [/doctor|specialty/i, "any doctor"],
      [/help you/i, "I would like to book an appointment"],
    ]);
    await patient.page.getByRole("status", { name: "Appointment booked" }).waitFor();
    await patient.picture("booked-phone-en");
    assert.equal(desk.appointments() - had, 1, "rows more than before");
    const restarts = await desk.metric("stage_restarts");
    t.diagnostic(`${restarts} stages were started again`);
    assert.ok(restarts >= 5, `${restarts} stages were started again`);

    // It is shown again to who reloads: it is kept with the call.
    await patient.page.reload();
    await patient.page.getByRole("status", { name: "Appointment booked" }).waitFor();
    await patient.type("no thank you, goodbye");
    await patient.page.getByText("The assistant hung up.").waitFor({ timeout: 30_000 });
    await patient.picture("ended-phone-en");
    assert.deepEqual(patient.faults, []);
  } finally {
    await patient.close();
  }
  await until("the call has ended in the runtime too", async () => (await desk.metric("live_calls")) === 0);
});

test("a spoken call on the page goes on when the stages that hear and speak die", async (t) => {
  const before = await desk.metric("stage_restarts");
  const wav = speak(desk.folder, "where", [12, "where are you", 60]);
  const patient = await Patient.open(desk, "nile-heart", { wav });
  try {
    await patient.button("Start the call").click();
    await patient.hears(/help you/);
    await patient.hears(/Garden Street/, { patience: 60_000 });
    const restarts = (await desk.metric("stage_restarts")) - before;
    t.diagnostic(`${restarts} stages were started again`);
    assert.ok(restarts >= 4, `${restarts} stages were started again`);
    await patient.button("Hang up").click();
    await patient.phase("ended");
    assert.deepEqual(patient.faults, []);
  } finally {
    await patient.close();
  }
});
