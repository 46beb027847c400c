#!/usr/bin/env python3
"""docs/openapi.json against the program: it names the routes of the table, all of them and no
other; each of them is there; and what the real server answers is what it says.

    MANDATE_BIN=build/release/mandate tests/operators/openapi_test.py"""
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "testing"))
from program import DESK, SKIPPED, Program, need  # noqa: E402

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("python3-jsonschema is missing; run tools/setup test", file=sys.stderr)
    sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)

API = json.loads((SOURCE / "docs/openapi.json").read_text())
FORM = "application/x-www-form-urlencoded"


def described():
    return {(method.upper(), path) for path, item in API["paths"].items() for method in item}


def check_table():
    source = (SOURCE / "mandate/http/server/route_table.cc").read_text()
    table = set(re.findall(r'\{"([A-Z]+)", "([^"]+)"\}', source))
    assert len(table) > 20 and table == described(), table ^ described()
    # Each reference leads somewhere, each schema is one and is used.
    text = json.dumps(API)
    used = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert used == set(API["components"]["schemas"]), used ^ set(API["components"]["schemas"])
    for schema in API["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for path, item in API["paths"].items():
        for operation in item.values():
            named = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert named == set(re.findall(r"\{([^}]+)\}", path)), path


def schema_of(method, path, status):
    responses = API["paths"][path][method.lower()]["responses"]
    response = responses.get(str(status), responses["default"])
    content = response.get("content")
    if content is None:
        return None
    schema = content["application/json"]["schema"]
    return {**schema, "components": API["components"]}


class World(Program):
    def ask(self, method, target, body=None, signed=True, kind="application/json"):
        headers = []
        if signed:
            url = self.url + target.split("?")[0]
            done = self.run("token", "--resource", self.url, "--request", method, "--url", url)
            assert done.returncode == 0, done
            headers = ["-H", f"@{self.write('headers', done.stdout)}"]
        data = [] if body is None else ["-H", f"Content-Type: {kind}", "--data-binary", body]
        done = subprocess.run(["curl", "-s", "-S", "--max-time", "10", "-X", method, *headers,
                               *data, "-w", "\n%{http_code}", self.url + target],
                              capture_output=True, text=True, timeout=20, check=True)
        text, _, status = done.stdout.rpartition("\n")
        return int(status), text

    def check(self, expected, method, path, target=None, body=None, **how):
        """The answer's status, and its body by the schema of the route."""
        status, text = self.ask(method, target or path,
                                None if body is None else json.dumps(body), **how)
        assert status == expected, (method, target or path, status, text)
        schema = schema_of(method, path, status)
        if schema is not None:
            Draft202012Validator(schema).validate(json.loads(text))
        request = API["paths"][path][method.lower()].get("requestBody")
        if body is not None and expected == 200:
            wanted = request["content"]["application/json"]["schema"]
            Draft202012Validator({**wanted, "components": API["components"]}).validate(body)


def check_answers(world):
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/authzen-configuration",
                 "/jwks", "/healthz"):
        world.check(200, "GET", path, signed=False)
    ids = {"principals": "agent:worker", "teams": "team:ops", "resources": DESK,
           "entitlements": "kim-desk", "delegations": "kim-worker"}
    for noun, name in ids.items():
        world.check(200, "GET", f"/{noun}")
        world.check(200, "GET", f"/{noun}/{{id}}",
                    f"/{noun}/{urllib.parse.quote(name, safe='')}")
        world.check(404, "GET", f"/{noun}/{{id}}", f"/{noun}/no-such-thing")
        world.check(401, "GET", f"/{noun}", signed=False)
    world.check(200, "GET", "/trusted_issuers")
    world.check(200, "GET", "/keys")
    document = {"apiVersion": "mandate/v1", "teams": [{"id": "team:new", "members": []}]}
    world.check(400, "POST", "/apply", body={"apiVersion": "mandate/v0"})
    document["teams"][0]["members"] = ["human:kim@acme.example"]
    world.check(200, "POST", "/apply", "/apply?dry_run=true", body=document)
    world.check(200, "POST", "/revocations",
                body={"kind": "delegation", "id": "kim-worker", "dry_run": True})
    world.check(400, "POST", "/revocations", body={"kind": "nothing", "id": "x"})
    for suspended in (True, False):
        world.check(200, "POST", "/suspensions",
                    body={"principal": "agent:worker", "suspended": suspended})
    seen = {"principals": ["workload:arn:aws:iam::1:role/bot", "agent:worker"], "dry_run": True}
    world.check(200, "POST", "/discoveries", body=seen)
    world.check(400, "POST", "/discoveries", body={"principals": ["bot"]})
    world.check(401, "POST", "/discoveries", body=seen, signed=False)
    question = {"subject": {"type": "user", "id": "human:kim@acme.example"},
                "action": {"name": "read"}, "resource": {"type": "desk", "id": "1"}}
    world.check(401, "POST", "/access/v1/evaluation", body=question, signed=False)
    world.check(400, "POST", "/token", body={}, signed=False, kind=FORM)
    world.check(415, "POST", "/token", body={}, signed=False)
    world.check(401, "GET", "/forward-auth/{resource}", "/forward-auth/x", signed=False)


def check_there(world):
    """Each route answers its method, and another one is told which."""
    for method, path in sorted(described()):
        target = re.sub(r"\{[^}]+\}", "x", path)
        status, text = world.ask(method, target, signed=False)
        refusal = json.loads(text) if status >= 400 else {}
        assert "there is nothing at" not in refusal.get("error_description", ""), (path, text)
        assert status != 405, (method, path)
        if ("DELETE", path) not in described() and path not in ("/healthz", "/log/{file...}") \
                and "forward-auth" not in path:
            assert world.ask("DELETE", target, signed=False)[0] == 405, path


def main():
    need("curl")
    check_table()
    with World() as world:
        world.start()
        world.add_desk()
        check_answers(world)
        check_there(world)


if __name__ == "__main__":
    main()
