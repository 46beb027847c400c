#!/usr/bin/env python3
"""A scan in parts, by GNU parallel, is the scan of the whole: the same bytes, whatever order and
grouping, number of threads and memory. What is no whole partial is refused."""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from testing.program import BIN, need  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("MANDATE_SHARED") or ROOT.parent / "shared") / "data"
FOUND, COULD_NOT = 1, 3


def generate(path, megabytes, seed, form):
    with open(path, "wb") as out:
        subprocess.run([sys.executable, ROOT / "tools/generate_cloudtrail", "--megabytes",
                        str(megabytes), "--seed", str(seed), "--form", form],
                       stdout=out, check=True)
    return str(path)


def run(*arguments, **more):
    return subprocess.run([BIN, *map(str, arguments)], capture_output=True, timeout=120, **more)


class Parts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.held = tempfile.TemporaryDirectory(prefix="mandate-scan-")
        cls.folder = pathlib.Path(cls.held.name)
        cls.files = [generate(cls.folder / f"g{seed}.json", 1.5, seed,
                              "records" if seed % 2 else "ndjson") for seed in range(4)]
        # An event that two files hold, and what could not be read.
        damaged = cls.folder / "damaged.ndjson"
        damaged.write_bytes(pathlib.Path(cls.files[0]).read_bytes()[:200_000])
        cls.files.append(str(damaged))
        if SHARED.exists():
            cls.files += sorted(str(path) for path in SHARED.rglob("*.json*"))
        elif os.environ.get("CI") == "true":
            raise RuntimeError(f"shared data is missing: {SHARED}")
        cls.whole = run("scan", "--output", "ndjson", *cls.files)

    @classmethod
    def tearDownClass(cls):
        cls.held.cleanup()

    def same(self, done):
        self.assertEqual(done.returncode, self.whole.returncode, done.stderr)
        self.assertEqual(done.stdout, self.whole.stdout)
        self.assertEqual(done.stderr, self.whole.stderr)

    def partial(self, name, *files):
        path = self.folder / name
        done = run("scan", "--partial", "-o", path, *files)
        self.assertEqual((done.returncode, done.stdout), (0, b""), done.stderr)
        return path

    def test_the_whole_finds_something_and_tells_what_it_could_not_read(self):
        self.assertEqual(self.whole.returncode, COULD_NOT)
        self.assertIn(b"damaged.ndjson", self.whole.stderr)
        self.assertGreater(self.whole.stdout.count(b"\n"), 3)

    def test_by_gnu_parallel(self):
        need("parallel")
        parts = self.folder / "parallel"
        parts.mkdir()
        subprocess.run(["parallel", "--will-cite", "--jobs", "2", "-n", "7", BIN, "scan",
                        "--partial", "-o", str(parts / "{#}.part"), "{}", ":::", *self.files],
                       check=True, capture_output=True, timeout=120)
        made = sorted(parts.iterdir())
        self.assertEqual(len(made), (len(self.files) + 6) // 7)
        self.same(run("merge", "--output", "ndjson", *made))

    def test_in_any_order_and_grouping(self):
        chance = random.Random(4)
        parts = [self.partial(f"p{i}", *self.files[i::5]) for i in range(5)]
        parts.append(self.partial("twice", *self.files[5:9]))
        number = 0
        while len(parts) > 2:
            chance.shuffle(parts)
            into = self.folder / f"m{number}"
            number += 1
            done = run("merge", "--partial", "-o", into, parts.pop(), parts.pop())
            self.assertEqual((done.returncode, done.stdout), (0, b""), done.stderr)
            parts.append(into)
        done = run("merge", "--output", "ndjson", *parts)
        self.assertEqual(done.stdout, self.whole.stdout)  # what was read twice is repeats

    def test_from_standard_input_to_standard_output(self):
        part = run("scan", "--partial", *self.files)
        self.assertEqual(part.returncode, 0)
        self.same(run("merge", "--output", "ndjson", "-", input=part.stdout))
        chains = run("scan", "--chains", "--output", "ndjson", *self.files)
        self.assertEqual(run("merge", "--chains", "--output", "ndjson", "-",
                             input=part.stdout).stdout, chains.stdout)

    def test_with_any_number_of_threads(self):
        for threads in (1, 2, 7):
            self.same(run("scan", "--threads", threads, "--output", "ndjson", *self.files))

    def test_a_large_file_by_all_threads(self):
        for form in ("ndjson", "records"):
            large = generate(self.folder / f"large.{form}", 70, 12, form)
            if form == "ndjson":  # evidence beyond the first piece, and beyond the first lines
                with open(large, "a") as out, open(self.files[1]) as first:
                    for event in json.load(first)["Records"]:
                        print(json.dumps(event), file=out)
            rows = [(large, FOUND)]
            # What is damaged late is read again by one thread, to the same end.
            damaged = pathlib.Path(large + ".damaged")
            text = bytearray(pathlib.Path(large).read_bytes())
            text[60_000_000:60_000_010] = b'"{[\xff{"[]}'
            damaged.write_bytes(text[:-100])
            rows.append((damaged, COULD_NOT))
            for path, code in rows:
                one = run("scan", "--threads", 1, "--output", "ndjson", path)
                self.assertEqual(one.returncode, code, one.stderr)
                for threads in (2, 3):
                    several = run("scan", "--threads", threads, "--output", "ndjson", path)
                    self.assertEqual(several.stdout, one.stdout)
                    self.assertEqual(several.stderr, one.stderr)
                    self.assertEqual(several.returncode, one.returncode)

    def test_in_little_memory(self):
        many = generate(self.folder / "many.ndjson", 110, 9, "ndjson")
        spill = self.folder / "spill"
        spill.mkdir()
        rows = {}
        for memory in (1, 512):
            done = run("scan", "--threads", 1, "--memory", memory, "--output", "ndjson", many, many,
                       env={"TMPDIR": str(spill)})
            self.assertEqual(done.returncode, FOUND, done.stderr)
            rows[memory] = (done.stdout, done.stderr)
        self.assertEqual(rows[1], rows[512])
        self.assertEqual(list(spill.iterdir()), [])
        nowhere = run("scan", "--memory", 1, "--threads", 1, many,
                      env={"TMPDIR": str(self.folder / "missing")})
        self.assertEqual(nowhere.returncode, COULD_NOT)
        self.assertIn(b"TMPDIR", nowhere.stderr)

    def test_what_is_no_whole_partial_is_refused(self):
        part = self.partial("whole", self.files[0])
        self.assertEqual(part.stat().st_mode & 0o777, 0o600)
        text = part.read_bytes()
        rows = [("cut", text[:len(text) // 2], b"expected"),
                ("a log", pathlib.Path(self.files[0]).read_bytes()[:1000], b"no partial"),
                ("changed", text.replace(b'"count":', b'"count":1', 1), b"expected"),
                ("another format", text.replace(b'"format":1', b'"format":9', 1), b"expected 1")]
        for name, bytes_, says in rows:
            bad = self.folder / "bad.part"
            bad.write_bytes(bytes_)
            done = run("merge", part, bad)
            self.assertEqual((done.returncode, done.stdout), (COULD_NOT, b""), name)
            self.assertIn(b"bad.part", done.stderr)
            self.assertIn(says, done.stderr, name)
        self.assertEqual(run("merge", part).returncode, FOUND)

    def test_a_partial_that_cannot_be_written_leaves_nothing(self):
        done = run("scan", "--partial", "-o", self.folder / "no" / "where", self.files[0])
        self.assertEqual(done.returncode, COULD_NOT)
        self.assertIn(b"cannot write", done.stderr)
        self.assertEqual([path.name for path in self.folder.iterdir()
                          if path.name.endswith(".unfinished")], [])


if __name__ == "__main__":
    unittest.main()
