#!/usr/bin/env python3
"""Prints what the patients of scenario files say, by the question that they answer.

    scripts/scenario-sentences.py scenarios/*.yaml >sentences.txt
    HEARING_FILE=$PWD/sentences.txt cargo test -p frontdesk-pipelines --test it -- \\
        --ignored --nocapture hearing_of_a_file

Names of doctors become those of the clinic of that test; names of patients and sentences with
digits are left out. Needs PyYAML.
"""

import re
import sys

import yaml

# The first that the words of a rule's `when` hold.
STATES = [
    ("full name", None),
    ("help you", "request"),
    ("anything else", "request"),
    ("birth", "date_of_birth"),
    ("phone", "phone_number"),
    ("which doctor", "doctor"),
    ("day", "day"),
    ("which", "choice"),
    ("correct", "yes_no"),
    ("shall", "yes_no"),
]
DOCTORS = {
    "hassan": "mansour", "samira": "leila", "carter": "keller", "emily": "thomas",
    "brooks": "chen", "daniel": "grace", "farouk": "petrova", "laila": "anna",
    "collins": "okafor", "david": "daniel",
}


def sentence(text):
    """The words as a recognizer writes them; nothing where digits would have to be spoken."""
    if re.search(r"\d", text):
        return None
    words = re.sub(r"[^a-z' ]", " ", text.lower().replace("dr.", "doctor")).split()
    return " ".join(DOCTORS.get(word, word) for word in (w.strip("'") for w in words) if word)


def main():
    states = {}
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            scenario = yaml.safe_load(file)
        for rule in scenario.get("rules", []):
            asked = (state for words, state in STATES if words in rule["when"].lower())
            state = next(asked, None)
            said = sentence(rule.get("say") or "")
            if state and said:
                states.setdefault(state, {})[said] = True
    for state, said in states.items():
        print(f"[{state}]", *said, sep="\n")


if __name__ == "__main__":
    main()
