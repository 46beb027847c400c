#!/usr/bin/env python3
"""tools/score counts what it says it counts: small labels and findings, made up, each with its
twin."""
import hashlib
import importlib.machinery
import importlib.util
import json
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "score"
LOADER = importlib.machinery.SourceFileLoader("score_tool", str(TOOL))
SPEC = importlib.util.spec_from_loader("score_tool", LOADER)
tool = sys.modules["score_tool"] = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(tool)

CLASS_NAMES = {of: name for name, of in tool.CLASSES.items()}


def label(each, of, kind, unit="event"):
    return {"id": each, "class": of, "label": kind, "unit": unit}


def finding(of, cites, incident="one", credential=""):
    return tool.Finding(of, "a_rule", incident, credential, frozenset(cites),
                        tuple(f"log.json {each}" for each in cites))


LABELS = [label("stolen", "C3", "pos"), label("used", "C3", "pos"), label("usual", "C3", "neg"),
          label("reset", "C4", "pos"), label("key", "C1", "pos", "credential"),
          label("renamed", "identity", "trap"), label("stolen", "C1", "neg")]


def row(scored, of, grain="event"):
    return next(each for each in scored.rows if (each["class"], each["grain"]) == (of, grain))


class Counting(unittest.TestCase):
    def test_found_and_missed(self):
        scored = tool.score(LABELS, [finding("C3", ["stolen"])])
        self.assertEqual(row(scored, "C3")["found"], 1)
        self.assertEqual(row(scored, "C3")["missed"], ["used"])
        self.assertEqual(row(scored, "C4")["missed"], ["reset"])

    def test_another_class_finds_nothing(self):
        scored = tool.score(LABELS, [finding("C4", ["stolen", "used"])])
        self.assertEqual(row(scored, "C3")["found"], 0)

    def test_a_negative_is_cited_by_its_class(self):
        scored = tool.score(LABELS, [finding("C3", ["stolen", "usual"])])
        self.assertEqual(row(scored, "C3")["negatives_cited"], ["usual"])
        self.assertEqual(scored.negatives, [{"class": "C3", "id": "usual"}])

    def test_a_mere_negative_is_cited_by_any_class(self):
        scored = tool.score(LABELS, [finding("C4", ["usual"])])
        self.assertEqual(row(scored, "C3")["cited"], 1)

    def test_a_negative_that_another_class_holds_positive_is_not(self):
        scored = tool.score(LABELS, [finding("C3", ["stolen"])])
        self.assertEqual(row(scored, "C1")["cited"], 0)
        scored = tool.score(LABELS, [finding("C1", ["stolen"])])
        self.assertEqual(row(scored, "C1")["cited"], 1)

    def test_a_credential_is_what_a_finding_names(self):
        scored = tool.score(LABELS, [finding("C1", ["x"], credential="key")])
        self.assertEqual(row(scored, "C1", "credential")["found"], 1)
        scored = tool.score(LABELS, [finding("C3", ["key"], credential="key")])
        self.assertEqual(row(scored, "C1", "credential")["missed"], ["key"])

    def test_an_incident_without_a_positive_is_false(self):
        scored = tool.score(LABELS, [finding("C3", ["usual"], "a"), finding("C4", ["new"], "b"),
                                     finding("C3", ["stolen", "usual"], "c")])
        self.assertEqual(scored.incidents,
                         [{"class": "C3", "incidents": 2, "false": 1, "unlabelled": 0},
                          {"class": "C4", "incidents": 1, "false": 1, "unlabelled": 1}])
        self.assertEqual([each["unlabelled"] for each in scored.false], [True, False])

    def test_one_positive_of_any_class_makes_an_incident_true(self):
        scored = tool.score(LABELS, [finding("C3", ["new"]), finding("C4", ["reset"])])
        self.assertEqual(scored.false, [])

    def test_nothing_found(self):
        scored = tool.score(LABELS, [])
        self.assertEqual(row(scored, "C3")["found"], 0)
        self.assertEqual((scored.incidents, scored.false, scored.negatives), ([], [], []))


