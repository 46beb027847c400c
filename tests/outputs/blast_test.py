#!/usr/bin/env python3
"""`mandate blast` over logs, inventories and a server's record, together and apart: on the real
sets, from any kind of thing, forward and backward, and with hostile names in every form.

    MANDATE_BIN=build/release/mandate tests/outputs/blast_test.py"""
import gzip
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata
import unittest
import xml.etree.ElementTree

from sets import SHARED, SOURCE, mandate, need_sets

sys.path.insert(0, str(SOURCE / "tests/outputs"))
sys.path.insert(0, str(SOURCE / "testing"))
import hostile_test  # noqa: E402
from program import Program  # noqa: E402

INVICTUS = SHARED / "invictus-aws"
ACCOUNT = SHARED / "cloudsplaining/account-authorization-details.json"
KEY = "AKIATFQR7NSC8Q4X20BJ"


def blast(what, *paths, **how):
    options = [f"--{name}={value}" if value is not True else f"--{name}"
               for name, value in how.items()]
    done = mandate("blast", what, *paths, *options, "-o", "json")
    assert done.returncode in (0, 3), done.stderr
    return json.loads(done.stdout)


def reached(answer):
    return {(node["kind"], node["id"]): node["path"] for node in answer["reached"]}


class Logs(unittest.TestCase):
    def test_each_issued_session_is_reached_from_the_key_that_issued_it(self):
        chains = [json.loads(line)
                  for line in (INVICTUS / "chains.jsonl").read_text().splitlines()]
        keys = {chain["issuer_key"] for chain in chains if chain["issuer_key"]}
        self.assertGreater(len(chains), 30)
        found = {key: reached(blast(key, INVICTUS, evidence="observed")) for key in keys}
        for chain in chains:
            if not chain["issuer_key"]:
                continue
            way = found[chain["issuer_key"]][("session", chain["issued_key"])]
            self.assertEqual(way[0]["from"], chain["issuer_key"])
            self.assertEqual(way[-1]["to"], chain["issued_key"])
            if len(way) == 1:
                self.assertEqual(way[0]["event_id"], chain["issue_event"])

    def test_backward_from_a_role_stands_the_key_behind_its_session(self):
        role = "role/stratus-red-team-ec2-get-password-data-role"
        back = reached(blast(role, INVICTUS, backward=True))
        self.assertIn(("credential", KEY), back)
        way = back[("credential", KEY)]
        self.assertEqual((way[0]["to"].rpartition(":")[2], way[-1]["from"]), (role, KEY))
        self.assertLessEqual(len(way), 2)  # no way is longer than key, session, role
        for step in way:
            self.assertTrue(step["file"] and step["line"] and step["event_id"], step)

    def test_a_session_that_was_used_reaches_what_it_acted_on(self):
        there = reached(blast("ASIATFQR7NSC36DZQP7P", INVICTUS, evidence="observed"))
        self.assertEqual(len(there[("resource", "sts.amazonaws.com")]), 1)
        # Each of the 29 calls of this one was refused: it reaches the role that it stands for.
        refused = reached(blast("ASIATFQR7NSCWLLE7IWW", INVICTUS, evidence="observed"))
        self.assertEqual([kind for kind, _ in refused], ["principal"])

    def test_nothing_is_observed_in_an_inventory_and_nothing_possible_in_use(self):
        role = "role/privesc-AssumeRole-starting-role"
        self.assertNotEqual(blast(role, ACCOUNT)["reached"], [])
        self.assertEqual(blast(role, ACCOUNT, evidence="observed,granted")["reached"], [])
        self.assertEqual(blast(KEY, INVICTUS, evidence="granted")["reached"], [])

    def test_the_chain_of_three_roles_is_walked_with_its_shortest_explanation(self):
        there = reached(blast("role/privesc-AssumeRole-starting-role", ACCOUNT,
                              evidence="possible"))
        names = {node.rsplit("/", 1)[-1]: way for (_, node), way in there.items()}
        for length, name in enumerate(("privesc-AssumeRole-intermediate-role",
                                       "privesc-AssumeRole-ending-role"), 1):
            self.assertEqual(len(names[name]), length, name)
        back = reached(blast("role/privesc-AssumeRole-ending-role", ACCOUNT, backward=True))
        start = next(way for (_, node), way in back.items()
                     if node.endswith("role/privesc-AssumeRole-starting-role"))
        self.assertEqual(len(start), 2)

    def test_folders_and_gzip_give_what_the_files_give(self):
        plain = blast(KEY, INVICTUS)
        with tempfile.TemporaryDirectory() as folder:
            packed = pathlib.Path(folder) / "deep/er"
            packed.mkdir(parents=True)
            for number, path in enumerate(sorted((INVICTUS / "CloudTrail").rglob("*.json*"))):
                data = path.read_bytes()
                data = gzip.decompress(data) if path.suffix == ".gz" else data
                (packed / f"{number}.json.gz").write_bytes(gzip.compress(data))
            self.assertEqual(set(reached(blast(KEY, folder))), set(reached(plain)))

    def test_logs_and_an_inventory_are_one_graph(self):
        account = json.loads(ACCOUNT.read_text())
        role = next(role["Arn"] for role in account["RoleDetailList"]
                    if role["RoleName"] == "privesc-AssumeRole-starting-role")
        number = role.split(":")[4]
        event = {"eventVersion": "1.08", "eventTime": "2026-10-01T10:00:00Z", "eventID": "e1",
                 "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets",
                 "sourceIPAddress": "192.0.2.1", "userAgent": "aws-cli/2",
                 "userIdentity": {
                     "type": "AssumedRole", "accessKeyId": "ASIASTART", "accountId": number,
                     "arn": f"arn:aws:sts::{number}:assumed-role/start/x", "sessionContext": {
                         "sessionIssuer": {"type": "Role", "arn": role, "accountId": number}}}}

        def ending(evidence):
            return [way for (_, node), way in reached(
                blast("ASIASTART", log, ACCOUNT, evidence=evidence)).items()
                if node.endswith("privesc-AssumeRole-ending-role")]

        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / "log.json"
            log.write_text(json.dumps(event))
            self.assertEqual([step["evidence"] for step in ending("possible,observed")[0]],
                             ["observed", "possible", "possible"])
            self.assertEqual((ending("observed"), ending("possible")), ([], []))


