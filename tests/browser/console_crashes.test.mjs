// Calls that are watched and taken over, in which stages die: nothing of it is lost.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Frontdesk, until } from "./lib/frontdesk.mjs";
import { Patient } from "./lib/patient.mjs";
import { Supervisor } from "./lib/supervisor.mjs";

/** Stages, or places in them, and how many inputs each call lets pass before it loses one there. */
const KILLED = { dialogue: 2, "dialogue.handled": 4, line_link: 6, "tool_stage.answered": 1, call_recorder: 2, speaker: 3 };

/** @type {Frontdesk} */
let desk;
before(async () => (desk = await Frontdesk.start({ KILL_STAGES: Object.entries(KILLED).map((stage) => stage.join(":")).join() })));
after(() => desk?.stop());

test("a call is seen once and whole, and stays taken over, when stages of it die", async (t) => {
  const [typing, mona] = await Promise.all([Patient.open(desk), Supervisor.open(desk)]);
  try {
    await mona.signIn();
    await typing.button("Type instead").click();
    await typing.hears(/automatic assistant/);
    await mona.choose(await mona.finds(/Typing/));
    await typing.type("where are you");
    await mona.reads("agent", /Garden Street/);
    await mona.button("Take over by typing").click();
    for (const words of ["This is Mona.", "How are you?", "Please wait."]) {
      await mona.page.getByRole("textbox", { name: "Message to the caller" }).fill(words);
      await mona.page.keyboard.press("Enter");
      await typing.hears(new RegExp(words.replaceAll(/[.?]/g, "\\$&")));
      await typing.type(`I hear ${words}`);
      await mona.reads("caller", new RegExp(`I hear ${words.replaceAll(/[.?]/g, "\\$&")}`));
    }
    const lines = (await mona.lines()).map(({ by, text }) => `${by}: ${text}`);
    assert.equal(new Set(lines).size, lines.length, `each line once: ${lines}`);
    assert.ok(!(await mona.lines()).slice(-6).some(({ by }) => by === "agent"), "the assistant is silent");
    await mona.button("Hand back").click();
    await typing.hears(/You are speaking with the automatic assistant again/);
    const before = (await typing.lines()).length;
    await typing.type("where are you");
    await typing.hears(/Garden Street/, { from: before });
    const restarts = await desk.metric("stage_restarts");
    t.diagnostic(`${restarts} stages were started again`);
    assert.ok(restarts >= 4, `${restarts} stages were started again`);
    await typing.button("Hang up").click();
    assert.deepEqual([typing, mona].flatMap(({ faults }) => faults), []);
  } finally {
    await Promise.all([typing, mona].map((who) => who.close()));
  }
  await until("the call has ended in the runtime too", async () => (await desk.metric("live_calls")) === 0);
});
