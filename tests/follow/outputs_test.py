#!/usr/bin/env python3
"""Where findings go: a webhook that is slow, busy, refuses, is away or is not who it says; syslog
over TCP and a Unix socket; what waits is there after the next start."""
import http.server
import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading

from follower import Follower, log_of, rule_of, run_cases, until


class Receiver:
    """An HTTP server on loopback that answers with each of `statuses` in turn, then with 204."""

    def __init__(self, statuses=(), tls=None, port=0):
        self.got, statuses = [], list(statuses)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = statuses.pop(0) if statuses else 204
                receiver.got.append((status, self.path, dict(self.headers), json.loads(body)))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server.server_port}/findings?a=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def taken(self):
        return sorted(body["rule"] for status, _, _, body in self.got if status == 204)


def add(folder, *rows):
    with (folder / "audit.log").open("a") as log:
        for row in rows:
            log.writelines(log_of(row))


def webhook_gets_each_once(folder):
    add(folder, "TD3", "DN3")
    with Receiver() as receiver, \
            Follower(folder, "audit.log", options=["--webhook", receiver.url]) as follower:
        until("both", lambda: receiver.taken() == sorted([rule_of("TD3"), rule_of("DN3")]))
        follower.expect()  # nothing on standard output
        for _, path, headers, body in receiver.got:
            assert path == "/findings?a=1" and headers["Content-Type"] == "application/json"
            assert headers["Idempotency-Key"] == body["id"], headers
        assert len(receiver.got) == 2, receiver.got


def webhook_is_busy(folder):
    """What may be otherwise later is tried again; what is refused is not, and is told of."""
    add(folder, "TD3")
    with Receiver([503, 429]) as receiver, \
            Follower(folder, "audit.log", options=["--webhook", receiver.url]) as follower:
        until("the third try", lambda: receiver.taken() == [rule_of("TD3")])
        assert [status for status, *_ in receiver.got] == [503, 429, 204], receiver.got
        assert "answered 503" in follower.errors()
    assert follower.code == 0, follower.code


def webhook_refuses(folder):
    add(folder, "TD3")
    with Receiver([400]) as receiver, \
            Follower(folder, "audit.log", options=["--webhook", receiver.url]) as follower:
        until("it is said", lambda: "is not sent" in follower.errors())
        add(folder, "DN3")
        until("the next", lambda: receiver.taken() == [rule_of("DN3")])
    assert len(receiver.got) == 2 and follower.code == 3, (receiver.got, follower.code)


def webhook_is_away(folder):
    """What waits is in the state, and is sent after the next start, once."""
    add(folder, "TD3")
    with Receiver() as receiver:
        url = receiver.url
    port = int(re.search(r":(\d+)/", url).group(1))
    follower = Follower(folder, "audit.log", options=["--webhook", url]).start()
    until("it waits", lambda: "findings wait" in follower.errors())
    follower.stop(signal.SIGKILL)
    (folder / "audit.log").unlink()
    with Receiver(port=port) as receiver, follower.start():
        until("it comes", lambda: receiver.taken() == [rule_of("TD3")])
    with Receiver(port=port) as receiver, follower.start():
        follower.expect()
        assert not receiver.got, receiver.got


def webhook_proves_itself(folder):
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=receiver",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    add(folder, "TD3")
    with Receiver(tls=(certificate, key)) as receiver:
        follower = Follower(folder, "audit.log", options=["--webhook", receiver.url])
        with follower:
            until("it is said", lambda: "not proven" in follower.errors())
            follower.expect()
            assert not receiver.got, receiver.got
        follower.options += ["--ca", certificate]
        with follower:
            until("it comes", lambda: receiver.taken() == [rule_of("TD3")])


MESSAGE = re.compile(r"<(\d+)>1 (\d{4}-\d\d-\d\dT[\d:.]+Z) (\S+) mandate (\d+) (\S+) - (\{.*\})")


def check_message(text, row, priority):
    told = MESSAGE.fullmatch(text)
    assert told, text
    assert int(told.group(1)) == priority and told.group(5) == rule_of(row), text
    assert json.loads(told.group(6))["rule"] == rule_of(row), text


def syslog_over_tcp(folder):
    """Octet counting (RFC 6587 section 3.4.1); again where the other side ended the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        where = f"127.0.0.1:{server.getsockname()[1]}"
        add(folder, "TD3")
        with Follower(folder, "audit.log", options=["--syslog", where]):
            for row, priority in (("TD3", 16 * 8 + 3), ("DN3", 16 * 8 + 4)):
                connection, _ = server.accept()
                with connection, connection.makefile("rb") as stream:
                    size = b""
                    while not size.endswith(b" "):
                        size += stream.read(1)
                    check_message(stream.read(int(size)).decode(), row, priority)
                if row == "TD3":
                    add(folder, "DN3")


def syslog_over_a_unix_socket(folder):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(folder / "log"))
        server.settimeout(20)
        add(folder, "DN3")
        with Follower(folder, "audit.log", options=["--syslog", f"unix:{folder}/log"]):
            check_message(server.recv(1 << 16).decode(), "DN3", 16 * 8 + 4)


CASES = [webhook_gets_each_once, webhook_is_busy, webhook_refuses, webhook_is_away,
         webhook_proves_itself, syslog_over_tcp, syslog_over_a_unix_socket]

if __name__ == "__main__":
    if not shutil.which("openssl"):
        CASES.remove(webhook_proves_itself)
        print("left out: webhook_proves_itself needs openssl")
    sys.exit(run_cases(CASES, sys.argv[1:]))
