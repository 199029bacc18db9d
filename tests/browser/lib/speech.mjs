// The fake microphone's file: sentences of flite with silence between them.
import { execFileSync } from "node:child_process";
import { join } from "node:path";

/**
 * Writes a 48 kHz mono WAV of `parts`: a number is that many seconds of silence, a string is
 * spoken. Returns its path.
 */
export function speak(folder, name, parts) {
  const files = parts.map((part, i) => {
    const file = join(folder, `${name}-${i}.wav`);
    if (typeof part === "number") {
      execFileSync("sox", ["-q", "-n", "-r", "48000", "-c", "1", "-b", "16", file, "trim", "0", String(part)]);
    } else {
      const raw = join(folder, `${name}-${i}-raw.wav`);
      execFileSync("flite", ["-voice", "slt", "-t", part, "-o", raw]);
      execFileSync("sox", ["-q", raw, "-r", "48000", "-c", "1", "-b", "16", file, "gain", "-n", "-3"]);
    }
    return file;
  });
  const out = join(folder, `${name}.wav`);
  execFileSync("sox", ["-q", ...files, out]);
  return out;
}