class Requirements(unittest.TestCase):
    def met(self, findings, parse=None, chains=True, **row_):
        return tool.met(row_, tool.score(LABELS, findings), findings, parse, chains) is None

    def test_found(self):
        want = dict(kind="found", of="C3", grain="event")
        self.assertTrue(self.met([finding("C3", ["stolen", "used"])], **want))
        self.assertFalse(self.met([finding("C3", ["stolen"])], **want))
        self.assertTrue(self.met([finding("C3", ["stolen"])], ids="sto.*", **want))
        self.assertFalse(self.met([], kind="found", of="C2", grain="event"))

    def test_silent(self):
        self.assertFalse(self.met([finding("C3", ["usual"])], kind="silent", of="C3"))
        self.assertFalse(self.met([finding("C3", ["usual"])], kind="silent", of=None))
        self.assertTrue(self.met([finding("C3", ["used"])], kind="silent", of=None))

    def test_true(self):
        self.assertTrue(self.met([finding("C3", ["used"])], kind="true"))
        self.assertFalse(self.met([finding("C3", ["new"])], kind="true"))

    def test_together(self):
        want = dict(kind="together", ids=["stolen", "used"])
        self.assertTrue(self.met([finding("C3", ["stolen", "used", "new"])], **want))
        self.assertFalse(self.met([finding("C3", ["stolen"]), finding("C3", ["used"])], **want))

    def test_unnamed(self):
        self.assertFalse(self.met([finding("C5", ["sa-fail"])], kind="unnamed", ids=".*-fail"))
        self.assertTrue(self.met([finding("C5", ["sa-failing"])], kind="unnamed", ids=".*-fail"))

    def test_chains(self):
        self.assertTrue(self.met([], kind="chains"))
        self.assertFalse(self.met([], chains=False, kind="chains"))

    def test_parsed(self):
        parse = {"events": 9, "repeats": 1, "skipped": {"set/Other.jsonl": 2}}
        self.assertFalse(self.met([], parse, kind="parsed"))
        self.assertTrue(self.met([], parse, kind="parsed", files=("Ours",)))
        self.assertFalse(self.met([], parse, kind="parsed", files=("Other",)))
        self.assertTrue(self.met([], parse, kind="parsed", files=("Ours",), events=10))
        self.assertFalse(self.met([], parse, kind="parsed", files=("Ours",), events=11))


class Names(unittest.TestCase):
    def test_inventory_subjects(self):
        for said, name in [("arn:aws:iam::1:role/path/deploy", "deploy"),
                           ("arn:aws:iam::1:role/deploy@v2", "deploy"),
                           ("ServiceAccount/prod/web", "system:serviceaccount:prod:web"),
                           ("system:node:*", "system:node:*")]:
            self.assertEqual(tool.named(said), name)

    def test_a_finding_of_an_inventory_cites_its_subject(self):
        line = {"class": CLASS_NAMES["C5"], "rule": "r", "incident": "i", "credential": None,
                "principal": "arn:aws:iam::1:role/deploy", "time": None,
                "evidence": [{"file": "a", "line": 1, "offset": 0, "event_id": "arn:x:policy/p"}]}
        self.assertEqual(tool.finding_of("cloudsplaining", pathlib.Path(), json.dumps(line)).cites,
                         {"deploy", "p"})

    def test_a_workspace_activity_by_place(self):
        def activity(name, time):
            return json.dumps({"id": {"uniqueQualifier": "7", "time": time},
                               "events": [{"name": name}]})

        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "login.json"
            first = activity("entré", "2022-01-01T00:00:00.000Z")
            path.write_text(f"[{first},{activity('left', '2022-01-02T00:00:00.000Z')}]")
            second = 2 + len(first.encode())
            self.assertEqual(set(tool.workspace_activity(path, second)),
                             {"login:7:left", "login:7:left@2022-01-02T00:00:00"})


class Staging(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data = pathlib.Path(folder.name) / "data"
        lines = json.dumps(label("the stratus-red-team", "C1", "pos")) + "\n"
        frozen = hashlib.sha256(lines.encode()).hexdigest()
        for name in tool.SETS:
            (self.data / name).mkdir(parents=True)
            (self.data / name / "labels.jsonl").write_text(lines)
        (self.data / "labels.sha256").write_text("".join(
            f"{frozen}  {name}/labels.jsonl\n" for name in tool.SETS))

    def test_the_giveaway_is_replaced_in_data_and_labels(self):
        source = self.data / "stratus"
        (source / "log.json").write_text("by stratus-red-team, by stratus-red-team_1")
        for replaced, log, first in [(False, "by stratus-red-team, by stratus-red-team_1",
                                      "the stratus-red-team"), (True, "by x, by x_1", "the x")]:
            with tempfile.TemporaryDirectory() as folder:
                rows, _ = tool.staged(source, pathlib.Path(folder), replaced)
                copied = sorted(pathlib.Path(folder).rglob("*.json*"))
                self.assertEqual([path.name for path in copied], ["log.json"])
                self.assertEqual((copied[0].read_text(), rows[0]["id"]), (log, first))

    def test_changed_labels_are_refused(self):
        self.assertIsNone(tool.frozen_differently(self.data))
        with open(self.data / "gws" / "labels.jsonl", "a") as file:
            file.write("\n")
        self.assertEqual(tool.frozen_differently(self.data), "gws/labels.jsonl")

    def test_labels_that_nobody_froze_are_refused(self):
        frozen = self.data / "labels.sha256"
        frozen.write_text("".join(frozen.read_text().splitlines(keepends=True)[1:]))
        self.assertEqual(tool.frozen_differently(self.data), f"{tool.SETS[0]}/labels.jsonl")


if __name__ == "__main__":
    unittest.main()
