"""The source files of a tree as the checks of tools/ see them: which there are, their code without
comments and literals, and what they include.

    tree = SourceTree(root)
    for file in tree.cpp(): file.path, file.text, file.lines, file.code, file.includes
"""

import functools
import os
import pathlib
import re
import subprocess

# A comment, a raw string, a string, a character (not a digit separator such as 1'000).
LITERAL = re.compile(
    r'//(?:\\\n|[^\n])*|/\*.*?\*/|R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)"'
    r'|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
LEFT_OUT = {".git", "build", "data", "node_modules", "__pycache__", ".cache"}


class SourceFile:
    def __init__(self, root, path):
        self.path = path
        self.bytes = (root / path).read_bytes()

    @functools.cached_property
    def text(self):
        return self.bytes.decode("utf-8", errors="replace")

    @functools.cached_property
    def lines(self):
        return self.text.splitlines()

    @functools.cached_property
    def code(self):
        """The text with comments and literals blanked, and every line where it was."""

        def blank(match):
            kept = re.sub(r"[^\n]", " ", match.group())
            is_comment = match.group().startswith("/")
            return kept if is_comment or len(kept) < 2 else '"' + kept[1:-1] + '"'

        return LITERAL.sub(blank, self.text)

    @functools.cached_property
    def includes(self):
        """[(line, name, is_quoted)]"""
        return [(line_of(self.text, m.start()), m.group(1) or m.group(2), m.group(1) is not None)
                for m in INCLUDE.finditer(self.text)]


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


class SourceTree:
    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.files = {path: SourceFile(self.root, path) for path in self._paths()}

    def _paths(self):
        if (self.root / ".git").exists():
            listed = subprocess.run(
                ["git", "-c", "safe.directory=*", "-C", self.root, "ls-files", "-z", "--cached",
                 "--others", "--exclude-standard"],
                stdout=subprocess.PIPE, check=True).stdout.decode()
            paths = listed.split("\0")
        else:
            paths = []
            for folder, folders, names in os.walk(self.root):
                folders[:] = [name for name in folders if name not in LEFT_OUT]
                inside = pathlib.Path(folder).relative_to(self.root)
                paths += [(inside / name).as_posix() for name in names]
        return sorted(path for path in set(paths) if path and (self.root / path).is_file())

    def cpp(self):
        return [file for path, file in self.files.items() if path.endswith((".h", ".cc"))]

    def closure(self, path):
        """The paths of a file and of all our headers that it reaches, and every header's name."""
        reached, names, pending = set(), set(), [path]
        while pending:
            current = pending.pop()
            if current in reached:
                continue
            reached.add(current)
            for _, name, _ in self.files[current].includes:
                names.add(name)
                if name in self.files:
                    pending.append(name)
        return reached, names
