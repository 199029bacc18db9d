#!/usr/bin/env python3
"""One table of what scripts/bench.sh and scripts/bench-peers.sh measured in one run.

usage: bench-table.py FOLDER

Each figure stands beside another one of the same run, with their ratio: seconds depend on the
machine and on what else it does, ratios less. The folder has what the parts of the run printed
(PART.out) and reported (load-CALLS.json); parts that were not run are left out. A part whose output
no longer has a figure is an error.
"""

import json
import pathlib
import re
import statistics
import sys


# Wait of the bench profile from the last voiced frame, ms: agent-runtime/src/profile.rs.
FIXED_WAIT = 500.0


class Figures:
    """What one run left, and the lines of the table so far."""

    def __init__(self, folder):
        reports = sorted(folder.glob("load-*.json"), key=lambda path: path.stat().st_mtime)
        self.reports = {
            path.stem.removeprefix("load-"): json.loads(path.read_text()) for path in reports
        }
        self.outputs = {path.stem: path.read_text() for path in folder.glob("*.out")}
        self.lines = []

    def add(self, what, value, beside, base, unit="", decimals=0):
        """A figure, what it is compared with, and their ratio."""
        ratio = f"{value / base:.2f}" if base else "-"
        value, base = (f"{number:,.{decimals}f}{unit}" for number in (value, base))
        self.lines.append((what, value, beside, base, ratio))


def numbers(pattern, text):
    """What the pattern's one group matches, wherever it does."""
    found = [float(found.replace(",", "")) for found in re.findall(pattern, text)]
    if not found:
        sys.exit(f"bench-table: nothing printed matches {pattern!r}")
    return found


def milliseconds(pattern, text):
    """A time as Rust prints durations."""
    found = re.search(pattern + r"\s+([\d.]+)(µs|ms|s)\b", text)
    if found is None:
        sys.exit(f"bench-table: no time printed matches {pattern!r}")
    return float(found[1]) * {"µs": 1e-3, "ms": 1.0, "s": 1e3}[found[2]]


def density(run):
    one = run.reports.get("1")
    for name, report in run.reports.items():
        if report is one:
            what, answer = "1 call, bench profile: answer, median", one["response_ms"]["p50"]
            run.add(what, answer, "fixed wait", FIXED_WAIT, " ms", 1)
            continue
        calls = report["calls"]
        if name == "greeted":
            what, one_call = f"{calls} greeted calls", None
        else:
            what, one_call = f"{calls} calls, bench profile", one
        if report["greeting_ms"]:
            delay = report["greeting_ms"]
            run.add(f"{what}: greeting, p95", delay["p95"], "median", delay["p50"], " ms")
        if one_call and report["response_ms"]:
            for key, of in (("response_ms", "answer"), ("interruption_ms", "interruption")):
                value, base = report[key]["p50"], one_call[key]["p50"]
                run.add(f"{what}: {of}, median", value, "one call", base, " ms", 1)
        memory, process = report["agent_mib_per_call"], report["agent_mib_before"]
        run.add(f"{what}: memory of a call", memory, "the process", process, " MiB", 2)
        agent, callers = report["agent_cores"] / calls, report["caller_cores"] / calls
        decoded, sent = report["packets_decoded"], report["packets_sent"]
        run.add(f"{what}: packets decoded", decoded, "sent", sent)
        what = f"{what}: agent, for a call"
        run.add(what, 100 * agent, "its caller", 100 * callers, " % of a core", 2)


def spoken(run, text):
    expected = re.search(r"\| as expected \|.* (\d+) of (\d+) \|", text)
    sound = [
        re.findall(rf"\| {kind} → sound, ms \|.* (\d+) / \d+ \(\d+\) \|", text)
        for kind in ("complete", "default wait")
    ]
    if expected is None or not all(sound):
        sys.exit("bench-table: the table of spoken calls is not as it was")
    run.add("spoken calls as expected", float(expected[1]), "all", float(expected[2]))
    complete, default = (float(found[0]) for found in sound)
    run.add("complete answer → first sound, median", complete, "after the default wait", default, " ms")


