// Builds the pages anew and compares: what is committed in dist/ must be what src/ makes.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { build } from "vite";

const root = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const built = mkdtempSync(join(tmpdir(), "frontdesk-web-"));
try {
  for (const mode of ["production", "console"]) {
    await build({ root, mode, logLevel: "warn", build: { outDir: built, emptyOutDir: mode !== "console" } });
  }
  const committed = join(root, "dist");
  const list = (folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
      .sort();
  const [ours, theirs] = [list(built), list(committed)];
  const differing = new Set([...ours, ...theirs].filter((name) => !ours.includes(name) || !theirs.includes(name)));
  for (const name of ours.filter((name) => theirs.includes(name))) {
    const [one, other] = [built, committed].map((folder) => readFileSync(join(folder, name)));
    // Another version of the compressor may pack otherwise: what comes out counts.
    const packed = name.endsWith(".br");
    const same = packed ? brotliDecompressSync(other).equals(readFileSync(join(built, name.slice(0, -3)))) : one.equals(other);
    if (!same) differing.add(name);
  }
  if (differing.size > 0) {
    console.error(`web/dist is not what web/src makes: ${[...differing].join(", ")}`);
    console.error("run `npm --prefix web run build` and commit web/dist");
    process.exitCode = 1;
  } else {
    console.log(`web/dist is what web/src makes: ${ours.length} files`);
  }
} finally {
  rmSync(built, { recursive: true, force: true });
}
