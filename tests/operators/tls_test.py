#!/usr/bin/env python3
"""TLS on the real program, seen by openssl, curl and the command line: what is refused and its
permitted twin; enforcement points that prove themselves by certificate or over a Unix socket; and
certificates that are replaced under load.

    MANDATE_BIN=build/release/mandate tests/operators/tls_test.py"""
import http.client
import json
import os
import pathlib
import shutil
import ssl
import stat
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "testing"))
from certificates import SERVER, Authority  # noqa: E402
from program import BIN, DESK, Program, need  # noqa: E402

HERE = ["IP:127.0.0.1"]
POINT = "proxy.acme.example"


class World(Program):
    """A server with TLS, its authority, and what clients show."""

    def __init__(self):
        super().__init__()
        self.authority = Authority(self.folder, "acme")
        self.certificate, self.key = self.authority.issue("server", HERE, SERVER)
        self.socket = self.folder / "socket"
        self.options = ["--tls-certificate", self.certificate, "--tls-key", self.key,
                        "--tls-client-ca", self.authority.certificate,
                        "--listen", f"unix:{self.socket}"]
        self.environment = {"MANDATE_CA": str(self.authority.certificate)}

    def start(self, wrapper=()):
        super().start(wrapper)
        self.listen = self.url.removeprefix("https://")
        self.port = int(self.url.rsplit(":", 1)[1])

    def handshake(self, *arguments):
        """What openssl says of a connection; whether it came about."""
        done = subprocess.run(
            ["openssl", "s_client", "-connect", self.listen, "-CAfile",
             str(self.authority.certificate), "-verify_return_error", "-ign_eof",
             *map(str, arguments)],
            capture_output=True, text=True, timeout=20,
            input="GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return "200 OK" in done.stdout, done.stdout + done.stderr

    def curl(self, path, *arguments):
        done = subprocess.run(
            ["curl", "-s", "-S", "--max-time", "10", "--cacert", str(self.authority.certificate),
             "-w", "\n%{http_code}", *map(str, arguments), self.url + path],
            capture_output=True, text=True, timeout=20)
        body, _, status = done.stdout.rpartition("\n")
        return int(status or 0), body, done.stderr

    def log(self):
        text = (self.folder / "server.log").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def wait_for(self, event):
        deadline = time.monotonic() + 10
        while not (found := [line for line in self.log() if line["event"].startswith(event)]):
            assert time.monotonic() < deadline, (event, self.log())
            time.sleep(0.05)
        return found


def check_protocol(world):
    weak = "DEFAULT@SECLEVEL=0"
    rows = [(["-tls1_3"], True), (["-tls1_2"], True),
            (["-tls1_1", "-cipher", weak], False), (["-tls1", "-cipher", weak], False),
            (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], True),
            (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"], False),  # no authenticated mode
            (["-tls1_2", "-cipher", "AES128-GCM-SHA256"], False),       # no forward secrecy
            (["-alpn", "http/1.1"], True), (["-alpn", "h2,http/1.1"], True),
            (["-alpn", "h2"], False)]
    for arguments, permitted in rows:
        came, said = world.handshake(*arguments)
        assert came == permitted, (arguments, said)
    assert "ALPN protocol: http/1.1" in world.handshake("-alpn", "h2,http/1.1")[1]
    # No resumption: a certificate is checked on each connection.
    session = world.folder / "session"
    world.handshake("-sess_out", session, "-tls1_2")
    if session.exists():
        assert "Reused" not in world.handshake("-sess_in", session, "-tls1_2")[1]


def check_command_line(world):
    assert world.run("get", "principals").returncode == 0
    other = Authority(world.folder, "other")
    refused = world.run("--ca", other.certificate, "get", "principals")
    assert refused.returncode == 3 and "not proven by its certificate" in refused.stderr, refused
    missing = world.run("--ca", world.folder / "missing", "get", "principals")
    assert missing.returncode == 3 and "missing" in missing.stderr, missing
    # The certificate is for the address, not for the name that leads there.
    by_name = world.run("--server", f"https://localhost:{world.port}", "get", "principals")
    assert by_name.returncode == 3 and "not proven by its certificate" in by_name.stderr, by_name


def check_client_certificates(world):
    other = Authority(world.folder, "stranger")
    good = world.authority.issue("good", [f"DNS:{POINT}"])
    rows = [(good, True),
            (world.authority.issue("over", [f"DNS:{POINT}"], days=-1), False),
            (other.issue("other", [f"DNS:{POINT}"]), False),
            (world.authority.issue("purpose", [f"DNS:{POINT}"], purpose=SERVER), False)]
    for (certificate, key), permitted in rows:
        came, said = world.handshake("-cert", certificate, "-key", key)
        assert came == permitted, (certificate, said)
    assert world.handshake()[0], "none at all is permitted: clients prove themselves by their keys"


def forward_auth(world, *arguments, forged=()):
    original = ["-H", "X-Original-Method: GET", "-H", "X-Original-URI: /desk", "-H",
                "X-Real-IP: 10.0.0.9"]
    path = "/forward-auth/" + DESK.replace(":", "%3A").replace("/", "%2F")
    status, body, _ = world.curl(path, *original, *forged, *arguments)
    return status, json.loads(body)["reason"]


def check_enforcement_points(world):
    world.add_desk()
    resource = world.json("get", "resources", DESK)
    resource = resource.get("definition", resource)
    resource["enforcement_points"] = [
        {"certificate": POINT, "headers": "original"},
        {"certificate": "spiffe://acme.example/proxy", "headers": "original"},
        {"user_id": os.getuid(), "headers": "original"}]
    world.json("apply", "-f", world.write("points.json", {
        "apiVersion": "mandate/v1", "resources": [resource]}))
    # A point gets as far as the actor's token, which is missing here; a stranger does not.
    stranger, point = (401, "client_authentication_failed"), (401, "token_malformed")

    def shown(name, names):
        certificate, key = world.authority.issue(name, names)
        return ["--cert", certificate, "--key", key]
    rows = [([], stranger),
            (shown("dns", [f"DNS:{POINT}"]), point),
            (shown("upper", ["DNS:Proxy.Acme.Example"]), point),
            (shown("uri", ["URI:spiffe://acme.example/proxy"]), point),
            (shown("second", ["DNS:a.example", f"DNS:{POINT}"]), point),
            (shown("wrong", ["DNS:other.acme.example"]), stranger),
            (shown("below", [f"DNS:a.{POINT}"]), stranger),
            (shown("wildcard", ["DNS:*.acme.example"]), stranger),
            (shown(POINT, ["DNS:a.example"]), stranger),  # the common name is no name
            (["--unix-socket", world.socket], None)]
    for arguments, expected in rows[:-1]:
        assert forward_auth(world, *arguments) == expected, (arguments, expected)
    # A header that names a certificate proves nothing (ATTACKS B7).
    forged = ["-H", f"X-Client-Cert: {POINT}", "-H", f"X-Forwarded-Client-Cert: DNS={POINT}"]
    assert forward_auth(world, forged=forged) == stranger
    # Over the Unix socket there is no TLS: the kernel says who asks.
    world.url = "http://desk"
    assert forward_auth(world, "--unix-socket", world.socket) == point
    assert stat.S_IMODE(world.socket.stat().st_mode) == 0o660
    world.url = f"https://{world.listen}"


def check_reload_under_load(world):
    context = ssl.create_default_context(cafile=str(world.authority.certificate))
    failures, answers, ending = [], [], threading.Event()

    def ask(keep):
        connection = None
        while not ending.is_set():
            try:
                if connection is None:
                    connection = http.client.HTTPSConnection(world.listen, context=context,
                                                             timeout=10)
                connection.request("GET", "/healthz")
                answers.append(connection.getresponse().read())
                if not keep:
                    connection.close()
                    connection = None
            except Exception as error:  # noqa: BLE001: whatever it is, it is a lost connection
                failures.append(repr(error))
                connection = None
    asking = [threading.Thread(target=ask, args=[keep]) for keep in (True, True, False, False)]
    for thread in asking:
        thread.start()

    def served():
        pem = ssl.get_server_certificate(("127.0.0.1", world.port))
        return ssl.PEM_cert_to_DER_cert(pem)

    def replace(certificate, key):
        for new, old in ((certificate, world.certificate), (key, world.key)):
            shutil.copy(new, f"{old}.new")
            os.replace(f"{old}.new", old)
    first = served()
    replace(*world.authority.issue("server-2", HERE, SERVER))
    world.wait_for("certificate reloaded")
    second = served()
    assert first != second
    # A key of another certificate, and a certificate that is over: the old stays in force.
    _, other_key = world.authority.issue("server-3", HERE, SERVER)
    replace(world.folder / "server-2.crt", other_key)
    said = world.wait_for("certificate not reloaded")
    assert len(said) == 1 and "key: it is not the certificate's" in said[0]["why"], said
    replace(*world.authority.issue("server-4", HERE, SERVER, days=-1))
    deadline = time.monotonic() + 10
    while len(said := world.wait_for("certificate not reloaded")) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "valid from" in said[1]["why"], said
    assert served() == second
    ending.set()
    for thread in asking:
        thread.join()
    assert not failures and len(answers) > 100, (failures[:3], len(answers))


def check_start():
    """What does not start, and says why."""
    with Program() as program:
        authority = Authority(program.folder, "acme")
        certificate, key = authority.issue("server", HERE, SERVER)
        _, other = authority.issue("other", HERE, SERVER)
        over, over_key = authority.issue("over", HERE, SERVER, days=-1)
        open_key = program.folder / "open.key"
        shutil.copy(key, open_key)
        open_key.chmod(0o644)
        pair = ["--tls-certificate", certificate, "--tls-key", key]
        rows = [(["--tls-certificate", certificate], "tls.certificate and tls.key together"),
                (["--tls-key", key], "tls.certificate and tls.key together"),
                (["--tls-client-ca", certificate], "tls.certificate with tls.client_ca"),
                (["--tls-certificate", certificate, "--tls-key", other], "not the certificate's"),
                (["--tls-certificate", over, "--tls-key", over_key], "valid from"),
                (["--tls-certificate", key, "--tls-key", key], "expected certificates in PEM"),
                (["--tls-certificate", certificate, "--tls-key", open_key], "used by everybody"),
                (["--listen", "0.0.0.0:0"], "plain HTTP from other machines"),
                (["--listen", "[::]:0"], "plain HTTP from other machines"),
                (["--listen", "unix:relative"], "absolute path"),
                (["--listen", "localhost:0"], "ADDRESS:PORT"),
                (pair, None),
                (["--listen", "0.0.0.0:0", *pair], None),
                (["--listen", "0.0.0.0:0", "--behind-tls-proxy"], None),
                (["--listen", "[::1]:0"], None)]
        for arguments, said in rows:
            done = subprocess.run([BIN, "serve", "--check-config", *map(str, arguments)],
                                  capture_output=True, text=True, timeout=20,
                                  env={"PATH": os.environ["PATH"]})
            assert (done.returncode == 0) == (said is None), (arguments, done)
            assert said is None or said in done.stderr, (arguments, done)


def check_unix_socket():
    """One that was left behind is replaced; one in use is not, nor any other file."""
    with Program() as program:
        socket = program.folder / "socket"
        program.options = ["--listen", f"unix:{socket}"]
        program.start()
        taken = subprocess.run([BIN, "serve", "--data", program.folder / "other", "--listen",
                                f"unix:{socket}", "--issuer", "https://a.example"],
                               capture_output=True, text=True, timeout=20)
        assert taken.returncode == 3 and "Address already in use" in taken.stderr, taken
        assert socket.exists()
        program.kill()
        assert socket.exists()
        program.start()
        program.stop()
        assert not socket.exists()
        socket.write_text("a file of somebody's")
        try:
            program.start()
            raise AssertionError("it replaced a file")
        except RuntimeError as error:
            assert "Address already in use" in str(error), error
        assert socket.read_text() == "a file of somebody's"


def main():
    need("openssl")
    need("curl")
    check_start()
    check_unix_socket()
    with World() as world:
        world.start()
        check_protocol(world)
        check_command_line(world)
        check_client_certificates(world)
        check_enforcement_points(world)
        check_reload_under_load(world)
        world.stop()
        assert not world.socket.exists()


if __name__ == "__main__":
    main()
