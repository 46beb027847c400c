#!/usr/bin/env python3
"""Logs and inventories whose every text is hostile: to a terminal, to a page, to a spreadsheet, to
a line of JSON. They are found all the same, and harm no form.

    MANDATE_BIN=build/release/mandate tests/outputs/hostile_test.py"""
import json
import pathlib
import sys
import tempfile
import unicodedata
import unittest

import page
from sets import mandate

HOSTILE = {
    "terminal": "\x1b]0;owned\x07\x1b[2J\x9b31m\r\b",
    "line": "a\nincident 00000000  CRITICAL, 9 findings\n",
    "markup": "</code></script><script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": "\" onmouseover=\"alert(1)\" x='",
    "reference": "&lt;b&gt;&#x3c;",
    "formula": "=HYPERLINK(\"http://x.example\",\"y\")",
    "formula_at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "bidi": "\u202egnp.exe\u2066\u200b\ufeff",
    "link": "[click](http://x.example) [1](2)",
    "policy": "'; script-src *; \u2028\u2029",
    "long": "x" * 5000,
}


def trail(bad):
    """A person's key driven by software, a key made for another, trust given away: every text of
    it is the hostile one, made distinct."""
    arn = f"arn:aws:iam::111122223333:user/{bad}"

    def event(number, name, source="10.0.0.5", agent="aws-sdk-go-v2", **more):
        return {"eventVersion": "1.08", "eventTime": f"2026-10-01T10:{number:02}:00Z",
                "eventID": f"{bad}{number}", "eventSource": "iam.amazonaws.com",
                "eventName": name, "sourceIPAddress": source, "userAgent": agent,
                "userIdentity": {"type": "IAMUser", "arn": arn, "accessKeyId": f"AKIA{bad}",
                                 "accountId": "111122223333", "principalId": f"AIDA{bad}"}, **more}

    calls = [event(n, f"List{bad}") for n in range(15)]
    console = event(20, "ConsoleLogin", agent="Mozilla/5.0 (X11) Firefox/1.0",
                    responseElements={"ConsoleLogin": "Success"},
                    additionalEventData={"MFAUsed": "Yes"})
    console["userIdentity"].pop("accessKeyId")
    made = event(30, "CreateAccessKey", requestParameters={"userName": f"{bad}2"},
                 responseElements={"accessKey": {"accessKeyId": f"AKIA2{bad}",
                                                 "userName": f"{bad}2"}})
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::999988887777:role/{bad}"},
        "Action": "sts:AssumeRole"}]}
    trusted = event(40, "UpdateAssumeRolePolicy",
                    requestParameters={"roleName": bad, "policyDocument": json.dumps(trust)})
    return {"Records": [*calls, console, made, trusted]}


def inventory(bad):
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"},
                            "Action": "sts:AssumeRole"}]}
    return {"UserDetailList": [], "Policies": [], "RoleDetailList": [{
        "RoleName": bad, "Arn": f"arn:aws:iam::111122223333:role/{bad}", "Path": "/",
        "RoleId": "AROAEXAMPLE", "CreateDate": "2026-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": trust, "AttachedManagedPolicies": [],
        "RolePolicyList": [{"PolicyName": bad, "PolicyDocument": {"Statement": [{
            "Effect": "Allow", "Action": "*", "Resource": "*"}]}}]}]}


class Hostile(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def written(self, name, bad):
        """A folder of both files, whose own names are hostile as far as a file system allows."""
        folder = pathlib.Path(self.folder.name) / name
        folder.mkdir(exist_ok=True)
        ending = bad.replace("/", "_")[:40]
        for kind, content in (("trail", trail(bad)), ("iam", inventory(bad))):
            (folder / f"{kind}{ending}.json").write_text(json.dumps(content))
        return folder

    def each(self, form):
        for name, bad in HOSTILE.items():
            with self.subTest(name):
                done = mandate("scan", "--output", form, self.written(name, bad))
                self.assertEqual(done.returncode, 1, done.stderr)
                yield name, bad, done

    def assert_unmoved(self, text):
        """Nothing in it moves a cursor, hides, or turns the reading direction."""
        unseen = ("Cc", "Cf", "Zl", "Zp")
        moved = {c for c in text if c != "\n" and unicodedata.category(c) in unseen}
        self.assertEqual(moved, set())

    def test_a_terminal_shows_what_is_there(self):
        for name, bad, done in self.each("text"):
            self.assert_unmoved(done.stdout)
            self.assert_unmoved(done.stderr)
            incidents = [line for line in done.stdout.splitlines() if line.startswith("incident ")]
            whole = json.loads(mandate("scan", "--output", "json", self.written(name, bad)).stdout)
            self.assertEqual(len(incidents), whole["summary"]["incidents"])
            self.assertFalse([line for line in done.stdout.splitlines()
                              if line[:1] in ("=", "+", "-", "@")])

    def test_lines_of_json_stay_lines(self):
        for form in ("ndjson", "ocsf"):
            for name, bad, done in self.each(form):
                self.assertTrue(done.stdout.isascii())
                for line in done.stdout.splitlines():
                    self.assertTrue(json.loads(line))
                self.assert_unmoved(done.stdout)
                texts = json.dumps([json.loads(line) for line in done.stdout.splitlines()])
                self.assertIn(json.dumps(bad)[1:-1], texts, "the text itself is kept")

    def test_sarif_makes_no_link_of_it(self):
        for name, bad, done in self.each("sarif"):
            (run,) = json.loads(done.stdout)["runs"]
            self.assertTrue(run["results"])
            for result in run["results"]:
                self.assertNotRegex(result["message"]["text"], r"(?<!\\)\[")
                for place in result["locations"]:
                    uri = place["physicalLocation"]["artifactLocation"]["uri"]
                    self.assertRegex(uri, r"\A(?:[A-Za-z0-9._~/:-]|%[0-9A-F]{2})+\Z")

    def test_a_page_holds_it_as_text(self):
        for name, bad, done in self.each("html"):
            read = page.read(done.stdout)
            self.assertEqual(read.problems, [])
            self.assertTrue(read.policy.startswith("default-src 'none'; style-src 'sha256-"))
            self.assertNotIn("script-src", read.policy)
            self.assert_unmoved(done.stdout)
            if name in ("markup", "attribute", "reference"):
                self.assertIn(bad, read.text)
            self.assertFalse([cell for cell in read.cells if cell[:1] in ("=", "+", "-", "@")])

    def test_a_proposal_is_one_that_apply_can_read(self):
        for name, bad, done in self.each("ndjson"):
            remedies = [json.loads(line)["remedy"] for line in done.stdout.splitlines()]
            self.assertTrue(any(remedies))
            for remedy in filter(None, remedies):
                ids = [each["id"] for each in remedy["principals"]]
                self.assertTrue(all(len(each) < 256 for each in ids))
            told = mandate("propose", self.written(name, bad), "--out",
                           pathlib.Path(self.folder.name) / "out.json")
            self.assertEqual(told.returncode, 0, told.stderr)
            self.assertIn("it would have refused 0 of", told.stderr)
            self.assert_unmoved(told.stderr)


if __name__ == "__main__":
    sys.exit(unittest.main())
