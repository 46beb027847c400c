#!/usr/bin/env python3
"""Watches the real program's system calls: before each answer that must not come before its record
(Law 8: a management change, an issue, a durable permit), the entry is written to the right file,
and that write is synced.

    MANDATE_BIN=build/release/mandate tests/durability/strace_test.py"""
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "testing"))
from program import DESK, Program, need  # noqa: E402

# Not "/journal/": the tiles of the published log are written after the answer as often as before.
RECORD, JOURNAL = "/record.db-wal", ".segment"
# What each request's 200 rests on; others, and denials, may be answered at once.
RESTS_ON = {"POST /token": JOURNAL, "POST /apply": RECORD, "POST /revocations": RECORD,
            "POST /suspensions": RECORD, "POST /access/v1/evaluation": JOURNAL}
CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>|\()(?:\d+<(.*?)>(?=[,) ]))?(.*)$")
REQUEST = re.compile(r'iov_base="((?:GET|POST|PUT|DELETE) [^ ?]+)')


class Watch:
    """The trace as events: (what, path or connection, detail), a call's begin and end apart."""

    def __init__(self, lines):
        self.events = []
        open_calls = {}
        for line in lines:
            match = CALL.match(line)
            if not match:
                continue
            thread, call, target, rest = match.groups()
            if target is None:
                target, begun = open_calls.pop((thread, call), (None, ""))
                self.add("end", call, target, begun + rest)
                continue
            self.add("begin", call, target, rest)
            if rest.endswith("<unfinished ...>"):
                open_calls[(thread, call)] = (target, rest)
            else:
                self.add("end", call, target, rest)

    def add(self, edge, call, target, rest):
        self.events.append((edge, call, target or "", rest))

    def check(self):
        """The answers that came too early, and how many there were of each kind."""
        requests, early, counts = {}, [], dict.fromkeys(RESTS_ON, 0)
        for at, (edge, call, target, rest) in enumerate(self.events):
            if edge == "end" and call.startswith("recv") and (match := REQUEST.search(rest)):
                requests[target] = (match.group(1), at)
            is_answer = edge == "begin" and call.startswith("send") and '"HTTP/1.1 200' in rest
            if not is_answer or target not in requests:
                continue
            request, asked_at = requests[target]
            if request not in RESTS_ON or r'\"decision\":false' in rest:
                continue
            counts[request] += 1
            if not self.is_durable(RESTS_ON[request], self.events[asked_at:at]):
                early.append(f"{request} was answered before its entry in {RESTS_ON[request]}")
        return early, counts

    @staticmethod
    def is_durable(file, events):
        written = syncing = durable = False
        for edge, call, target, rest in events:
            if file not in target:
                continue
            if edge == "end" and call in ("write", "pwrite64", "writev"):
                written, syncing, durable = True, False, False
            elif edge == "begin" and call in ("fdatasync", "fsync"):
                syncing = written
            elif edge == "end" and call in ("fdatasync", "fsync") and rest.endswith("= 0"):
                durable = durable or syncing
        return durable


def use(program):
    """One of each answer, one after the other."""
    program.add_desk(permits="durable")
    program.json("apply", "-f", program.write("more.json", {
        "apiVersion": "mandate/v1", "delegations": [Program.delegation("more")]}))
    program.json("revoke", "delegation", "more")
    program.json("suspend", "service:desk")
    program.json("resume", "service:desk")
    for exchange in (["--scope", "desk:read"], ["--delegation", "kim-worker"]):
        token = program.json("token", "--resource", DESK, *exchange, identity=program.worker)
    path = program.write("token", token["access_token"])
    for _ in range(3):
        decision = program.json(
            "check", "--subject", "human:kim@acme.example", "--action", "read", "--type", "desk",
            "--id", "queue/1", "--location", DESK, "--access-token", path, "--actor",
            program.worker, "--url", DESK + "/queue/1", identity=program.desk)
        assert decision["decision"] is True, decision


def main():
    need("strace")
    with Program() as program:
        trace = program.folder / "trace"
        program.start(["strace", "-f", "-yy", "-s", "8000", "-o", str(trace), "-e",
                       "trace=fdatasync,fsync,write,pwrite64,writev,"
                       "sendto,sendmsg,recvfrom,recvmsg",
                       "setpriv", "--pdeathsig", "KILL"])
        use(program)
        program.stop()
        lines = trace.read_text(errors="replace").splitlines()
    early, counts = Watch(lines).check()
    print(json.dumps(counts))
    assert not early, early
    assert all(counts.values()), f"not every kind of answer was seen: {counts}"
    # The check itself: without its syncs, and with them after the answers, each answer is early.
    syncs = [line for line in lines if "fdatasync" in line or "fsync" in line]
    others = [line for line in lines if line not in set(syncs)]
    for broken in (others, others + syncs):
        assert len(Watch(broken).check()[0]) == sum(counts.values())


if __name__ == "__main__":
    main()