class Record(unittest.TestCase):
    def setUp(self):
        self.program = Program()
        self.addCleanup(self.program.__exit__)
        self.program.start()
        self.program.add_desk()

    def ask(self, *arguments):
        done = self.program.run("blast", *arguments, "-o", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_a_delegation_and_its_end_in_an_export_and_at_the_server(self):
        token = self.program.run("token", "--delegation", "kim-worker", "--resource",
                                 "https://desk.acme.example", identity=self.program.worker)
        self.assertEqual(token.returncode, 0, token.stderr)
        self.program.stop()
        export = self.program.write("export.ndjson", self.program.run(
            "audit", "export", self.program.data / "log").stdout)
        packed = pathlib.Path(export + ".gz")
        packed.write_bytes(gzip.compress(pathlib.Path(export).read_bytes()))
        self.program.start()
        server = ("--server", self.program.url)
        for source in ((export,), (str(packed),), server):
            there = reached(self.ask("kim-worker", *source, "--evidence", "granted"))
            self.assertIn(("resource", "https://desk.acme.example"), there)
            back = reached(self.ask("kim-worker", *source, "--backward"))
            self.assertIn(("principal", "agent:worker"), back)
            self.assertIn(("principal", "human:kim@acme.example"), back)
            for_kim = reached(self.ask("human:kim@acme.example", *source, "--backward"))
            self.assertIn(("principal", "agent:worker"), for_kim)
            self.assertIn(("delegation", "kim-worker"), for_kim)
        way = reached(self.ask("kim-worker", export))[("resource", "https://desk.acme.example")]
        origin = self.program.url.split("://")[1] + "/log/record#"
        self.assertTrue(way[0]["event_id"].startswith(origin), way)
        # What was issued under it is seen in the journal.
        used = reached(self.ask("agent:worker", export, "--evidence", "observed"))
        self.assertTrue(any(kind == "session" for kind, _ in used), used)
        self.program.json("revoke", "delegation", "kim-worker")
        self.program.stop()
        after = self.program.write("after.ndjson", self.program.run(
            "audit", "export", self.program.data / "log").stdout)
        self.assertEqual(reached(self.ask("kim-worker", after)), {})
        # The longer export of the same record goes on where the shorter one ends.
        self.assertEqual(reached(self.ask("kim-worker", export, after)), {})

    def test_an_export_without_its_beginning_is_said_and_grants_nothing(self):
        self.program.stop()
        lines = self.program.run("audit", "export", self.program.data / "log").stdout
        cut = self.program.write("cut.ndjson", "".join(lines.splitlines(keepends=True)[1:]))
        done = self.program.run("blast", "agent:worker", cut)
        self.assertEqual(done.returncode, 3)
        self.assertIn("expected 0 first", done.stderr)
        self.assertNotIn("granted", done.stdout)

    def test_a_server_that_is_away_or_refuses_is_told_of(self):
        away = self.program.run("blast", "x", "--server", "http://127.0.0.1:9")
        self.assertEqual(away.returncode, 3)
        self.assertIn("cannot reach", away.stderr)
        end = time.monotonic() + 10  # until the first checkpoint has something to read
        while True:
            refused = self.program.run("blast", "x", "--server", self.program.url,
                                       identity=self.program.worker)
            if "outside_authority" in refused.stderr:
                break
            self.assertLess(time.monotonic(), end, refused.stderr)
            time.sleep(0.2)
        self.assertEqual(refused.returncode, 1)
        self.assertEqual(mandate("blast", "x").returncode, 2)


class Hostile(unittest.TestCase):
    def test_names_of_logs_harm_no_form(self):
        for title, bad in hostile_test.HOSTILE.items():
            with self.subTest(title), tempfile.TemporaryDirectory() as folder:
                log = pathlib.Path(folder) / "trail.json"
                log.write_text(json.dumps(hostile_test.trail(bad)))
                key = next(iter(self.keys(log)))
                for form in ("text", "json", "dot", "graphml"):
                    done = mandate("blast", key, log, "-o", form)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.check(form, done.stdout)

    def keys(self, log):
        """As JSON has them, from whoever reaches the service."""
        answer = blast("iam.amazonaws.com", log, backward=True)
        return [node["id"] for node in answer["reached"] if node["kind"] == "credential"]

    def check(self, form, text):
        unseen = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        moved = {c for c in text if c != "\n" and unicodedata.category(c) in unseen}
        self.assertEqual(moved, set(), form)
        if form == "json":
            self.assertTrue(json.loads(text)["reached"])
        elif form == "graphml":
            xml.etree.ElementTree.fromstring(text)
        elif form == "dot" and shutil.which("dot"):
            subprocess.run(["dot", "-Tplain"], input=text, text=True, check=True,
                           capture_output=True, timeout=60)


if __name__ == "__main__":
    need_sets()
    unittest.main()
