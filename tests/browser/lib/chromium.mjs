// Debian's Chromium without a window, a network or a microphone.
import { accessSync, constants } from "node:fs";
import { chromium } from "playwright-core";

const CANDIDATES = [process.env.CHROMIUM_BIN, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

function executable() {
  for (const path of CANDIDATES.filter(Boolean)) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // the next one
    }
  }
  throw new Error("no Chromium found: install the package `chromium` or set CHROMIUM_BIN");
}

/**
 * A browser whose microphone plays `wav` once, from the moment it is opened; its camera shows a
 * moving pattern. Without `devices` it has neither, without `allowed` it may use neither.
 */
export function launch({ wav, devices = true, allowed = true, args: more = [] } = {}) {
  const args = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required", ...more,
  ];
  if (devices) args.push("--use-fake-device-for-media-stream");
  args.push(allowed ? "--use-fake-ui-for-media-stream" : "--deny-permission-prompts");
  if (wav) args.push(`--use-file-for-fake-audio-capture=${wav}%noloop`);
  return chromium.launch({ executablePath: executable(), headless: true, args });
}
