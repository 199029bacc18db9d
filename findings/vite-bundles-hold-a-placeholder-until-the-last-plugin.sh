#!/usr/bin/env bash
# A Rollup plugin that writes a compressed copy of each file in `generateBundle` copies, under Vite 8,
# code that is not the code that is written: an entry with a dynamic import still holds the
# placeholder `__VITE_PRELOAD__`, which Vite replaces in a later hook of the same phase. The plain file
# works; who asks for the compressed one gets a page that throws. `order: "post"` sees the real code.
#
# Seen with vite 8.3.8, Node 20:
#   in generateBundle: placeholder true; with order post: false; written: false
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >package.json <<'JSON'
{ "name": "placeholder", "private": true, "type": "module", "devDependencies": { "vite": "8.3.8" } }
JSON
npm install --silent --no-audit --no-fund
cat >index.html <<'HTML'
<!doctype html><script type="module" src="/main.js"></script>
HTML
echo 'import("./later.js").then((later) => later.default());' >main.js
# A style of its own, so that the dynamic import has something to load before.
echo '.later { color: red }' >later.css
echo 'import "./later.css"; export default () => console.log("later");' >later.js
cat >build.mjs <<'JS'
import { readdirSync, readFileSync } from "node:fs";
import { build } from "vite";

const holds = (code) => code.includes("__VITE_PRELOAD__");
const seen = {};
const look = (name, order) => {
  const handler = (_, bundle) => {
    seen[name] = Object.values(bundle).some((file) => file.type === "chunk" && holds(file.code));
  };
  return { name, generateBundle: order ? { order, handler } : handler };
};
await build({ logLevel: "silent", plugins: [look("plain"), look("post", "post")] });
const written = readdirSync("dist/assets").filter((file) => file.endsWith(".js"));
const left = written.some((file) => holds(readFileSync(`dist/assets/${file}`, "utf8")));
console.log(`in generateBundle: placeholder ${seen.plain}; with order post: ${seen.post}; written: ${left}`);
JS
said=$(node build.mjs)
printf '%s\n' "$said"
if [ "$said" != "in generateBundle: placeholder true; with order post: false; written: false" ]; then
    echo "this has changed: the order in web/vite.config.js may not be needed any more"
    exit 1
fi
