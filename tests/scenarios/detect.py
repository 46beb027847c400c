#!/usr/bin/env python3
"""The column *detect*: `mandate scan` on each log of detect_rows.py and on its twin.

    tests/scenarios/detect.py [ID...]   prints a line for each; fails unless all pass

A cell passes where the log with the bad behaviour gives one finding of the row's rule and class,
with the evidence lines that the row says and a remedy, and no finding of a rule that the row does
not name; and where the twin, which differs in one thing, gives none at all and reads whole.
MANDATE_BIN names the program; default: the one of build/ci.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
from detect_rows import ROWS, cited  # pylint: disable=wrong-import-position

TIMEOUT_S = 20
DONE, FOUND = 0, 1


def program():
    return pathlib.Path(os.environ.get("MANDATE_BIN", HERE.parent.parent / "build/ci/mandate"))


def lines_of(records):
    """The log's text, and the numbers of the lines that are cited."""
    lines, evidence = [], set()
    for number, record in enumerate(records, 1):
        if isinstance(record, cited):
            evidence.add(number)
            record = record.record
        lines.append(json.dumps(record, ensure_ascii=False))
    return "\n".join(lines) + "\n", evidence


def scan(binary, text, *options):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "log.ndjson"
        path.write_text(text)
        return subprocess.run([binary, "scan", *options, path], timeout=TIMEOUT_S, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def what_is_wrong(row, kind, binary):
    """Empty where the cell passes."""
    text, evidence = lines_of(row.before + row.bad)
    done = scan(binary, text, "--output", "ndjson")
    if done.returncode != FOUND:
        return f"the bad log: exit {done.returncode}, expected {FOUND}: {done.stderr.strip()}"
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    rules = [finding["rule"] for finding in findings]
    if rules.count(row.rule) != 1 or set(rules) - {row.rule, *row.also}:
        return f"the bad log: findings of {rules}, expected one of {row.rule}"
    found = next(finding for finding in findings if finding["rule"] == row.rule)
    seen = {place["line"] for place in found["evidence"]}
    if found["class"] != kind:
        return f"the bad log: class {found['class']}, expected {kind}"
    if seen != evidence:
        return f"the bad log: evidence {sorted(seen)}, expected {sorted(evidence)}"
    if not re.search(r"^ +to do: \S", scan(binary, text).stdout, re.M):
        return "the bad log: no remedy"
    twin, _ = lines_of(row.before + row.twin)
    done = scan(binary, twin, "--output", "ndjson")
    if done.returncode != DONE or done.stdout:
        return f"the twin: exit {done.returncode}: {done.stdout}{done.stderr}".strip()
    return ""


def tell(row, kind, binary):
    """The cell as the other columns have it, and `note` where it fails."""
    try:
        wrong = what_is_wrong(row, kind, binary)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        wrong = f"error: {error}"
    return {"outcome": "fail" if wrong else "pass", "note": wrong}


def classes():
    return {row["id"]: row["class"] for row in json.loads((HERE / "rows.json").read_text())}


def tell_all(binary, ids=()):
    """id -> its cell; a row of several logs fails where one does."""
    kinds = classes()
    cells = {}
    for row in ROWS:
        if ids and row.id not in ids:
            continue
        cell = tell(row, kinds[row.id], binary)
        if cells.get(row.id, {}).get("outcome") != "fail":
            cells[row.id] = cell
    return cells


def main(ids):
    unknown = set(ids) - {row.id for row in ROWS}
    if unknown:
        print(f"detect: no row {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    cells = tell_all(program(), ids)
    for row_id, cell in cells.items():
        print(f"{row_id} detect: {cell['outcome']} {cell['note']}".rstrip())
    return 0 if all(cell["outcome"] == "pass" for cell in cells.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
