#!/usr/bin/env python3
"""Every row of ATTACKS.md has a test, or stands in the list of those not yet covered, with why.

    coverage.py SOURCE              the rows not yet covered; fails where rows.json disagrees
    coverage.py SOURCE --planted    the check itself: each kind of disagreement is found

rows.json: `covered` maps a row to tests, each "FILE: TEXT", where TEXT stands in FILE and is the
test's name or mark; `not_covered` maps a row to the reason. Marks of a row: a test whose name
begins with it ("A5 jku ..."), or "ATTACKS A5" in a comment."""
import json
import os
import pathlib
import re
import sys

SKIPPED = 77
ROW = re.compile(r"^([A-J]\d{1,2}) \S", re.M)
NAMED = re.compile(r"[\"'`]([A-J]\d{1,2}) ")
MARKED = re.compile(r"ATTACKS ([A-J]\d{1,2}(?:(?:, | and | to )[A-J]\d{1,2})*)")
SOURCES = {".cc", ".h", ".mjs", ".py"}


def rows_of(text):
    return ROW.findall(text)


def rows_marked(text, known):
    found = set(NAMED.findall(text))
    for marked in MARKED.findall(text):
        names = re.findall(r"[A-J]\d{1,2}", marked)
        found.update(names)
        if " to " in marked:  # "A1 to A20"
            found.update(known[known.index(names[0]):known.index(names[-1])])
    return found & set(known)


def read_tests(source):
    return {str(path.relative_to(source)): path.read_text(errors="replace")
            for path in sorted((source / "tests").rglob("*"))
            if path.suffix in SOURCES and "node_modules" not in path.parts
            and path.name != "coverage.py"}


def disagreements(known, table, files):
    covered, not_covered = table["covered"], table["not_covered"]
    wrong = [f"{row}: twice in ATTACKS.md" for row in known if known.count(row) > 1]
    for row in sorted(set(known) - set(covered) - set(not_covered)):
        wrong.append(f"{row}: in neither list")
    for row in sorted(set(covered) & set(not_covered)):
        wrong.append(f"{row}: in both lists")
    for row in sorted((set(covered) | set(not_covered)) - set(known)):
        wrong.append(f"{row}: no row of ATTACKS.md")
    for row, tests in covered.items():
        if not tests:
            wrong.append(f"{row}: covered by no test")
        for test in tests:
            file, _, text = test.partition(": ")
            if not text or text not in files.get(file, ""):
                wrong.append(f"{row}: there is no {test!r}")
    for row, reason in not_covered.items():
        if not reason:
            wrong.append(f"{row}: not covered, and no reason")
        for file, text in files.items():
            if row in rows_marked(text, known):
                wrong.append(f"{row}: listed as not covered, and {file} names it")
    return wrong


def planted():
    known = ["A1", "A2", "A3"]
    files = {"tests/x.cc": "TEST(X, y) {  // ATTACKS A1", "tests/y.mjs": "test('A2 no kid', f)"}
    good = {"covered": {"A1": ["tests/x.cc: TEST(X, y)"], "A2": ["tests/y.mjs: A2 no kid"]},
            "not_covered": {"A3": "not built"}}
    bad = [
        ("in neither list", {**good, "not_covered": {}}, files),
        ("in both lists", {**good, "not_covered": {"A3": "x", "A1": "x"}}, files),
        ("no row of", {**good, "not_covered": {"A3": "x", "A9": "x"}}, files),
        ("covered by no test", {**good, "covered": {**good["covered"], "A1": []}}, files),
        ("there is no", good, {**files, "tests/x.cc": "TEST(X, z)"}),
        ("there is no", good, {"tests/y.mjs": files["tests/y.mjs"]}),
        ("no reason", {**good, "not_covered": {"A3": ""}}, files),
        ("names it", good, {**files, "tests/z.cc": "// ATTACKS A2 and A3"}),
        ("names it", good, {**files, "tests/z.mjs": "row(`A3 ${what}`)"}),
        ("names it", {"covered": good["covered"], "not_covered": {"A3": "x"}},
         {**files, "tests/z.cc": "// ATTACKS A1 to A3"}),
    ]
    wrong = disagreements(known, good, files)
    for expected, table, tree in bad:
        found = disagreements(known, table, tree)
        if not any(expected in each for each in found):
            wrong.append(f"planted, and not found: {expected}: {found}")
    return wrong


def main():
    source = pathlib.Path(sys.argv[1]).resolve()
    if "--planted" in sys.argv[2:]:
        wrong = planted()
    else:
        shared = pathlib.Path(os.environ.get("MANDATE_SHARED") or source / "../shared")
        attacks = shared / "ATTACKS.md"
        if not attacks.exists():
            print(f"attacks: no {attacks}; set MANDATE_SHARED", file=sys.stderr)
            return 1 if os.environ.get("CI") == "true" else SKIPPED
        known = rows_of(attacks.read_text())
        table = json.loads((pathlib.Path(__file__).parent / "rows.json").read_text())
        wrong = disagreements(known, table, read_tests(source))
        print(f"{len(table['covered'])} of {len(known)} rows have a test; not yet covered:")
        for row in (each for each in known if each in table["not_covered"]):
            print(f"  {row:4} {table['not_covered'][row]}")
    for each in wrong:
        print(f"attacks: {each}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
