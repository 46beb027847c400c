#!/usr/bin/env python3
"""Killed with -9 under load, again and again, on the same data: what was answered is there, what
was not answered is there whole or not at all, and every log still is what it ever showed.

    MANDATE_BIN=build/release/mandate tests/durability/kill_test.py ROUNDS [--soak]

With --soak it runs only where MANDATE_SOAK=1 is set."""
import base64
import collections
import json
import os
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "testing"))
from program import DESK, SKIPPED, Program  # noqa: E402

SOAK_ROUNDS_A_FOLDER = 50  # then a fresh one, since each round reads all of it
APPLIED_TOGETHER = 3


def jti_of(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["jti"]


class Load:
    """Clients that never stop asking. Names are unique, so that an entry tells its request."""

    def __init__(self, program, tag):
        self.program = program
        self.tag = tag
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.asked = []       # batches: lists of ids that stand or fall together
        self.applied = []     # of those, the answered ones
        self.revoked = []     # (kind, id)
        self.issued = []      # leaf hashes
        self.receipts = []
        self.refused = []
        self.threads = [threading.Thread(target=self.loop, args=(work, n))
                        for n, work in enumerate((self.apply, self.revoke, self.issue, self.issue))]
        for thread in self.threads:
            thread.start()

    def loop(self, work, worker):
        count = 0
        while not self.stopping.is_set():
            count += 1
            try:
                work(f"{self.tag}-{worker}-{count}")
            except RuntimeError as refusal:  # no answer; while the server stands that is a defect
                if not self.stopping.is_set():
                    self.refused.append(str(refusal))
                    return

    def apply(self, name):
        ids = [f"batch-{name}-{i}" for i in range(APPLIED_TOGETHER)]
        document = {"apiVersion": "mandate/v1", "delegations": [Program.delegation(i) for i in ids]}
        with self.lock:
            self.asked.append(ids)
        self.program.json("apply", "-f", self.program.write(f"batch-{name}.json", document))
        self.applied.append(ids)

    def revoke(self, name):
        self.program.json("apply", "-f", self.program.write(f"one-{name}.json", {
            "apiVersion": "mandate/v1", "delegations": [Program.delegation(f"one-{name}")]}))
        self.applied.append([f"one-{name}"])
        self.program.json("revoke", "delegation", f"one-{name}")
        self.revoked.append(("delegation", f"one-{name}"))

    def issue(self, name):
        by_itself = int(name.rpartition("-")[2]) % 2 == 0
        exchange = ["--scope", "desk:read"] if by_itself else ["--delegation", "kim-worker"]
        answer = self.program.json("token", "--resource", DESK, *exchange,
                                   identity=self.program.worker)
        jti = jti_of(answer["access_token"])
        self.issued.append(jti)
        self.receipts.append(answer["receipt"])
        if name[-1] == "5":
            self.program.json("revoke", "token", jti)
            self.revoked.append(("token", jti))

    def kill(self):
        self.stopping.set()
        self.program.kill()
        for thread in self.threads:
            thread.join()
        assert not self.refused, self.refused


def check(load, entries, found):
    """What was answered is in the logs, and no batch is in part; counts both into `found`."""
    put, revoked, leaves = set(), set(), set()
    for line in entries:
        entry = line["entry"]
        leaves.add(line["leaf"])
        if entry.get("type") == "put":
            put.add(entry["definition"]["id"])
        if entry.get("type") == "revoked":
            revoked.add((entry["kind"], entry["id"]))
    for ids in load.applied:
        assert put.issuperset(ids), f"answered, and lost: {ids}"
    for ids in load.asked:
        there = [i for i in ids if i in put]
        assert there in ([], ids), f"half done: {there} of {ids}"
        found["unanswered and there"] += bool(there) and ids not in load.applied
    for each in load.revoked:
        assert each in revoked, f"answered, and lost: {each}"
    for leaf in load.issued:
        assert leaf in leaves, f"issued, and not in the journal: {leaf}"
    found["batches"] += len(load.applied)
    found["revocations"] += len(load.revoked)
    found["tokens"] += len(load.issued)


def run(rounds, seed):
    choice = random.Random(seed)
    found = collections.Counter()
    with Program() as program:
        program.start()
        program.add_desk()
        kept = []  # checkpoints and receipts, to hold every later copy against
        for number in range(rounds):
            load = Load(program, f"{seed}-{number}")
            time.sleep(choice.uniform(0.2, 0.9))
            shown = [program.get(f"/log/{log}/checkpoint")
                     for log in ("record", "journal/0000000001")]
            time.sleep(choice.uniform(0, 0.2))
            load.kill()
            program.start()
            copy = program.copy_logs("copy")
            kept += [program.write(f"kept-{number}-{i}", note) for i, note in enumerate(shown)]
            kept += load.receipts[-1:]
            for against in [None, *choice.sample(kept, min(4, len(kept))), *kept[-3:]]:
                assert program.verify(copy, against) == [], (number, against)
            check(load, program.entries(copy), found)
            for kind, name in load.revoked[-1:]:
                if kind == "delegation":
                    dead = program.run("token", "--resource", DESK, "--delegation", name,
                                       identity=program.worker)
                    assert dead.returncode == 1 and "delegation_revoked" in dead.stderr, dead
    return found


def main():
    rounds = int(sys.argv[1])
    if "--soak" in sys.argv and os.environ.get("MANDATE_SOAK") != "1":
        print(f"{rounds} kills run with MANDATE_SOAK=1")
        sys.exit(SKIPPED)
    found = collections.Counter()
    for first in range(0, rounds, SOAK_ROUNDS_A_FOLDER):
        found += run(min(SOAK_ROUNDS_A_FOLDER, rounds - first), first)
    print(f"{rounds} kills; answered and found: {dict(found)}")
    # A load that answers nothing would prove nothing.
    for kind in ("batches", "revocations", "tokens"):
        assert found[kind] >= rounds, (kind, found)


if __name__ == "__main__":
    main()
