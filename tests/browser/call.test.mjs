// A front end like any other in a real browser, through a real livekit-server. What a whole call is
// like on our own page is in page.test.mjs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Caller } from "./lib/caller.mjs";
import { Frontdesk, until } from "./lib/frontdesk.mjs";
import { speak } from "./lib/speech.mjs";

/** @type {Frontdesk} */
let desk;
before(async () => (desk = await Frontdesk.start()));
after(() => desk?.stop());

const loudest = (rms, from, to) => Math.max(0, ...rms.filter(([t]) => t >= from && t <= to).map(([, v]) => v));

test("a caller hears the greeting while its words arrive, and silence when the agent listens", async (t) => {
  const caller = await Caller.open();
  try {
    await caller.join(desk.token(), { microphone: false });
    await caller.agentIs("listening", 30_000);
    // Long enough to hear that nothing is heard.
    const quiet = await caller.evaluate(() => performance.now());
    await until("a second of silence was measured", async () => (await caller.seen()).rms.at(-1)[0] > quiet + 1_500);
    const seen = await caller.seen();

    const connecting = Math.round(seen.firstAudio - seen.connecting);
    const connected = Math.round(seen.firstAudio - seen.connected);
    t.diagnostic(`first greeting audio ${connecting} ms after connecting began, ${connected} ms after joining`);
    if (process.env.FRONTDESK_TIMING) assert.ok(connected <= 500, `${connected} ms is more than 500 ms`);

    assert.equal(seen.track.source, "microphone", "front ends look for the agent's voice by this source");
    const states = seen.states.map(([, state]) => state);
    assert.deepEqual(states.slice(-2), ["speaking", "listening"], states.join());

    const greeting = Object.values(seen.segments).map((s) => s.text).join(" ");
    assert.match(greeting, /^Nile Heart Clinic, this is the automatic assistant/);
    const words = seen.chunks.filter(([, mine, text]) => !mine && /\w/.test(text));
    const heard = words.filter(([at]) => loudest(seen.rms, at - 500, at + 500) > 0.01);
    assert.ok(words.length >= 3 && heard.length === words.length, `${heard.length} of ${words.length} parts with sound`);
    const last = seen.states.at(-1)[0];
    assert.ok(loudest(seen.rms, last + 700, Infinity) < 0.003, "sound while the agent listens");
    assert.deepEqual(caller.faults, []);
  } finally {
    await caller.close();
  }
});

test("the agent stays when the caller turns the camera on", async () => {
  // Without a file, Chromium's fake microphone beeps.
  const caller = await Caller.open({ wav: speak(desk.folder, "silence", [60]) });
  try {
    await caller.join(desk.token());
    await caller.agentIs("speaking");
    await caller.evaluate(() => room.localParticipant.setCameraEnabled(true));
    await until("the camera is published", () => caller.evaluate(() => room.localParticipant.isCameraEnabled));
    // The whole greeting follows: an agent that was thrown out would not finish it.
    await caller.agentIs("listening", 30_000);
    const { events } = await caller.seen();
    assert.deepEqual(events.filter(([, what]) => what !== "joined"), [], "nobody left");
    assert.ok(await caller.evaluate(() => [...room.remoteParticipants.values()].some((who) => who.isAgent)));
  } finally {
    await caller.close();
  }
});
