#!/usr/bin/env python3
"""The documents against the tree.

* Every test that ARCHITECTURE.md and docs/threat-model.md name is there, each "Invariant:" names
  one, and each room has an invariant.
* docs/dependencies.md has a row for every library that a room includes, and for no other.
* A link from one document to another leads somewhere.
* What the glossary says is in the code is there.
* A decision has its four parts, and numbers have no gap.
"""

import json
import re
import subprocess
import sys

from stage import SOURCE

TEST = re.compile(r"\b(?:TYPED_)?TEST(?:_[FP])*\(\s*(\w+),\s*(\w+)")
NAME = re.compile(r"`([A-Za-z]\w*\.\w+"
                  r"|(?:e2e|readme|durability|audit|scenario|operators|follow)_\w+"
                  r"|(?:packaging|attacks|vectors|outputs)_\w+"
                  r"|tidy\.planted\.\w+)`")
FILE = re.compile(r"\.(cc|h|md|json|conf|yaml|txt|mjs|py)$")
PARTS = ["## Context", "## Decision", "## Rejected", "## What would change our mind"]

problems = []


def text_of(path):
    return (SOURCE / path).read_text()


def tests_of_the_tree():
    names = set()
    for folder in ("tests", "testing"):
        for file in [*SOURCE.glob(f"{folder}/**/*.cc"), *SOURCE.glob(f"{folder}/**/*.h")]:
            if "node_modules" not in file.parts:
                names |= {f"{suite}.{name}" for suite, name in TEST.findall(file.read_text())}
    names |= {f"e2e_{file.name.removesuffix('.test.mjs')}"
              for file in SOURCE.glob("tests/e2e/*.test.mjs")}
    for file in SOURCE.glob("tests/*/CMakeLists.txt"):
        names |= set(re.findall(r"add_test\(NAME (\w+)\s", file.read_text()))
    rules = subprocess.run([SOURCE / "tools/tidy", "--list-rules"], text=True, check=True,
                           stdout=subprocess.PIPE).stdout.split()
    return names | {f"tidy.planted.{rule}" for rule in rules}


def check_names(known):
    for document in ("ARCHITECTURE.md", "docs/threat-model.md"):
        for name in NAME.findall(text_of(document)):
            if name not in known and not FILE.search(name):
                problems.append(f"{document} names {name}, which is no test")


def check_invariants(known):
    text = text_of("ARCHITECTURE.md")
    for invariant in re.findall(r"^Invariant:.*?(?=^Invariant:|\n\n|\Z)", text, re.M | re.S):
        if not known & set(NAME.findall(invariant)):
            problems.append(f"no test holds {invariant!r}")
    rooms = re.findall(r"^mandate_room\((\w+)", text_of("CMakeLists.txt"), re.M)
    for room in rooms:
        section = re.search(rf"^### `{room}`$(.*?)(?=^##)", text, re.M | re.S)
        if not section or "\nInvariant:" not in section.group(1):
            problems.append(f"ARCHITECTURE.md says no invariant of {room}")
    if text.count("\n") > 300:
        problems.append("ARCHITECTURE.md has more than 300 lines")


def sources_of_the_program():
    return "".join(file.read_text() for room in ("mandate", "apps")
                   for file in SOURCE.glob(f"{room}/**/*") if file.suffix in (".cc", ".h"))


def check_dependencies(sources):
    """A row's first cell holds the name as tools/rooms.json has it, in any case."""
    in_the_program = text_of("docs/dependencies.md").split("## For building")[0]
    rows = re.findall(r"^\| ([^|]+) \|", in_the_program, re.M)
    listed = " ".join(rows).lower()
    libraries = json.loads(text_of("tools/rooms.json"))["libraries"]
    for name, library in libraries.items():
        if not library["targets"] and not name.startswith("boost"):
            continue
        headers = "|".join(re.escape(header) for header in library["headers"])
        used = headers and re.search(rf"#include <({headers})", sources)
        if bool(used) != (name.lower() in listed) and name != "threads":
            problems.append(f"docs/dependencies.md and the includes disagree about {name}")


def check_links():
    for file in [*SOURCE.glob("*.md"), *SOURCE.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", file.read_text()):
            if "://" not in target and not (file.parent / target).exists():
                problems.append(f"{file.relative_to(SOURCE)} links to {target}, which is not there")


def check_glossary(sources):
    for code in re.findall(r"\(`([^()]*)`\)$", text_of("docs/glossary.md"), re.M):
        for name in re.split(r"`, `", code):
            path = SOURCE / name if "/" in name else None
            if path and not list(path.parent.glob(path.name + "*")):
                problems.append(f"docs/glossary.md names {name}, which is not there")
            word = name.removeprefix("typ: ")
            if not path and not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", sources):
                problems.append(f"docs/glossary.md names {name}, which no source does")


def check_decisions():
    files = sorted(SOURCE.glob("docs/decisions/*.md"))
    for number, file in enumerate(files, 1):
        text = file.read_text()
        if not file.name.startswith(f"{number:04}-") or not text.startswith(f"# {number}. "):
            problems.append(f"{file.name}: expected number {number}")
        at = [text.find(f"\n{part}\n") for part in PARTS]
        if -1 in at or at != sorted(at):
            problems.append(f"{file.name}: expected {', '.join(PARTS)}")


def main():
    known = tests_of_the_tree()
    check_names(known)
    check_invariants(known)
    sources = sources_of_the_program()
    check_dependencies(sources)
    check_glossary(sources)
    check_links()
    check_decisions()
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
