#!/usr/bin/env python3
"""Every remedy passes the real `mandate apply --dry-run`; `mandate propose` refuses nothing of what
was observed, and says how much of an inventory's grant it refuses.

    MANDATE_BIN=build/release/mandate tests/outputs/propose_test.py"""
import json
import pathlib
import sys
import tempfile
import unittest

from sets import SETS, SHARED, findings, mandate, need_sets

from program import Program

LEAST = {"invictus-aws": 3, "stratus": 1, "falco-k8s": 0}  # remedies, as far as the logs show use


class Proposing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.program = Program()
        cls.program.start()

    @classmethod
    def tearDownClass(cls):
        cls.program.__exit__()

    def differences(self, document, *options):
        name = self.program.write("remedy.json", document)
        return self.program.json("apply", "-f", name, *options)

    def test_each_remedy_passes_a_dry_run(self):
        for name in SETS:
            remedies = [finding["remedy"] for finding in findings(name) if finding["remedy"]]
            with self.subTest(name):
                self.assertGreaterEqual(len(remedies), LEAST.get(name, 0))
                for remedy in remedies:
                    self.assertTrue(remedy["delegations"])
                    self.assertTrue(self.differences(remedy, "--dry-run")["differences"])

    def test_a_remedy_that_names_nobody_does_not_pass(self):
        remedy = next(each["remedy"] for each in findings("invictus-aws") if each["remedy"])
        remedy["principals"] = []
        done = self.program.run("apply", "-f", self.program.write("bad.json", remedy), "--dry-run")
        self.assertEqual(done.returncode, 1, done)

    def test_a_set_as_one_document_is_applied_once(self):
        out = pathlib.Path(self.program.folder) / "proposed.json"
        done = mandate("propose", SHARED / "invictus-aws", "--out", out, "--output", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["document"], json.loads(out.read_text()))
        self.assertEqual(answer["comparison"]["observed"]["refused"], 0)
        self.assertGreater(answer["comparison"]["observed"]["pairs"], 100)
        self.assertIsNone(answer["comparison"]["granted"])
        self.assertTrue(self.differences(answer["document"])["differences"])
        self.assertEqual(self.differences(answer["document"])["differences"], [])

    def test_one_finding_or_one_principal(self):
        of = [each for each in findings("invictus-aws") if each["remedy"]]
        done = mandate("propose", SHARED / "invictus-aws", "--finding", of[0]["id"][:8],
                       "--output", "json")
        answer = json.loads(done.stdout)
        self.assertEqual(answer["findings"], [of[0]["id"]])
        self.assertEqual(answer["document"], of[0]["remedy"])
        person = of[0]["principal"].rsplit("/", 1)[1]
        done = mandate("propose", SHARED / "invictus-aws", "--principal", person)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["delegations"], of[0]["remedy"]["delegations"])
        self.assertIn("it would have refused 0 of", done.stderr)

    def test_what_is_no_delegation_says_what_to_do(self):
        of = next(each for each in findings("invictus-aws") if each["rule"] == "trust_root_added")
        done = mandate("propose", SHARED / "invictus-aws", "--finding", of["id"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("bind what it vouches for", done.stderr)
        done = mandate("propose", SHARED / "invictus-aws", "--finding", "nothing")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no finding of that name", done.stderr)
        done = mandate("propose", SHARED / "invictus-aws", "--finding", "a", "--principal", "b")
        self.assertEqual(done.returncode, 2)

    def test_an_inventorys_grant_is_counted(self):
        """One role with more than it used: an inventory and a log of the same account."""
        role = "arn:aws:iam::111122223333:role/deployer"
        statement = {"Effect": "Allow", "Action": ["iam:*", "s3:GetObject", "s3:PutObject"],
                     "Resource": "*"}
        inventory = {"UserDetailList": [], "Policies": [], "RoleDetailList": [{
            "RoleName": "deployer", "Arn": role, "Path": "/", "RoleId": "AROAEXAMPLE",
            "CreateDate": "2026-01-01T00:00:00Z", "AttachedManagedPolicies": [],
            "AssumeRolePolicyDocument": {"Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"Service": "ec2.amazonaws.com"}}]},
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": {"Statement": [statement]}}]}]}
        event = {"eventVersion": "1.08", "eventTime": "2026-10-01T10:00:00Z", "eventID": "e-1",
                 "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
                 "sourceIPAddress": "10.0.0.5", "userAgent": "aws-sdk-go-v2",
                 "userIdentity": {
                     "type": "AssumedRole", "accessKeyId": "ASIAEXAMPLE",
                     "accountId": "111122223333", "principalId": "AROAEXAMPLE:i-0123456789abcdef0",
                     "arn": "arn:aws:sts::111122223333:assumed-role/deployer/i-0123456789abcdef0",
                     "sessionContext": {"sessionIssuer": {"arn": role, "type": "Role"}}}}
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "iam.json").write_text(json.dumps(inventory))
            (folder / "trail.json").write_text(json.dumps({"Records": [event]}))
            done = mandate("propose", folder, "--principal", "deployer", "--output", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["comparison"]["observed"], {"pairs": 1, "refused": 0})
        self.assertEqual(answer["comparison"]["granted"], {"pairs": 3, "refused": 2})
        self.assertTrue(self.differences(answer["document"], "--dry-run")["differences"])


if __name__ == "__main__":
    need_sets()
    sys.exit(unittest.main())
