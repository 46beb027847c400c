#!/usr/bin/env python3
"""What `run` makes of stories that end in every way, and whether rows.json says what the shared
table of the scenarios says (MANDATE_SHARED, or ../shared beside the source)."""
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("scenarios_run", str(HERE / "run"))
run = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
loader.exec_module(run)

PREVENT = '{"id":"BT2","cell":"prevent","outcome":"pass","note":""}'
PROVE = '{"id":"BT2","cell":"prove","outcome":"pass","note":""}'
FAILED = '{"id":"BT2","cell":"prove","outcome":"fail","note":"assertion: it is not so"}'

# What a story prints, its exit code, and the cells prevent and prove of it.
STORIES = [
    ("both cells pass", [PREVENT, PROVE], 0, ("pass", "pass")),
    ("one cell fails", [PREVENT, FAILED], 1, ("pass", "fail")),
    ("it fails after every cell passed", [PREVENT, PROVE], 1, ("fail", "fail")),
    ("it breaks off between the cells", [PREVENT], 1, ("fail", "none")),
    ("it stops between the cells", [PREVENT], 0, ("pass", "none")),
    ("it says nothing", [], 0, ("none", "none")),
    ("it breaks off at once", [], 1, ("fail", "none")),
    ("its lines are another story's", [PREVENT.replace("BT2", "BT5"), PROVE.replace("BT2", "BT5")],
     0, ("none", "none")),
    ("its lines are no outcome", [PREVENT.replace("pass", "maybe"), "pass", "{}", "[]"], 0,
     ("none", "none")),
    ("a cell passed and failed", [PREVENT, PROVE, FAILED], 1, ("pass", "fail")),
    ("a cell failed and passed", [PREVENT, FAILED, PROVE], 1, ("pass", "fail")),
]

# Whether the cells of a broken engine count as noticed, where `lineage` is the story's law.
PASS = {"outcome": "pass", "note": ""}
PERMITTED = {"outcome": "fail", "note": "assertion: a pair: the bad request was permitted"}
REFUTED = {"outcome": "fail", "note": "assertion: an older copy: it was verified"}
CRASHED = {"outcome": "fail", "note": "error: it was not ready in time"}
NOTICED = [
    (None, {"prevent": PASS, "prove": PASS}, True),
    (None, {"prevent": PASS, "prove": REFUTED}, False),
    (None, {"prevent": PASS}, False),
    ("lineage", {"prevent": PERMITTED, "prove": REFUTED}, True),
    ("lineage", {"prevent": PASS, "prove": PASS}, False),
    ("lineage", {"prevent": CRASHED, "prove": REFUTED}, False),
    ("lineage", {}, False),
    ("audit", {"prevent": PASS, "prove": REFUTED}, True),
    ("audit", {"prevent": PASS, "prove": PASS}, False),
    ("audit", {"prevent": PASS, "prove": CRASHED}, False),
    ("path_proof", {"prevent": PASS, "prove": REFUTED}, False),
    ("audit", {"prevent": REFUTED, "prove": REFUTED}, False),
]

wrong = []


def check(what, seen, expected):
    if seen != expected:
        wrong.append(f"{what}: {seen}; expected {expected}")


def check_stories():
    with tempfile.TemporaryDirectory() as folder:
        run.HERE, run.NODE = pathlib.Path(folder), "/bin/sh"
        for what, lines, code, expected in STORIES:
            (run.HERE / "BT2.mjs").write_text(
                "".join(f"echo '{line}'\n" for line in lines) + f"exit {code}\n")
            cells = run.tell("BT2", "/nonexistent")
            check(what, tuple(run.outcome(cells, name) for name in ("prevent", "prove")), expected)
    for law, cells, expected in NOTICED:
        check(f"{law} {cells}", run.noticed(cells, law, ["lineage"]), expected)


def shared_rows(text):
    """id -> (class, reasons that the column prevent names), of the shared table."""
    rows, kind = {}, ""
    for line in text.splitlines():
        if heading := re.match(r"\| \*\*(.+?)\*\*", line):
            kind = heading.group(1).lower().replace(" ", "_")
        elif row := re.match(r"\| ([A-Z]{2}\d) \|", line):
            prevent = line.split("|")[3]
            rows[row.group(1)] = (kind, set(re.findall(r"`([a-z_]+)(?:: [a-z]+)?`", prevent)))
    return rows


def check_rows(shared):
    rows = json.loads((HERE / "rows.json").read_text())
    table = shared_rows((shared / "SCENARIOS.md").read_text())
    check("ids", [row["id"] for row in rows], list(table))
    for row in rows:
        kind, reasons = table[row["id"]]
        # The last class has a longer name in the table than in the data.
        known = {"delegated_nhi_trust": "ungoverned_delegation"}.get(kind, kind)
        check(f"{row['id']}: class", row["class"], known)
        told = (HERE / f"{row['id']}.mjs").is_file()
        check(f"{row['id']}: reasons and laws", "refused" in row and "laws" in row, told)
        if told:
            check(f"{row['id']}: refused", set(row["refused"]), reasons)


def main():
    check_stories()
    shared = pathlib.Path(os.environ.get("MANDATE_SHARED", HERE.parent.parent.parent / "shared"))
    is_there = (shared / "SCENARIOS.md").is_file()
    if is_there:
        check_rows(shared)
    elif os.environ.get("CI") == "true":
        wrong.append(f"no {shared}/SCENARIOS.md; expected the shared data (MANDATE_SHARED)")
    for line in wrong:
        print(line)
    if not wrong and not is_there:
        print(f"rows.json was not compared: there is no {shared}/SCENARIOS.md")
        return 77
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
