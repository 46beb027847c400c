#!/usr/bin/env python3
"""A journal that the disk fails or holds, on the real program. Failed: nothing more is answered
with success, `healthz` says so, and the log names the cause once. Slow: a server that is stopped
meanwhile ends well; with AddressSanitizer that says that nothing outlived what it uses.

    MANDATE_BIN=build/release/mandate tests/durability/closed_test.py"""
import json
import os
import pathlib
import sys
import threading
import time
import urllib.error

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "testing"))
from program import Program, need  # noqa: E402

SEGMENT = "journal/0000000001.segment"
HELD_SECONDS = 12  # longer than the server waits for its connections when it stops
# Each is one sync of the journal's thread; strace counts by thread. A start has no more on its own.
ANSWERS_BEFORE = 3


def start(program, fault):
    """The journal's sync after the first answers meets the fault (and with a + those after it)."""
    program.data.mkdir()
    os.environ["ASAN_OPTIONS"] = "detect_leaks=0"  # which cannot be done under a tracer
    first = ANSWERS_BEFORE + 1
    program.start(["strace", "-f", "-qq", "-o", str(program.folder / "trace"), "-P",
                   str(program.data / SEGMENT), "-e", "trace=fdatasync", "-e",
                   f"inject=fdatasync:{fault.replace('N', str(first))}",
                   "setpriv", "--pdeathsig", "KILL"])


def ask(program):
    return program.run("get", "principals", "--output", "json").returncode == 0


def health(program):
    try:
        return 200, json.loads(program.get("/healthz"))["status"]
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["status"]


def check_failed():
    with Program() as program:
        start(program, "error=EIO:when=N+")
        assert health(program) == (200, "ok")
        answers = 0
        while ask(program):
            answers += 1
            assert answers < 20, "the fault was not met"
        code, status = health(program)
        assert code == 503 and "journal" in status and SEGMENT not in status, status
        assert not ask(program)
        time.sleep(2.5)  # the log is written once a second, and must not be written twice
        server, log = program.server, program.folder / "server.log"
        program.stop()
        assert server.returncode == 0, server.returncode
        said = [json.loads(line) for line in log.read_text().splitlines()
                if "the journal cannot be written" in line]
        assert len(said) == 1, said
        assert SEGMENT in str(said[0]) and "Input/output error" in str(said[0]), said


def check_slow():
    with Program() as program:
        start(program, f"delay_enter={HELD_SECONDS}s:when=N")
        for _ in range(ANSWERS_BEFORE):
            assert ask(program)
        before = (program.data / SEGMENT).read_bytes().count(b'"type":"issued"')
        asking = threading.Thread(target=ask, args=[program])
        asking.start()
        deadline = time.monotonic() + 10
        while (program.data / SEGMENT).read_bytes().count(b'"type":"issued"') == before:
            assert time.monotonic() < deadline, "nothing was asked"
            time.sleep(0.05)
        server = program.server
        program.stop()
        asking.join()
        assert server.returncode == 0, server.returncode


def main():
    need("strace")
    check_failed()
    check_slow()


if __name__ == "__main__":
    main()
