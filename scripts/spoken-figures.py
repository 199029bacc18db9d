#!/usr/bin/env python3
"""Sums up reports of `frontdesk call --json` as the table of docs/performance.md."""

import json
import pathlib
import sys


def rank(times, share):
    """The time that `share` percent of all stay within, in milliseconds."""
    times = sorted(times)
    return f"{times[max(-(-len(times) * share // 100), 1) - 1]:.0f}" if times else "-"


def times(turns, of):
    """Median and 95th percentile of what `of` gives of each turn, and of how many."""
    known = [time for time in map(of, turns) if time is not None]
    return f"{rank(known, 50)} / {rank(known, 95)} ({len(known)})"


def answer(turn):
    parts = (turn["first_packet_ms"], turn["turn_decided_ms"], turn["recognized_ms"])
    return None if None in parts else parts[0] - parts[1] - parts[2]


def figures(calls):
    turns = [turn for call in calls for turn in call["turns"] if turn["patient"] is not None]
    spoken = [turn["speech"] for turn in turns if "speech" in turn]
    words = sum(turn["words"] for turn in spoken)
    errors = sum(
        turn["words"] if turn["word_errors"] is None else turn["word_errors"] for turn in spoken
    )
    heard = [call["intelligible"] for call in calls if call["intelligible"]]
    shares = [heard["recognized_words"] / max(heard["words"], 1) for heard in heard]

    def audio(reason):
        fits = [turn for turn in spoken if reason in (None, turn["reason"])]
        return times(fits, lambda turn: turn["first_audio_ms"])

    return [
        f"{sum(call['passed'] for call in calls)} of {len(calls)}",
        str(sum(call["wrong_write"] for call in calls)),
        f"{errors / max(words, 1):.1%}",
        f"{sum((turn['cuts'] or 0) > 0 for turn in spoken)} of {len(spoken)}",
        audio("complete"),
        audio("default"),
        audio(None),
        times(spoken, answer),
        times(spoken, lambda turn: turn["paused_ms"]),
        f"{min(shares, default=0):.0%}",
    ]


NAMES = [
    "as expected",
    "wrong writes",
    "word errors",
    "sentences cut",
    "complete → sound, ms",
    "default wait → sound, ms",
    "all → sound, ms",
    "decided → packet, less recognition, ms",
    "interruption → pause, ms",
    "least understood",
]


def main():
    by_voice = {}
    for path in sys.argv[1:]:
        suite = json.loads(pathlib.Path(path).read_text())
        for call in suite.get("calls", [suite]):
            by_voice.setdefault(call["voice"], []).append(call)
    columns = {voice: figures(calls) for voice, calls in sorted(by_voice.items())}
    columns["all"] = figures([call for calls in by_voice.values() for call in calls])
    print("times: median / p95 (count)\n")
    print("| | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for row, name in enumerate(NAMES):
        print(f"| {name} | " + " | ".join(column[row] for column in columns.values()) + " |")
    for calls in by_voice.values():
        for call in calls:
            for check in call["checks"]:
                if not check["ok"]:
                    print(f"{call['scenario']} ({call['voice']}): {check['name']}: {check['actual']}")


if __name__ == "__main__":
    main()
