#!/usr/bin/env python3
"""The table of rules in docs/detection.md is the program's own: `mandate scan --rules`. With
--write the document is brought up to date."""

import json
import os
import subprocess
import sys

from stage import SOURCE

DOCUMENT = SOURCE / "docs/detection.md"
BEGIN, END = "<!-- rules: begin -->\n", "<!-- rules: end -->\n"
COLUMNS = "| rule | what it tells | severity | needs | controls | to do | cannot know |"


def rules():
    answer = subprocess.run([os.environ["MANDATE_BIN"], "scan", "--rules", "--output", "json"],
                            check=True, stdout=subprocess.PIPE)
    return json.loads(answer.stdout)


def row(rule):
    least, most = rule["severity"]["least"], rule["severity"]["most"]
    controls = [rule["owasp_nhi"], rule["nist_csf"], "800-207 " + rule["nist_sp_800_207"]]
    if rule["nist_sp_800_63"]:
        controls.append("800-" + rule["nist_sp_800_63"])
    todo = rule["remedy"] + (" **(delegation)**" if rule["delegation"] else "")
    cells = [f"`{rule['rule']}`", f"{rule['title']} ({rule['class']})",
             least if least == most else f"{least} to {most}",
             rule["needs"], ", ".join(controls), todo, rule["cannot_know"]]
    return "| " + " | ".join(cells) + " |"


def table(of):
    return "\n".join([COLUMNS, "|" + "---|" * 7, *(row(rule) for rule in of)]) + "\n"


def main():
    of = rules()
    text = DOCUMENT.read_text()
    if BEGIN not in text or END not in text:
        sys.exit(f"{DOCUMENT}: the marks of the table are missing")
    before, rest = text.split(BEGIN)
    held, after = rest.split(END)
    if "--write" in sys.argv:
        DOCUMENT.write_text(before + BEGIN + table(of) + END + after)
    elif held != table(of):
        sys.exit(f"{DOCUMENT.name} differs from `mandate scan --rules`; "
                 "tests/readme/rules.py --write brings it up to date")
    run = subprocess.run([os.environ["MANDATE_BIN"], "scan", "--rules"], check=True, text=True,
                         stdout=subprocess.PIPE)
    heads = [f"{rule['rule']}: {rule['title']}\n" for rule in of]
    if not heads or any(head not in run.stdout for head in heads):
        sys.exit("`mandate scan --rules` as text lacks rules that it has as JSON")


main()
