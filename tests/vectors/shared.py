#!/usr/bin/env python3
"""Every file of ../shared/vectors is read by a test; every case in it is run, or left out with why.

    shared.py SOURCE              how many cases ran where; fails where shared.json disagrees
    shared.py SOURCE --planted    the check itself: each kind of disagreement is found

shared.json, a row for one file or for those that a pattern names: `cases` that are in them (counted
here), `ran` by which test (each test holds its own number against this table: MANDATE_RAN, or
`expectRan`), `left_out` with why, `why` there are none."""
import fnmatch
import json
import os
import pathlib
import sys

SKIPPED = 77


def cases_in(path, text):
    """How many cases a file holds, from its own shape."""
    if path.endswith(("LICENSE", "README.md")) or "schema" in path:
        return 0
    if not path.startswith(("rfc/", "wycheproof/", "ed25519-edge/", "authzen-todo/")):
        return 1
    value = json.loads(text)
    if "testGroups" in value:
        return sum(len(group["tests"]) for group in value["testGroups"])
    if "evaluation" in value:
        return len(value["evaluation"]) + len(value["evaluations"])
    if "bad_vkeys" in value:  # a key, those that are none, a secret key, a text with its signature
        return 3 + len(value["bad_vkeys"])
    return len(value)


def disagreements(rows, files, tests):
    """`files`: path -> text of the vectors; `tests`: path -> text of our tests."""
    wrong = []
    found = {row["files"]: 0 for row in rows}
    for path in files:
        row = next((row for row in rows if fnmatch.fnmatchcase(path, row["files"])), None)
        if row is None:
            wrong.append(f"{path}: no test reads it")
        else:
            found[row["files"]] += cases_in(path, files[path])
    for row in rows:
        name, ran, left = row["files"], row["ran"], row.get("left_out", {})
        if not any(fnmatch.fnmatchcase(path, name) for path in files):
            wrong.append(f"{name}: there is no such file")
        if found[name] != row["cases"]:
            wrong.append(f"{name}: {found[name]} cases; expected {row['cases']}")
        if sum(ran.values()) + sum(left.values()) < row["cases"] or max(
                ran.values(), default=0) + sum(left.values()) > row["cases"]:
            wrong.append(f"{name}: what ran and what is left out are not its {row['cases']} cases")
        if row["cases"] == 0 and not row.get("why"):
            wrong.append(f"{name}: without cases, and no reason")
        if not all(left):
            wrong.append(f"{name}: cases left out without a reason")
        for test in ran:
            if f'"{name}"' not in tests.get(test, "") and f"'{name}'" not in tests.get(test, ""):
                wrong.append(f"{name}: {test} does not say how many it ran")
    return wrong


def planted():
    files = {"rfc/a.json": "[1, 2, 3]", "LICENSE": ""}
    tests = {"tests/x.cc": 'MANDATE_RAN("rfc/a.json", 2)'}
    none = {"files": "LICENSE", "cases": 0, "ran": {}, "why": "a licence"}
    good = {"files": "rfc/a.json", "cases": 3, "ran": {"tests/x.cc": 2}, "left_out": {"big": 1}}
    bad = [
        ("no test reads it", [none], files, tests),
        ("there is no such file", [good, none], {"LICENSE": ""}, tests),
        ("4 cases", [good, none], {**files, "rfc/a.json": "[1, 2, 3, 4]"}, tests),
        ("are not its 3 cases", [{**good, "left_out": {}}, none], files, tests),
        ("are not its 3 cases", [{**good, "left_out": {"big": 2}}, none], files, tests),
        ("left out without a reason", [{**good, "left_out": {"": 1}}, none], files, tests),
        ("and no reason", [good, {**none, "why": ""}], files, tests),
        ("does not say how many", [good, none], files, {"tests/x.cc": ""}),
    ]
    wrong = disagreements([good, none], files, tests)
    for expected, *what in bad:
        if not any(expected in each for each in disagreements(*what)):
            wrong.append(f"planted, and not found: {expected}")
    return wrong


def main():
    source = pathlib.Path(sys.argv[1]).resolve()
    if "--planted" in sys.argv[2:]:
        wrong = planted()
    else:
        vectors = pathlib.Path(os.environ.get("MANDATE_SHARED") or source / "../shared") / "vectors"
        if not vectors.exists():
            print(f"vectors: no {vectors}; set MANDATE_SHARED", file=sys.stderr)
            return 1 if os.environ.get("CI") == "true" else SKIPPED
        rows = json.loads((pathlib.Path(__file__).parent / "shared.json").read_text())
        files = {str(path.relative_to(vectors)): path.read_text(errors="replace")
                 for path in sorted(vectors.rglob("*")) if path.is_file()}
        tests = {test: (source / test).read_text() for row in rows for test in row["ran"]}
        wrong = disagreements(rows, files, tests)
        left = [(count, why) for row in rows for why, count in row.get("left_out", {}).items()]
        total = sum(row["cases"] for row in rows) - sum(count for count, _ in left)
        print(f"{len(files)} files: {total} cases run, {sum(count for count, _ in left)} left out")
        for count, why in left:
            print(f"  {count} left out: {why}")
    for each in wrong:
        print(f"vectors: {each}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
