#!/usr/bin/env python3
"""One log as different tools export it: the same finding each time, with its line and offset in the
file as it lies there; what is damaged in an export is said."""

import base64
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from testing.program import BIN  # noqa: E402

FOUND, COULD_NOT = 1, 3
RULE = {"CreationTime": "2026-01-02T03:04:05", "Id": "i1", "Operation": "New-InboxRule",
        "RecordType": 1, "ResultStatus": "True", "UserType": 0, "Workload": "Exchange",
        "UserId": "ann@acme.example", "ClientIP": "192.0.2.7",
        "Parameters": [{"Name": "ForwardTo", "Value": "a \"b\", ünï@other.example"}]}
READ = {**RULE, "Id": "i0", "Operation": "Get-Mailbox", "Parameters": []}
TEXTS = [json.dumps(record, ensure_ascii=False) for record in (READ, RULE)]


def csv(texts):
    rows = ["RecordId,AuditData,More"]
    rows += ['{},"{}",x'.format(i, text.replace('"', '""')) for i, text in enumerate(texts)]
    return "\r\n".join(rows) + "\r\n"


def lines(prefix="", wrap=lambda text: text):
    return "".join(f"{prefix}{wrap(text)}\n" for text in TEXTS)


def wrapped(**members):
    return lambda text: json.dumps({key: text if value == "text" else value(json.loads(text))
                                    for key, value in members.items()}, ensure_ascii=False)


# name: (the file's bytes, the line of the finding's record)
EXPORTS = {
    "ndjson": (lines().encode(), 2),
    "array": (f"[{','.join(TEXTS)}]".encode(), 1),
    "syslog": (lines("Jan  2 03:04:05 mail m365[7]: ").encode(), 2),
    "cri": (lines("2026-01-02T03:04:05.000000001Z stdout F ").encode(), 2),
    "csv": (csv(TEXTS).encode(), 3),
    "csv-bom": (b"\xef\xbb\xbf" + csv(TEXTS).encode(), 3),
    "csv-gz": (gzip.compress(csv(TEXTS).encode()), 3),
    "search": (json.dumps([{"AuditData": text} for text in TEXTS]).encode(), 1),
    "splunk": (lines(wrap=wrapped(result=lambda r: {"_raw": json.dumps(r)})).encode(), 2),
    "collector": (lines(wrap=wrapped(event=lambda r: r)).encode(), 2),
    "bus": (lines(wrap=wrapped(detail=lambda r: r)).encode(), 2),
    "elastic": (json.dumps({"hits": {"hits": [
        {"_source": {"event": {"original": text}}} for text in TEXTS]}}).encode(), 1),
    "cloudwatch": (json.dumps({"events": [{"message": text} for text in TEXTS]}).encode(), 1),
    "utf16": (lines().encode("utf-16"), 2),
    "utf16-big": (b"\xfe\xff" + lines().encode("utf-16-be"), 2),
    "utf16-gz": (gzip.compress(csv(TEXTS).encode("utf-16")), 3),
}


def scan(folder, name, content, *options):
    path = folder / name
    path.write_bytes(content)
    return subprocess.run([BIN, "scan", "--output", "ndjson", *options, str(path)],
                          capture_output=True, timeout=60)


class Exports(unittest.TestCase):
    def setUp(self):
        self.held = tempfile.TemporaryDirectory(prefix="mandate-exports-")
        self.addCleanup(self.held.cleanup)
        self.folder = pathlib.Path(self.held.name)

    def test_each_export_gives_the_same_finding(self):
        for name, (content, line) in EXPORTS.items():
            with self.subTest(name):
                done = scan(self.folder, name, content)
                self.assertEqual(done.returncode, FOUND, done.stderr)
                findings = [json.loads(row) for row in done.stdout.splitlines()]
                self.assertEqual([f["rule"] for f in findings], ["trust_widened"])
                evidence = findings[0]["evidence"]
                self.assertEqual([(e["event_id"], e["line"]) for e in evidence], [("i1", line)])
                self.assertIn(b"read 2 events in 1 files", done.stderr)

    def test_the_offset_leads_to_the_record(self):
        for name in ("ndjson", "array", "syslog", "cri", "csv", "splunk", "collector", "bus"):
            content = EXPORTS[name][0]
            with self.subTest(name):
                finding = json.loads(scan(self.folder, name, content).stdout)
                offset = finding["evidence"][0]["offset"]
                rest = content[offset:].decode().splitlines()[0]
                self.assertIn("i1", rest)
                self.assertNotIn("i0", rest)

    def test_a_line_without_a_record_is_counted_and_the_rest_read(self):
        content = EXPORTS["syslog"][0] + b"Jan  2 03:04:06 mail m365[7]: stopped\n"
        done = scan(self.folder, "log", content)
        self.assertEqual(done.returncode, COULD_NOT)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.assertIn(b"1 skipped, not an object, the first at byte", done.stderr)

    def test_half_a_character_of_utf16_is_replaced(self):
        lone = lines().encode("utf-16-le").replace("ü".encode("utf-16-le"), b"\x00\xd8")
        for content in (b"\xff\xfe" + lone, b"\xff\xfe" + lines().encode("utf-16-le") + b"\x00"):
            done = scan(self.folder, "log", content)
            self.assertEqual(len(done.stdout.splitlines()), 1, done.stderr)
            self.assertIn(b"read 2 events in 1 files", done.stderr)

    def test_what_is_wrapped_is_text_and_never_decoded_further(self):
        hidden = base64.b64encode(TEXTS[1].encode()).decode()
        done = scan(self.folder, "log", json.dumps({"data": hidden}).encode() + b"\n")
        self.assertEqual(done.returncode, COULD_NOT)
        self.assertEqual(done.stdout, b"")

    def test_a_large_file_of_utf16_is_the_same_to_all_threads(self):
        count = 60_000  # more than two pieces of a file
        content = b"\xff\xfe" + "".join(
            lines().replace('"i', f'"i{n}-') for n in range(count)).encode("utf-16-le")
        self.assertGreater(len(content), 40 << 20)
        done = scan(self.folder, "log", content, "--threads", "2")
        self.assertIn(f"read {2 * count} events in 1 files".encode(), done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
