#!/usr/bin/env python3
"""That each row of the column *detect* can fail: with a program that sees nothing, that sees the
same in the twin, another class, other lines, more than there is, or that names no remedy."""
import json
import sys

import detect

KINDS = detect.classes()
real_scan = detect.scan
answers = {}
wrong = []


def scan_once(binary, text, *options):
    """What the program says, asked once for each log."""
    key = (text, options)
    if key not in answers:
        answers[key] = real_scan(binary, text, *options)
    return answers[key]


def lines(change):
    """A program whose findings are changed one by one; `None` leaves one out."""
    def scan(binary, text, *options):
        done = scan_once(binary, text, *options)
        if not options:
            return done
        kept = [found for found in map(change, map(json.loads, done.stdout.splitlines())) if found]
        return type(done)(done.args, detect.FOUND if kept else detect.DONE,
                          "".join(json.dumps(found) + "\n" for found in kept), done.stderr)
    return scan


def moved(finding):
    return finding | {"evidence": [place | {"line": place["line"] + 1}
                                   for place in finding["evidence"]]}


def shortened(finding):
    return finding | {"evidence": finding["evidence"][1:]}


def sees_in_both(row):
    """The twin gets the findings of the bad log."""
    bad, _ = detect.lines_of(row.before + row.bad)
    return lambda binary, text, *options: scan_once(binary, bad, *options)


def sees_more(binary, text, *options):
    done = scan_once(binary, text, *options)
    more = {"rule": "another", "class": "borrowed_trust", "evidence": [{"line": 1}]}
    return type(done)(done.args, detect.FOUND, done.stdout + json.dumps(more) + "\n", done.stderr)


def no_remedy(binary, text, *options):
    done = scan_once(binary, text, *options)
    return done if options else type(done)(done.args, done.returncode, "", "")


def broken(row):
    return [("it is right", scan_once, "pass"),
            ("it sees nothing", lines(lambda found: None), "fail"),
            ("its rule is another", lines(lambda found: found | {"rule": "other"}), "fail"),
            ("its class is another", lines(lambda found: found | {"class": "other"}), "fail"),
            ("its lines are others", lines(moved), "fail"),
            ("it lacks a line", lines(shortened), "fail"),
            ("it sees it in the twin", sees_in_both(row), "fail"),
            ("it sees more than there is", sees_more, "fail"),
            ("it names no remedy", no_remedy, "fail")]


def main():
    if sorted({row.id for row in detect.ROWS}) != sorted(KINDS):
        wrong.append("not every row of rows.json has its log")
    for row in detect.ROWS:
        for what, scan, expected in broken(row):
            detect.scan = scan
            cell = detect.tell(row, KINDS[row.id], detect.program())
            if cell["outcome"] != expected:
                wrong.append(f"{row.id}, {what}: {cell['outcome']} {cell['note']}")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
