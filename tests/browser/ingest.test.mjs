// What the caller's microphone hears is what the agent decodes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Caller } from "./lib/caller.mjs";
import { Frontdesk, until } from "./lib/frontdesk.mjs";
import { likeness, raw, wav } from "./lib/samples.mjs";
import { speak } from "./lib/speech.mjs";

const SENTENCE = "I would like to book an appointment with a doctor on Monday";
const folder = mkdtempSync(join(tmpdir(), "frontdesk-ingest-"));
/** @type {Frontdesk} */
let desk;
before(async () => {
  mkdirSync(join(folder, "tap"));
  desk = await Frontdesk.start({ TAP_INGEST: join(folder, "tap") });
});
after(async () => {
  await desk?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("the file of the fake microphone arrives in AudioIngest with a correlation above 0.95", async (t) => {
  const sentence = wav(speak(folder, "sentence", [SENTENCE]));
  const microphone = speak(folder, "microphone", [1.5, SENTENCE, 30]);
  const caller = await Caller.open({ wav: microphone });
  try {
    // The browser's own processing would change what is compared.
    await caller.join(desk.token(), { processing: false });
    const tapped = () => readdirSync(join(folder, "tap")).filter((name) => name.endsWith(".s16"));
    await until("the caller was heard", async () => Object.values((await caller.seen()).segments).some((s) => s.mine), 30_000);
    assert.equal(tapped().length, 1, "one call, one recording; only a program with the feature fault-injection makes it");
    const path = join(folder, "tap", tapped()[0]);
    const length = () => raw(path).length;
    const enough = length() + sentence.length;
    await until("the whole sentence was recorded", () => length() >= enough, 30_000);
    const value = likeness(sentence, raw(path));
    t.diagnostic(`correlation ${value.toFixed(4)}`);
    assert.ok(value > 0.95, `correlation ${value}`);
  } finally {
    await caller.close();
  }
});
