// What the pages weigh, compressed as browsers get them.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const dist = new URL("../../web/dist/", import.meta.url).pathname;
const weigh = (name) => gzipSync(readFileSync(join(dist, name)), { level: 9 }).length;
const sum = (names) => names.reduce((all, name) => all + weigh(name), 0);

test("the patient's page weighs at most 80 kB before the call and 250 kB in it, gzip", (t) => {
  const html = readFileSync(join(dist, "call.html"), "utf8");
  const named = [...html.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((match) => match[1]);
  const assets = readdirSync(join(dist, "assets")).filter((name) => name.endsWith(".js")).map((name) => `assets/${name}`);
  const words = assets.filter((name) => /\/(en|ar)-/.test(name)).sort((a, b) => weigh(b) - weigh(a));
  const room = assets.filter((name) => /\/livekit-client/.test(name));
  assert.equal(words.length, 2);
  assert.ok(room.length > 0 && !named.some((name) => room.includes(name)), "the room is loaded with the call");
  const first = sum(["call.html", ...named, words[0]]);
  const all = sum(["call.html", ...named, words[0], ...room]);
  t.diagnostic(`${first} bytes before the call, ${all} with the room`);
  assert.ok(first <= 80_000, `${first} bytes before the call`);
  assert.ok(all <= 250_000, `${all} bytes with the room`);
});

test("the console weighs at most 100 kB without sound, gzip", (t) => {
  const html = readFileSync(join(dist, "console.html"), "utf8");
  const named = [...html.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((match) => match[1]);
  const assets = readdirSync(join(dist, "assets")).filter((name) => name.endsWith(".js")).map((name) => `assets/${name}`);
  const words = assets.filter((name) => /\/console-(en|ar)-/.test(name)).sort((a, b) => weigh(b) - weigh(a));
  assert.equal(words.length, 2);
  assert.ok(!named.some((name) => name.includes("livekit-client")), "the room is loaded when it is listened to");
  const first = sum(["console.html", ...named, words[0]]);
  t.diagnostic(`${first} bytes`);
  assert.ok(first <= 100_000, `${first} bytes`);
});
