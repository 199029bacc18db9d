// Samples of 16 kHz mono sound, and how alike two of them are.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const STEP = 160; // 10 ms

/** A headerless file of 16-bit little-endian samples. */
export function raw(path) {
  const bytes = readFileSync(path);
  return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
}

/** A WAV of any rate, as 16 kHz samples. */
export function wav(path) {
  const bytes = execFileSync("sox", ["-q", path, "-r", "16000", "-c", "1", "-b", "16", "-e", "signed", "-t", "raw", "-"], { maxBuffer: 1 << 28 });
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~1)));
}

function correlation(a, b, offset) {
  let ab = 0, aa = 0, bb = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i], y = b[i + offset] ?? 0;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa && bb ? ab / Math.sqrt(aa * bb) : 0;
}

function envelope(samples) {
  const out = new Float64Array(Math.floor(samples.length / STEP));
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let j = i * STEP; j < (i + 1) * STEP; j++) sum += samples[j] * samples[j];
    out[i] = Math.sqrt(sum / STEP);
  }
  return out;
}

function best(a, b, from, to) {
  let found = { value: -1, offset: 0 };
  for (let offset = from; offset <= to; offset++) {
    const value = correlation(a, b, offset);
    if (value > found.value) found = { value, offset };
  }
  return found;
}

/** The correlation of `part` with the place in `whole` where it fits best: first by loudness, then by sample. */
export function likeness(part, whole) {
  const [a, b] = [envelope(part), envelope(whole)];
  const coarse = best(a, b, 0, Math.max(0, b.length - a.length)).offset * STEP;
  return best(part, whole, Math.max(0, coarse - 2 * STEP), coarse + 2 * STEP).value;
}
