// Everybody at once: a patient on the page, one on the telephone and one who types, watched by a
// supervisor, who takes over the first and the last and hangs up the second.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Frontdesk, until } from "./lib/frontdesk.mjs";
import { Patient } from "./lib/patient.mjs";
import { speak } from "./lib/speech.mjs";
import { Supervisor } from "./lib/supervisor.mjs";
import { Telephone } from "./lib/telephone.mjs";

/** @type {Frontdesk} */
let desk;
before(async () => (desk = await Frontdesk.start({ FRONTDESK_CALLS_PER_MINUTE: "30", FRONTDESK_SIP_LISTEN: "127.0.0.1:0" })));
after(() => desk?.stop());

/** Address that telephones dial, and the demo clinic's number. */
function line() {
  const sip = desk.out.match(/sip:(\+\d+)@([\d.]+:\d+)/);
  assert.ok(sip, `the address to dial is printed: ${desk.out}`);
  return { number: sip[1], address: sip[2] };
}

test("a patient on the page, one on the telephone and one who types are watched, taken over and hung up", async () => {
  const { number, address } = line();
  const hello = "hello this is the supervisor how can I help";
  const [patient, typing, mona] = await Promise.all([
    Patient.open(desk, "nile-heart", { wav: speak(desk.folder, "quiet", [240]) }),
    Patient.open(desk),
    Supervisor.open(desk, "", { wav: speak(desk.folder, "supervisor", [2, hello, 3, hello, 3, hello, 120]) }),
  ]);
  let telephone;
  try {
    await mona.signIn();
    await patient.button("Start the call").click();
    telephone = await Telephone.dial(address, number);
    await typing.button("Type instead").click();
    await Promise.all([patient.hears(/automatic assistant/), typing.hears(/automatic assistant/)]);
    await until("the telephone is greeted", () => telephone.loudest() > 0.05, 30_000);
    const [spoken, phoned, typed] = [await mona.finds(/Browser/), await mona.finds(/Telephone/), await mona.finds(/Typing/)];
    assert.equal(new Set([spoken, phoned, typed]).size, 3);
    assert.equal(await desk.metric("live_calls"), 3);

    await mona.choose(phoned);
    await mona.reads("agent", /automatic assistant/);
    await mona.picture("everybody");

    await mona.choose(spoken);
    await mona.button("Take over by voice").click();
    await mona.page.locator(".badge.strong").getByText("You have this call").waitFor();
    await mona.reads("supervisor", /supervisor|help/i, 60_000);
    await mona.button("Hand back").click();
    await mona.button("Take over by voice").waitFor();

    await mona.choose(typed);
    await mona.button("Take over by typing").click();
    await mona.page.locator(".badge.strong").getByText("You have this call").waitFor();
    await mona.page.getByRole("textbox", { name: "Message to the caller" }).fill("This is Mona from the clinic.");
    await mona.page.keyboard.press("Enter");
    await typing.hears(/This is Mona from the clinic/);

    await mona.choose(phoned);
    await mona.button("Hang up").click();
    await mona.page.getByRole("group", { name: "End this call?" }).getByRole("button", { name: "Hang up" }).click();
    await until("the telephone is hung up", () => telephone.isOver(), 30_000);
    await until("the two others go on", async () => (await desk.metric("live_calls")) === 2);

    await patient.type("where are you");
    await patient.hears(/Garden Street/);
    await mona.choose(typed);
    await mona.button("Hand back").click();
    await typing.hears(/automatic assistant again/);
    await Promise.all([patient, typing].map((caller) => caller.button("Hang up").click()));
    await until("the calls have ended in the runtime too", async () => (await desk.metric("live_calls")) === 0, 60_000);
    assert.deepEqual([patient, typing, mona].flatMap(({ faults }) => faults), []);
  } finally {
    await Promise.all([patient, typing, mona, telephone].map((who) => who?.close()));
  }
});
