#!/usr/bin/env python3
"""What operators see of the real program: the listener of their own, the log, the metrics; that the
dashboard asks for what is there; and that no secret comes out anywhere.

    MANDATE_BIN=build/release/mandate tests/operators/observing_test.py"""
import http.client
import json
import os
import pathlib
import re
import signal
import ssl
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "testing"))
from certificates import SERVER, Authority  # noqa: E402
from program import Program, need  # noqa: E402

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')


class World(Program):
    tls = None  # the context of a client, where the server has TLS

    def start(self, wrapper=()):
        super().start(wrapper)
        at = [line["at"] for line in self.log() if line["event"] == "operators may ask"][-1]
        assert at.startswith("127.0.0.1:"), at
        self.operators = at

    def log(self):
        lines = (self.folder / "server.log").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def ask(self, method, path, headers=None, body=None, operators=False):
        if operators or not self.tls:
            at = self.operators if operators else self.listen
            connection = http.client.HTTPConnection(at, timeout=10)
        else:
            connection = http.client.HTTPSConnection(self.listen, timeout=10, context=self.tls)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def metrics(self):
        status, headers, text = self.ask("GET", "/metrics", operators=True)
        assert status == 200 and headers["Content-Type"].startswith("text/plain"), headers
        samples = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                samples[name, labels or ""] = float(value)
        return samples, text


def check_health(world):
    for path in ("/healthz", "/readyz"):
        status, _, body = world.ask("GET", path, operators=True)
        assert (status, json.loads(body)) == (200, {"status": "ok"}), body
    assert world.ask("POST", "/metrics", operators=True)[0] == 405
    assert world.ask("GET", "/jwks", operators=True)[0] == 404
    # Clients are told of neither.
    assert world.ask("GET", "/metrics")[0] == 404 and world.ask("GET", "/readyz")[0] == 404


def check_metrics(world):
    before, _ = world.metrics()
    world.json("get", "principals")
    world.ask("GET", "/no/such/path/" + "x" * 100)
    after, text = world.metrics()

    def grew(name, labels):
        return after.get((name, labels), 0) - before.get((name, labels), 0)
    assert grew("mandate_http_requests_total", 'route="/principals",status="200"') == 1
    assert grew("mandate_http_request_duration_seconds_count", 'route="/principals"') == 1
    assert grew("mandate_http_requests_total", 'route="none",status="404"') == 1
    assert grew("mandate_http_refusals_total", 'reason="bad_request"') == 1
    issued = [key for key in after if key[0] == "mandate_journal_entries_total"
              and 'type="issued"' in key[1]]
    assert sum(after[key] - before.get(key, 0) for key in issued) == 1, issued
    assert after["mandate_ready", ""] == 1
    assert after["mandate_record_revision", ""] == world.json("get", "principals").get(
        "revision", after["mandate_record_revision", ""])
    expires = after["mandate_tls_certificate_expiry_timestamp_seconds", ""] - time.time()
    assert 0 < expires <= 86400, expires
    # Names as Prometheus wants them, each with its help; no label holds what a peer wrote.
    for name in {name for name, _ in after}:
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        assert f"# HELP {base} " in text or f"# HELP {name} " in text, name
    assert "xxxxx" not in text and "agent:" not in text and "acme" not in text


def check_dashboard(world):
    samples, _ = world.metrics()
    there = {name for name, _ in samples}
    dashboard = json.loads((SOURCE / "docs/operate/grafana.json").read_text())
    asked = set()
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            asked |= set(re.findall(r"\bmandate_\w+", target["expr"]))
            for route in re.findall(r'route="([^"]+)"', target["expr"]):
                assert ("mandate_http_request_duration_seconds_count",
                        f'route="{route}"') in samples, route
    assert asked and asked <= there, asked - there
    words = (SOURCE / "docs/operate/observing.md").read_text()
    assert set(re.findall(r"\bmandate_\w+", words)) <= there
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in there}
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert families == shown, f"the dashboard does not show {families - shown}"