def codec(run, text):
    rows = [line.strip("| \n").split(" | ") for line in text.splitlines() if re.match(r"\| \d", line)]
    if not rows:
        sys.exit("bench-table: the table of the codec is not as it was")
    at = {(int(row[0]), int(row[1])): (float(row[2]), float(row[3])) for row in rows}
    low, high = min(at), max(at)
    run.add("Opus, least effort", at[low][0], "most effort", at[high][0], " % of a core", 2)
    run.add("the same: spectral distance", at[low][1], "most effort", at[high][1], " dB", 2)


def booking(run, text):
    base = numbers(r"pgbench, bookings/s +([\d,]+)", text)[0]
    rate = numbers(r"through slot actors, bookings/s +([\d,]+)", text)[0]
    refusals = numbers(r"one hot slot, refusals/s +([\d,]+)", text)[0]
    run.add("bookings a second, through the actors", rate, "pgbench", base)
    run.add("refusals a second, one hot slot", refusals, "bookings", rate)
    half, full = (milliseconds(f"p99 at {load} load", text) for load in ("half", "full"))
    run.add("booking at half load, p99", half, "full load", full, " ms", 1)
    late, median = (milliseconds(f"search {rank}, uncached", text) for rank in ("p95", "p50"))
    run.add("search, p95", late, "median", median, " ms", 2)


def text(run, text):
    single = numbers(r"(?m)^1 calls at once: .* median ([\d.]+) ms", text)
    many = numbers(r"(?m)^500 calls at once: .* median ([\d.]+) ms", text)[0]
    slow = numbers(r"(?m)^500 calls at once: .* p99 ([\d.]+) ms", text)[0]
    one = statistics.median(single)
    run.add("typed reply, 500 calls at once, median", many, "one call", one, " ms", 1)
    run.add("the same, p99", slow, "one call, median", one, " ms", 1)


def browser(run, text):
    page = numbers(r"greeting audio \d+ ms after connecting began, (\d+) ms after joining", text)[0]
    greeted = run.reports.get("greeted")
    if greeted:
        base = greeted["greeting_ms"]["p50"]
        run.add("Chromium: greeting", page, "greeted calls, median", base, " ms")


def peers(run, text):
    of = {}
    for line in text.splitlines():
        name, _, report = line.partition(" ")
        if report.strip().startswith("{"):
            report = json.loads(report)
            of[report["calls"], name] = report
    for (calls, name), report in of.items():
        null = of.get((calls, "null"))
        if null is None or name == "null":
            continue
        what = f"{name}, {calls} call{'s' if calls > 1 else ''}"
        for key, title in (("response_s", "answer"), ("barge_s", "interruption → silence")):
            if report[key] and report[key]["n"]:
                value, base = report[key]["p50"], null[key]["p50"]
                run.add(f"{what}: {title}, median", value, "null", base, " s", 2)
        turns = report["response_s"]["n"] if report["response_s"] else 0
        run.add(f"{what}: turns answered", turns, "all", turns + report["no_answer"])
        ours = of.get((calls, "frontdesk"))
        if ours is None or ours is report:
            continue
        for key, title, unit, decimals in (
            ("cpu_cores_per_call", "processor of a call", " core", 3),
            ("pss_mib_per_call", "memory of a call", " MiB", 1),
        ):
            run.add(f"{what}: {title}", report[key], "frontdesk", ours[key], unit, decimals)


PARTS = (spoken, codec, booking, text, browser, peers)


def main():
    run = Figures(pathlib.Path(sys.argv[1]))
    density(run)
    for figures in PARTS:
        if figures.__name__ in run.outputs:
            figures(run, run.outputs[figures.__name__])
    print("| figure | measured | beside | measured | ratio |")
    print("|---|---|---|---|---|")
    for line in run.lines:
        print("| " + " | ".join(line) + " |")


if __name__ == "__main__":
    main()
