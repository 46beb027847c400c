#!/usr/bin/env python3
"""A server's logs, read by an independent reader: Go's sumdb packages, as Debian has them. What
they verify of an untouched copy they refuse of one with a changed byte.

    MANDATE_BIN=... GO_CACHE=FOLDER tests/audit_sumdb/sumdb_test.py"""
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "testing"))
from program import DESK, Program, need  # noqa: E402

GOPATH = "/usr/share/gocode"
TOKENS = 140  # two entries each: more than a tile


def build(folder):
    """Offline, with Debian's packages."""
    need("go")
    cache = os.environ.get("GO_CACHE") or str(folder / "go-cache")
    out = folder / "verify"
    subprocess.run(["go", "build", "-o", str(out), "verify.go"], cwd=HERE, check=True,
                   env={"PATH": os.environ["PATH"], "HOME": str(folder), "GO111MODULE": "off",
                        "GOPATH": GOPATH, "GOFLAGS": "", "GOCACHE": cache, "CGO_ENABLED": "0"})
    return out


def verify(verifier, keys, later, earlier):
    return subprocess.run([verifier, keys, later, earlier], capture_output=True, text=True,
                          timeout=60)


def make_logs(program):
    """An earlier copy and a later one of logs that have full tiles, partial ones, and levels."""
    program.start()
    program.add_desk()
    program.json("apply", "-f", program.write("many.json", {
        "apiVersion": "mandate/v1",
        "delegations": [Program.delegation(f"d-{i}") for i in range(700)]}))
    program.json("token", "--resource", DESK, identity=program.worker)
    time.sleep(1)  # checkpoints are at most that far behind
    earlier = program.copy_logs("earlier")
    for _ in range(TOKENS):
        program.json("token", "--resource", DESK, "--delegation", "kim-worker",
                     identity=program.worker)
    program.json("revoke", "delegation", "d-1")
    program.stop()
    return earlier, program.copy_logs("later")


def changed(file):
    """Where a byte is changed: in the middle, and of a checkpoint in each of its lines."""
    data = file.read_bytes()
    places = {len(data) // 2}
    if file.name == "checkpoint":
        places = {0, data.index(b"\n") + 1, data.index(b"\n", data.index(b"\n") + 1) + 5,
                  len(data) - 10}
    for place in places:
        yield data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]


def current(later, sizes):
    """Files that a reader of the newest checkpoint reads; older partial tiles also lie there."""
    for log, size in sizes.items():
        for file in sorted((later / log).rglob("*")):
            if not file.is_file():
                continue
            path = file.relative_to(later / log).as_posix()
            if ".p/" not in path:
                yield file
                continue
            level = path.split("/")[1]
            width = (size >> (0 if level == "entries" else 8 * int(level))) % 256
            if int(file.name) == width:
                yield file


def main():
    with Program() as program:
        verifier = build(program.folder)
        earlier, later = make_logs(program)
        keys = program.keys()
        done = verify(verifier, keys, later, earlier)
        assert done.returncode == 0, done.stderr
        lines = [line.split() for line in done.stdout.splitlines()]
        sizes = {log: int(size) for log, size in lines}
        assert sizes["record"] > 700 and sizes["journal/0000000001"] > 256, sizes
        count = 0
        for file in current(later, sizes):
            for bytes_ in changed(file):
                whole = file.read_bytes()
                file.write_bytes(bytes_)
                refused = verify(verifier, keys, later, earlier)
                file.write_bytes(whole)
                assert refused.returncode == 1 and "refused:" in refused.stderr, (file, refused)
                count += 1
        # The twin again, and a copy that does not go on from the earlier one.
        assert verify(verifier, keys, later, earlier).returncode == 0
        assert verify(verifier, keys, earlier, later).returncode == 1
        print(f"verified: {sizes}; refused: {count} changed bytes")


if __name__ == "__main__":
    main()