def check_request_ids(world):
    _, headers, _ = world.ask("GET", "/jwks")
    made = headers["X-Request-ID"]
    _, headers, _ = world.ask("GET", "/jwks", {"X-Request-ID": "a-caller-s-own-1"})
    assert headers["X-Request-ID"] == "a-caller-s-own-1"
    # What could be a key is no id for a log.
    long = "x" * 37
    _, headers, _ = world.ask("GET", "/jwks", {"X-Request-ID": long})
    assert headers["X-Request-ID"] not in (long, made)
    ids = {line["id"]: line for line in requests(world)}
    assert made in ids and "a-caller-s-own-1" in ids and long not in ids
    line = ids[made]
    assert (line["route"], line["status"], line["reason"]) == ("/jwks", "200", ""), line
    assert TIME.match(line["time"]) and line["peer"] == "127.0.0.1" and int(line["duration_us"]) > 0


def requests(world):
    time.sleep(0.3)  # the log's thread writes a moment later
    return [line for line in world.log() if line["event"] == "request"]


def check_secrets(world):
    """Wherever a peer can put a secret, it is put: neither the log nor an error shows it. A path is
    no place for one, and is told back to who wrote it; it is not in the log either."""
    token = "eyJhbGciOiJFUzI1NiJ9.c2VjcmV0LXRva2Vu.U0VDUkVULVNJR05BVFVSRQ"
    secrets = {"Authorization": f"DPoP {token}", "DPoP": token, "X-Request-ID": token,
               "Cookie": f"session={token}", "X-Client-Cert": token}
    form = "&".join(f"{name}={token}" for name in (
        "subject_token", "actor_token", "client_assertion", "hop_grant", "token", "client_secret"))
    body = json.dumps({"token": token, "context": {"access_token": token, "dpop": {"proof": token}},
                       "subject": {"id": "agent:x"}})
    source = (SOURCE / "mandate/http/server/route_table.cc").read_text()
    routes = re.findall(r'\{"(GET|POST)", "([^"]+)"\}', source)
    assert len(routes) > 20
    types = {"/token", "/introspect", "/revoke"}
    for method, path in routes:
        target = re.sub(r"\{[^}]+\}", "c2VjcmV0LWluLXBhdGg", path)
        for where in (target, f"{target}?access_token={token}"):
            is_form = path in types
            kind = "application/x-www-form-urlencoded" if is_form else "application/json"
            status, headers, answer = world.ask(
                method, where, {**secrets, "Content-Type": kind},
                (form if is_form else body) if method == "POST" else None)
            assert status < 400 or "c2VjcmV0LXRva2Vu" not in answer, (where, answer)
    world.ask(token, "/token", secrets)
    assert len(requests(world)) >= len(routes)
    log = (world.folder / "server.log").read_text()
    for secret in ("c2VjcmV0LXRva2Vu", "c2VjcmV0LWluLXBhdGg", "U0VDUkVU"):
        assert secret not in log, secret
    assert "c2VjcmV0LXRva2Vu" not in world.metrics()[1]
    for name in ("operator.json", "worker.json"):
        for file in world.folder.rglob(name):
            key = json.loads(file.read_text())["jwk"]["d"]
            assert key not in log, file


def check_levels(world):
    """Of requests, by default the refused ones have a line."""
    config = pathlib.Path(world.write("mandate.yaml", "log: {access: refused}\n"))
    before = len(requests(world))
    os.kill(world.pid, signal.SIGHUP)
    time.sleep(0.5)
    world.ask("GET", "/jwks")
    world.ask("GET", "/nothing")
    lines = requests(world)[before:]
    assert [line["route"] for line in lines] == ["none"], (config, lines)


def main():
    need("openssl")
    with World() as world:
        config = world.write("mandate.yaml", "log: {access: all}\n")
        world.options = ["--config", config, "--operator-listen", "0"]
        world.start()
        world.add_desk()
        check_health(world)
        check_request_ids(world)
        check_secrets(world)
        check_levels(world)
    with World() as world:
        authority = Authority(world.folder, "acme")
        certificate, key = authority.issue("server", ["IP:127.0.0.1"], SERVER)
        world.environment = {"MANDATE_CA": str(authority.certificate)}
        world.options = ["--tls-certificate", certificate, "--tls-key", key,
                         "--operator-listen", "0"]
        world.start()
        world.tls = ssl.create_default_context(cafile=str(authority.certificate))
        check_metrics(world)
        check_dashboard(world)


if __name__ == "__main__":
    main()
