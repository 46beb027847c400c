#!/usr/bin/env python3
"""`mandate scan --server`: who was met and is not on record becomes a discovered principal, once;
it is inert until a document adopts it; whatever becomes of the server, the findings are printed."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tests/scenarios"))
import logs  # noqa: E402
from testing.program import BIN, Program  # noqa: E402

SHARED = pathlib.Path(os.environ.get("MANDATE_SHARED") or ROOT.parent / "shared") / "data"
DONE, FOUND, USAGE, COULD_NOT = 0, 1, 2, 3
ROLE = f"arn:aws:iam::{logs.ACCOUNT}:role/ci"
BOT = "workload:" + ROLE


def events(name, action="ListBuckets"):
    return [logs.cloudtrail(logs.after(minutes=n), "s3", action, logs.user(name, "AKIA" + name),
                            "198.51.100.7", logs.BOTO) for n in range(3)]


def as_session(number):
    return logs.cloudtrail(logs.after(hours=number), "s3", "ListBuckets",
                           logs.session("ci", f"run-{number}", f"ASIA{number}"), "198.51.100.8",
                           logs.BOTO)


def text(records):
    return "".join(json.dumps(record) + "\n" for record in records)


class Discovery(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.program = Program()
        cls.program.start()
        cls.program.add_desk()
        cls.log = cls.program.write("ci.ndjson", text([as_session(1), as_session(2)]))

    @classmethod
    def tearDownClass(cls):
        cls.program.__exit__()

    def scan(self, *arguments, server=None, **more):
        return self.program.run("scan", "--server", server or self.program.url, *arguments, **more)

    def principals(self):
        return {item["id"]: item for item in self.program.json("get", "principals")["items"]}

    def discovered(self):
        return sorted(name for name, item in self.principals().items()
                      if item.get("status") == "discovered")

    def test_what_is_new_is_on_record_once(self):
        plain = self.program.run("scan", self.log)
        self.assertEqual(plain.returncode, DONE)
        preview = self.scan("--dry-run", self.log)
        self.assertIn(f"+ principal {BOT}", preview.stderr)
        self.assertNotIn(BOT, self.principals())
        first = self.scan(self.log)
        self.assertEqual((first.returncode, first.stdout), (DONE, plain.stdout), first.stderr)
        self.assertIn("1 identities met; 1 discovered", first.stderr)
        self.assertEqual(self.principals()[BOT], {"id": BOT, "status": "discovered"})
        revision = self.program.json("get", "principals")["revision"]
        again = self.scan(self.log)
        self.assertIn("1 identities met; 0 discovered", again.stderr)
        self.assertEqual(self.program.json("get", "principals")["revision"], revision)
        found = self.wait_for(self.entries_of_bot)
        self.assertEqual([(entry["by"], entry["id"]) for entry in found],
                         [("workload:operator", BOT)])

    def test_a_part_of_many_is_told_of_when_they_are_merged(self):
        part = str(self.program.folder / "one.part")
        log = self.program.write("merged.ndjson", text(events("merged")))
        self.assertEqual(self.scan("--partial", log).returncode, USAGE)
        self.assertEqual(self.program.run("scan", "--partial", "-o", part, log).returncode, DONE)
        self.assertEqual(
            self.program.run("merge", "--server", self.program.url, part).returncode, DONE)
        self.assertIn(f"workload:arn:aws:iam::{logs.ACCOUNT}:user/merged", self.discovered())

    def test_only_a_server_on_the_command_line_is_told(self):
        log = self.program.write("quiet.ndjson", text(events("quiet")))
        done = self.program.run("scan", log)  # MANDATE_SERVER is set
        self.assertEqual(done.returncode, DONE)
        self.assertNotIn("user/quiet", "".join(self.principals()))
        for flag in ("--dry-run", "--rules", "--chains"):
            with self.subTest(flag):
                server = [] if flag == "--dry-run" else ["--server", self.program.url]
                self.assertEqual(self.program.run("scan", *server, flag, log).returncode, USAGE)

    def test_a_server_that_is_not_there_takes_no_finding_away(self):
        log = self.program.write("finding.ndjson", text(
            events("lost") + [logs.cloudtrail(
                logs.after(days=1), "iam", "UpdateAssumeRolePolicy", logs.user("lost", "AKIAlost"),
                "198.51.100.7", logs.BOTO, {"roleName": "ci", "policyDocument": json.dumps(
                    {"Statement": [{"Effect": "Allow", "Principal": "*",
                                    "Action": "sts:AssumeRole"}]})})]))
        plain = self.program.run("scan", "--output", "ndjson", log)
        self.assertEqual(plain.returncode, FOUND, plain.stderr)
        there = self.scan("--output", "ndjson", log)
        self.assertEqual((there.returncode, there.stdout), (FOUND, plain.stdout))
        away = self.scan("--output", "ndjson", log, server="http://127.0.0.1:9")
        self.assertEqual((away.returncode, away.stdout), (COULD_NOT, plain.stdout))
        self.assertIn("cannot reach http://127.0.0.1:9", away.stderr)
        self.assertIn("told of 0 of ", away.stderr)

    def test_the_right_is_scan_and_no_other(self):
        scanner = str(self.program.folder / "scanner.json")
        jwk = self.program.json("identity", "workload:scanner", "--out", scanner)
        log = self.program.write("rights.ndjson", text(events("rights")))

        def give(action):
            self.program.json("apply", "-f", self.program.write("scanner.yaml.json", {
                "apiVersion": "mandate/v1",
                "principals": [{"id": "workload:scanner", "owner": "team:ops",
                                "authenticators": [{"jwk": jwk}]}],
                "entitlements": [{"id": "scanner", "principal": "workload:scanner", "authority": [
                    {"type": "mandate", "locations": [self.program.url], "actions": [action]}]}]}))
        give("register")
        refused = self.scan(log, identity=scanner)
        self.assertEqual(refused.returncode, COULD_NOT)
        self.assertIn("outside_authority", refused.stderr)
        self.assertNotIn("user/rights", "".join(self.principals()))
        give("scan")
        self.assertEqual(self.scan(log, identity=scanner).returncode, DONE)
        self.assertIn("user/rights", "".join(self.discovered()))
        # Which is not the right to make principals that can do something.
        own = self.program.write("own.json", {
            "apiVersion": "mandate/v1", "principals": [{"id": "human:mallory@acme.example"}]})
        self.assertEqual(self.program.run("apply", "-f", own, identity=scanner).returncode, 1)

    def test_it_gets_no_token_and_no_decision_until_it_is_adopted(self):
        name = "workload:arn:aws:iam::" + logs.ACCOUNT + ":user/inert"
        self.scan(self.program.write("inert.ndjson", text(events("inert"))))
        self.assertIn(name, self.discovered())
        key = str(self.program.folder / "inert.json")
        jwk = self.program.json("identity", name, "--out", key)
        token = self.program.run("token", "--resource", "https://desk.acme.example", identity=key)
        self.assertEqual(token.returncode, 1)
        self.assertIn("client_authentication_failed", token.stderr)
        entitlement = {"id": "inert", "principal": name, "authority": [
            {"type": "desk", "locations": ["https://desk.acme.example"], "actions": ["read"]}]}
        document = {"apiVersion": "mandate/v1", "entitlements": [entitlement]}
        refused = self.program.run("apply", "-f", self.program.write("adopted.json", document))
        self.assertEqual(refused.returncode, 1)
        self.assertIn("is only discovered", refused.stderr)
        for word in ("suspend", "resume"):
            self.assertEqual(self.program.run(word, name).returncode, 1)
        document["principals"] = [{"id": name, "owner": "team:ops",
                                   "authenticators": [{"jwk": jwk}]}]
        self.program.json("apply", "-f", self.program.write("adopted.json", document))
        token = self.program.run("token", "--resource", "https://desk.acme.example", identity=key)
        self.assertEqual(token.returncode, DONE, token.stderr)
        self.assertEqual(self.program.run("suspend", name).returncode, DONE)

    def test_what_was_dismissed_stays_so(self):
        name = "workload:arn:aws:iam::" + logs.ACCOUNT + ":user/noise"
        log = self.program.write("noise.ndjson", text(events("noise")))
        self.scan(log)
        self.assertEqual(self.program.run("revoke", "principal", name).returncode, DONE)
        self.assertIn("0 discovered", self.scan(log).stderr)
        self.assertNotIn(name, self.discovered())

    def test_it_is_there_after_a_restart(self):
        log = self.program.write("restart.ndjson", text(events("restart")))
        self.scan(log)
        before = self.discovered()
        self.program.kill()
        self.program.start()
        self.assertEqual(self.discovered(), before)
        self.program.stop()
        self.program.start()
        self.assertEqual(self.discovered(), before)

    def test_names_of_logs_harm_neither_the_record_nor_a_terminal(self):
        names = ["\x1b[2Jclear", "a\nb", "<script>", "x" * 3000, "\u202egnp.exe", "' OR 1=1 --"]
        records = []
        for number, name in enumerate(names):
            record = events(f"h{number}")[0]
            record["userIdentity"]["arn"] = name
            records.append(record)
        done = self.scan("--dry-run", self.program.write("hostile.ndjson", text(records)))
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertIn(f"{len(names)} would be discovered", done.stderr)
        for harm in ("\x1b", "\u202e", "<script>", "x" * 200):
            self.assertNotIn(harm, done.stderr)

    def test_many_go_in_bounded_requests(self):
        records = [event for number in range(450) for event in events(f"m{number}")[:1]]
        done = self.scan(self.program.write("many.ndjson", text(records)))
        self.assertIn("450 identities met; 450 discovered", done.stderr)
        self.assertEqual(len([name for name in self.discovered() if "/m" in name
                              and name[-1].isdigit()]), 450)

    def test_the_real_sets_a_second_time_add_nothing(self):
        if not SHARED.exists():
            self.assertNotEqual(os.environ.get("CI"), "true", f"{SHARED} is missing")
            self.skipTest(f"{SHARED} is missing")
        first = self.scan(SHARED / "invictus-aws", SHARED / "cloudsplaining")
        self.assertRegex(first.stderr, r"[1-9]\d* discovered")
        self.assertIn(" 0 discovered",
                      self.scan(SHARED / "invictus-aws", SHARED / "cloudsplaining").stderr)

    def test_a_followed_log_tells_as_it_grows(self):
        log = self.program.folder / "followed.ndjson"
        log.write_text(text(events("early")))
        with open(self.program.folder / "follow.err", "wb") as errors, subprocess.Popen(
                [BIN, "scan", "--follow", "--server", self.program.url, log],
                stdout=subprocess.DEVNULL, stderr=errors,
                env={**os.environ, "MANDATE_IDENTITY": str(self.program.data / "operator.json")},
        ) as follower:
            try:
                self.wait_for(lambda: "user/early" in "".join(self.discovered()))
                with log.open("a") as out:
                    out.write(text(events("late")))
                self.wait_for(lambda: "user/late" in "".join(self.discovered()))
            finally:
                follower.send_signal(signal.SIGTERM)
        self.assertEqual(follower.returncode, DONE)

    def entries_of_bot(self):
        """In a copy of the logs, which verifies whenever it is taken; checkpoints follow."""
        copy = self.program.copy_logs("discovered")
        self.assertEqual(self.program.verify(copy), [])
        return [entry["entry"] for entry in self.program.entries(copy)
                if entry["entry"].get("type") == "discovered" and entry["entry"]["id"] == BOT]

    def wait_for(self, condition):
        end = time.monotonic() + 20
        while not (found := condition()):
            self.assertLess(time.monotonic(), end, self.program.log())
            time.sleep(0.2)
        return found


if __name__ == "__main__":
    unittest.main()
