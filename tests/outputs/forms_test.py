#!/usr/bin/env python3
"""What a scan writes, in every form, over the sets of ../shared: the fields that scripts rely on,
OCSF 1.8's required attributes and enumerations, SARIF 2.1.0's structure, one page that needs
nothing else.

    MANDATE_BIN=build/release/mandate tests/outputs/forms_test.py"""
import base64
import hashlib
import json
import re
import sys
import unittest

import page
from sets import SETS, SHARED, findings, mandate, need_sets

MEMBERS = ["id", "class", "rule", "severity", "confidence", "principal", "credential", "incident",
           "time", "evidence", "reach", "remedy"]
RANK = {"low": 0, "medium": 1, "high": 2, "critical": 3}

# Of OCSF 1.8.0, for the two classes: each attribute that must be there, what it may hold, and what
# its object must hold. A list is an enumeration, a type a type, a dictionary an object.
OCSF_COMMON = {
    "activity_id": [1], "activity_name": ["Create"], "category_uid": [2],
    "category_name": ["Findings"], "time": int, "severity_id": [2, 3, 4, 5],
    "severity": ["Low", "Medium", "High", "Critical"], "confidence_id": [1, 2, 3],
    "confidence": ["Low", "Medium", "High"], "status_id": [1], "status": ["New"], "message": str,
    "metadata": {"version": ["1.8.0"], "product": {"name": str, "vendor_name": str}},
    "finding_info": {"uid": str, "title": str, "analytic": {"uid": str, "type_id": [1]}},
    "remediation": {"desc": str}}
OCSF_CLASSES = {2004: {"class_name": ["Detection Finding"], "type_uid": [200401],
                       "is_alert": [True], "evidences": list},
                2008: {"class_name": ["IAM Analysis Finding"], "type_uid": [200801],
                       "user": {"uid": str}}}
# Of the class 2008 at least one.
OCSF_ANALYSES = ("access_analysis_result", "applications", "identity_activity_metrics",
                 "permission_analysis_results")
# Of each of `evidences` at least one.
OCSF_EVIDENCE = ("actor", "api", "data", "file", "resources", "src_endpoint", "user")
SEVERITY_IDS = {"low": 2, "medium": 3, "high": 4, "critical": 5}


def wrong(value, wanted, at=""):
    """What does not hold, by its place."""
    if isinstance(wanted, dict):
        if not isinstance(value, dict):
            return [f"{at} is no object"]
        return [each for name, of in wanted.items()
                for each in (wrong(value[name], of, f"{at}.{name}") if name in value
                             else [f"{at}.{name} is missing"])]
    if isinstance(wanted, list):
        same = any(value == one and type(value) is type(one) for one in wanted)
        return [] if same else [f"{at} is {value!r}"]
    return [] if isinstance(value, wanted) and not isinstance(value, bool) else [f"{at}: {value!r}"]


def wrong_in_ocsf(event):
    found = wrong(event, {**OCSF_COMMON, **OCSF_CLASSES[event["class_uid"]]})
    if event["class_uid"] == 2008:
        if not any(name in event for name in OCSF_ANALYSES):
            found.append("no analysis")
        for result in event.get("permission_analysis_results", []):
            found += wrong(result, {"policy": {"uid": str}}, "result")
    for evidence in event.get("evidences", []):
        if not any(name in evidence for name in OCSF_EVIDENCE):
            found.append("evidence of nothing")
    return found


def scanned(name, form):
    done = mandate("scan", "--output", form, SHARED / name)
    return done.stdout


class Ndjson(unittest.TestCase):
    def test_members_and_severities(self):
        table = json.loads(mandate("scan", "--rules", "--output", "json").stdout)
        rules = {rule["rule"]: rule for rule in table}
        seen = set()
        for name in SETS:
            for finding in findings(name):
                self.assertEqual(list(finding), MEMBERS)
                self.assertEqual(list(finding["reach"]), ["principals", "resources", "privileged"])
                for evidence in finding["evidence"]:
                    self.assertEqual(list(evidence), ["file", "line", "offset", "event_id"])
                rule = rules[finding["rule"]]
                seen.add(finding["rule"])
                self.assertEqual(finding["class"], rule["class"])
                least, most = rule["severity"]["least"], rule["severity"]["most"]
                self.assertLessEqual(RANK[least], RANK[finding["severity"]], finding["rule"])
                self.assertLessEqual(RANK[finding["severity"]], RANK[most], finding["rule"])
                if finding["remedy"]:
                    self.assertTrue(rule["delegation"], finding["rule"])
        self.assertGreater(len(seen), 25)


