#!/usr/bin/env python3
"""Too much at once: connections, slow heads, rates, a burst of issuance; and a stop in the middle
of it. Strangers are held off, decisions stay fast, and nothing that was answered is lost.

    MANDATE_BIN=build/release/mandate tests/durability/load_test.py"""
import base64
import collections
import json
import pathlib
import resource
import re
import select
import signal
import socket
import sys
import time
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "testing"))
from kill_test import Load, check  # noqa: E402
from program import DESK, Program  # noqa: E402

GET = "GET {} HTTP/1.1\r\nHost: x\r\n\r\n"
FORM = ("POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "Content-Length: {}\r\n\r\n{}")


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def connect(program, source="127.0.0.1"):
    port = int(program.listen.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0))


def ask(connection, request):
    """The status, and the head in lower case."""
    connection.sendall(request.encode())
    head = connection.recv(65536).decode(errors="replace")
    return int(head.split(" ")[1]) if head else 0, head.lower()


def excesses(program):
    """What the server says that it turned away, by what there was too much of."""
    lines = map(json.loads, (program.folder / "server.log").read_text().splitlines())
    at = [line["at"] for line in lines if line["event"] == "operators may ask"][-1]
    with urllib.request.urlopen(f"http://{at}/metrics", timeout=10) as answer:
        samples = re.findall(r'^mandate_http_turned_away_total{excess="(\w+)"} (\d+)',
                             answer.read().decode(), re.MULTILINE)
    return {excess: int(count) for excess, count in samples}


def check_connections():
    with Program() as program:
        program.start(arguments=["--limits-connections", "40", "--limits-connections-per-address",
                                 "30", "--operator-listen", "127.0.0.1:0"])
        assert excesses(program) == {"connections": 0, "waiting": 0, "rate": 0}, excesses(program)
        slow = []
        for _ in range(30):
            connection = connect(program, "127.0.0.2")
            connection.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
            slow.append(connection)
        time.sleep(0.2)
        turned_away = connect(program, "127.0.0.2").recv(1000).decode().lower()
        assert turned_away.startswith("http/1.1 503") and "retry-after: 1" in turned_away
        assert excesses(program) == {"connections": 1, "waiting": 0, "rate": 0}, excesses(program)
        held = [connect(program) for _ in range(25)]  # 15 of them make room for the others
        started = time.monotonic()
        with connect(program) as other:
            assert ask(other, GET.format("/healthz"))[0] == 200
        assert time.monotonic() - started < 1
        for connection in slow + held:
            connection.close()
        entries = []

        def counted():
            entries[:] = program.entries(program.copy_logs("copy"))
            return any(line["entry"].get("reason") == "limit_exceeded" and
                       line["entry"].get("type") == "refused_before_authentication"
                       for line in entries)
        deadline = time.monotonic() + 5
        while not counted():
            assert time.monotonic() < deadline, "what was turned away is not counted"
            time.sleep(0.2)


def check_rates():
    with Program() as program:
        program.start()
        program.add_desk()
        program.stop()
        program.start(arguments=["--limits-requests-per-address", "10",
                                 "--limits-requests-per-client", "0",
                                 "--operator-listen", "127.0.0.1:0"])
        statuses = collections.Counter()
        heads = []
        for _ in range(60):
            with connect(program, "127.0.0.2") as connection:
                status, head = ask(connection, GET.format("/jwks"))
            statuses[status] += 1
            if status == 429:
                heads.append(head)
        assert statuses[200] >= 20 and statuses[429] >= 20, statuses
        assert excesses(program) == {
            "connections": 0, "waiting": 0, "rate": statuses[429]}, excesses(program)
        assert all("retry-after: 1" in head and "limit_exceeded" in head for head in heads)
        with connect(program, "127.0.0.2") as connection:  # what a proxy asks is not bounded so
            assert ask(connection, GET.format("/forward-auth/x"))[0] in (401, 403)
        with connect(program, "127.0.0.3") as connection:
            assert ask(connection, GET.format("/jwks"))[0] == 200
        time.sleep(1.1)
        with connect(program, "127.0.0.2") as connection:
            assert ask(connection, GET.format("/jwks"))[0] == 200
        program.stop()
        program.start(arguments=["--limits-requests-per-client", "2"])
        token = ["token", "--resource", DESK, "--scope", "desk:read", "-o", "json"]
        answers = [program.run(*token, identity=program.worker) for _ in range(4)]
        refused = [json.loads(done.stdout) for done in answers if done.returncode == 1]
        assert refused and all(body["reason"] == "limit_exceeded" for body in refused), answers
        assert program.run("get", "teams").returncode == 0  # another client
        time.sleep(2.1)
        assert program.run(*token, identity=program.worker).returncode == 0


def check_burst():
    """More issuance at once than may wait: some is shed at once, and decisions pass it by."""
    count = 900
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    with Program() as program:
        program.start(arguments=["--threads", "1", "--limits-waiting", "20",
                                 "--operator-listen", "127.0.0.1:0"])
        program.add_desk()
        segments = [{"alg": "ES256"},
                    {"iss": "agent:worker", "sub": "agent:worker", "aud": program.url,
                     "jti": "x" * 22, "iat": int(time.time()), "exp": int(time.time()) + 60}]
        assertion = ".".join([*(encode(json.dumps(each).encode()) for each in segments),
                              encode(bytes(range(1, 65)))])
        body = urllib.parse.urlencode({
            "grant_type": "client_credentials", "client_assertion": assertion,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"})
        burst = [connect(program) for _ in range(count)]
        request = FORM.format(len(body), body).encode()
        with connect(program) as decisions:
            program.server.send_signal(signal.SIGSTOP)  # it finds them all there at once
            for connection in burst:
                connection.sendall(request)
            program.server.send_signal(signal.SIGCONT)
            started = time.monotonic()
            status, _ = ask(decisions, GET.format("/forward-auth/x"))
            took = time.monotonic() - started
        statuses = collections.Counter()
        for connection in burst:
            select.select([connection], [], [], 10)
            head = connection.recv(65536).decode().lower()
            statuses[head.split(" ")[1]] += 1
            if head.startswith("http/1.1 503"):
                assert "retry-after: 1" in head and "record_unavailable" in head, head
            connection.close()
        print(f"burst: {dict(statuses)}; a decision took {took * 1000:.0f} ms")
        assert status in (401, 403) and took < 1, (status, took)
        assert statuses["401"] + statuses["503"] == count, statuses
        assert statuses["401"] > 0 and statuses["503"] > 0, statuses
        assert excesses(program)["waiting"] == statuses["503"], excesses(program)


def check_stop():
    """A stop under load: what was answered is in the published logs, without another start."""
    with Program() as program:
        program.start()
        program.add_desk()
        load = Load(program, "stop")
        time.sleep(1.5)
        load.stopping.set()  # from here on a refusal is no defect
        server = program.server
        started = time.monotonic()
        program.stop()
        assert time.monotonic() - started < 5
        assert server.returncode == 0
        for thread in load.threads:
            thread.join()
        copy = program.copy_logs("copy")
        assert program.verify(copy) == []
        found = collections.Counter()
        check(load, program.entries(copy), found)
        print(f"stop: {dict(found)}")
        assert found["tokens"] > 3 and found["batches"] > 1, found
        for receipt in load.receipts[-3:]:
            assert program.verify(copy, program.write("receipt", receipt)) == []


def main():
    check_connections()
    check_rates()
    check_burst()
    check_stop()


if __name__ == "__main__":
    main()