class Json(unittest.TestCase):
    def test_the_summary_counts_what_is_there(self):
        for name in ("invictus-aws", "cloudsplaining"):
            whole = json.loads(scanned(name, "json"))
            lines = findings(name)
            self.assertEqual([{key: each[key] for key in MEMBERS} for each in whole["findings"]],
                             lines)
            summary = whole["summary"]
            self.assertEqual(summary["findings"], len(lines))
            self.assertEqual(sum(summary["classes"].values()), len(lines))
            self.assertEqual(summary["incidents"], len({each["incident"] for each in lines}))
            told = [one for each in whole["incidents"] for one in each["findings"]]
            self.assertEqual(sorted(told), sorted(each["id"] for each in lines))
            ranks = [RANK[each["severity"]] for each in whole["incidents"]]
            self.assertEqual(ranks, sorted(ranks, reverse=True))

    def test_controls_are_the_rules_own(self):
        whole = json.loads(scanned("invictus-aws", "json"))
        controls = whole["summary"]["controls"]
        self.assertEqual([each["id"] for each in controls["owasp_nhi"]],
                         [f"NHI{n}" for n in range(1, 11)])
        for framework in ("owasp_nhi", "nist_csf", "nist_sp_800_207"):
            count = sum(each["findings"] for each in controls[framework])
            self.assertEqual(count, len(whole["findings"]), framework)
        by_id = {each["id"]: each for each in controls["owasp_nhi"]}
        rules = [each["rule"] for each in whole["findings"]]
        self.assertEqual(by_id["NHI10"]["findings"],
                         sum(rules.count(rule) for rule in by_id["NHI10"]["rules"]))

    def test_a_path_leads_from_who_began(self):
        whole = json.loads(scanned("invictus-aws", "json"))
        stolen = next(each for each in whole["findings"]
                      if each["rule"] == "machine_session_elsewhere")
        steps = {(step["from"], step["how"], step["to"]) for step in stolen["path"]}
        self.assertIn((stolen["credential"], "acts as", stolen["principal"]), steps)
        chain = json.loads(scanned("cloudsplaining", "json"))
        long = [each for each in chain["findings"]
                if each["rule"] == "aws_role_chain" and len(each["path"]) > 1]
        self.assertTrue(long)
        for each in long:
            for before, after in zip(each["path"], each["path"][1:]):
                self.assertEqual(before["to"], after["from"])


class Ocsf(unittest.TestCase):
    def test_each_line_holds_what_its_class_requires(self):
        classes = set()
        for name in SETS:
            lines = scanned(name, "ocsf").splitlines()
            of = findings(name)
            self.assertEqual(len(lines), len(of), name)
            for line, finding in zip(lines, of):
                event = json.loads(line)
                self.assertEqual(wrong_in_ocsf(event), [], line[:300])
                self.assertEqual(event["finding_info"]["uid"], finding["id"])
                self.assertEqual(event["severity_id"], SEVERITY_IDS[finding["severity"]])
                self.assertEqual(event["metadata"]["correlation_uid"], finding["incident"])
                self.assertEqual(event["unmapped"]["remedy"], finding["remedy"])
                is_log = finding["rule"].split("_")[0] not in ("aws", "k8s", "oauth")
                self.assertEqual(event["class_uid"], 2004 if is_log else 2008)
                classes.add(event["class_uid"])
        self.assertEqual(classes, {2004, 2008})

    def test_the_check_sees_what_lacks(self):
        event = json.loads(scanned("invictus-aws", "ocsf").splitlines()[0])
        for change in ({"type_uid": 200402}, {"severity_id": 7}, {"severity_id": "4"},
                       {"metadata": {"version": "1.8.0"}}, {"evidences": [{"uid": "x"}]}):
            self.assertTrue(wrong_in_ocsf({**event, **change}), change)
        lacking = dict(event)
        del lacking["finding_info"]
        self.assertTrue(wrong_in_ocsf(lacking))


class Sarif(unittest.TestCase):
    def test_results_stand_in_their_places(self):
        for name in ("invictus-aws", "cloudsplaining"):
            log = json.loads(scanned(name, "sarif"))
            self.assertEqual(log["version"], "2.1.0")
            (run,) = log["runs"]
            driver, (taxonomy,) = run["tool"]["driver"], run["taxonomies"]
            taxa = {taxon["id"] for taxon in taxonomy["taxa"]}
            self.assertEqual(len(taxa), 10)
            self.assertEqual(driver["supportedTaxonomies"],
                             [{"name": taxonomy["name"], "index": 0}])
            for rule in driver["rules"]:
                self.assertTrue(rule["shortDescription"]["text"])
                self.assertIn(rule["defaultConfiguration"]["level"], ("note", "warning", "error"))
                for relationship in rule["relationships"]:
                    self.assertIn(relationship["target"]["id"], taxa)
                    self.assertEqual(relationship["target"]["toolComponent"]["name"],
                                     taxonomy["name"])
            of = {finding["id"]: finding for finding in findings(name)}
            self.assertEqual(len(run["results"]), len(of))
            for result in run["results"]:
                finding = of[result["partialFingerprints"]["mandateFinding/v1"]]
                self.assertEqual(driver["rules"][result["ruleIndex"]]["id"], result["ruleId"])
                self.assertEqual(result["ruleId"], finding["rule"])
                self.assertIn(result["level"], ("note", "warning", "error"))
                self.assertTrue(result["message"]["text"])
                self.assertTrue(all(taxon["id"] in taxa for taxon in result["taxa"]))
                places = [each["physicalLocation"] for each in
                          [*result["locations"], *result.get("relatedLocations", [])]]
                self.assertEqual(len(places), len(finding["evidence"]))
                for place, evidence in zip(places, finding["evidence"]):
                    self.assertRegex(place["artifactLocation"]["uri"],
                                     r"\A(?:[A-Za-z0-9._~/:-]|%[0-9A-F]{2})+\Z")
                    self.assertEqual(place["region"]["byteOffset"], evidence["offset"])
                    self.assertEqual(place["region"]["startLine"], evidence["line"])
                    self.assertGreaterEqual(evidence["line"], 1)


class Html(unittest.TestCase):
    def test_one_page_that_needs_nothing_else(self):
        for name in SETS:
            text = scanned(name, "html")
            read = page.read(text)
            style = re.search(r"<style>(.*?)</style>", text, re.S).group(1)
            digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
            self.assertIn(f"default-src 'none'; style-src 'sha256-{digest}'", read.policy,
                          "kScanStyleHash has to be this")
            self.assertEqual(read.problems, [])
            self.assertNotRegex(style, r"url\(|@import")
            for finding in findings(name):
                self.assertIn(f"f-{finding['id']}", read.ids)
            self.assertTrue(read.ids == [] or "svg" in read.elements, name)


if __name__ == "__main__":
    need_sets()
    sys.exit(unittest.main())
