"""The real program for tests in Python: a server in a folder of its own, and the command line.

    with Program() as program:
        program.start()
        answer = program.json("apply", "-f", program.write("org.json", document))
        program.kill()          # -9; start() goes on with the same data and address

Loopback only; stops only what it started; its folder goes away with it."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

BIN = os.environ.get("MANDATE_BIN") or str(
    pathlib.Path(__file__).resolve().parents[1] / "build/release/mandate")
ANSWER_SECONDS = 20
SKIPPED = 77
DESK = "https://desk.acme.example"
READ = [{"type": "desk", "locations": [DESK], "actions": ["read"]}]


def need(command, where=None):
    """Leaves the test out where a command is missing; in CI that is a failure."""
    if shutil.which(command, path=where):
        return
    print(f"{command} is missing; run tools/setup test", file=sys.stderr)
    sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)


class Program:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mandate-test-"))
        self.data = self.folder / "data"
        self.server = None
        self.url = None
        self.listen = "127.0.0.1:0"
        self.options = []  # more of `serve`
        self.environment = {}  # more of the command line's

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, wrapper=(), arguments=()):
        """Until it says `ready`; `wrapper` is a command that runs the server's."""
        log = open(self.folder / "server.log", "ab")
        self.server = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *wrapper, BIN, "serve", "--data", str(self.data),
             "--listen", self.listen, *map(str, self.options), *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=log, text=True)
        log.close()
        line = self.server.stdout.readline()
        if not line.startswith("ready "):
            self.server.kill()
            self.server.wait()
            self.server = None
            raise RuntimeError("the server does not start:\n"
                               + (self.folder / "server.log").read_text(errors="replace"))
        self.url = line.split()[1]
        self.listen = self.url.split("://")[1]
        # Its own, also where a wrapper is the child.
        self.pid = int((self.data / "lock").read_text().split()[1])

    def refused_start(self, *arguments, wrapper=()):
        """What a server says that must not start; its code must be 3, and nothing is `ready`."""
        done = subprocess.run(
            ["setpriv", "--pdeathsig", "KILL", *wrapper, BIN, "serve", "--data", str(self.data),
             "--listen", self.listen, *map(str, self.options), *map(str, arguments)],
            capture_output=True, text=True, timeout=ANSWER_SECONDS)
        assert (done.returncode, done.stdout) == (3, ""), done
        return done.stderr

    def end(self, number):
        if self.server is None:
            return
        if self.server.poll() is None:
            os.kill(self.pid, number)
        self.server.wait(ANSWER_SECONDS)
        self.server.stdout.close()
        self.server = None

    def stop(self):
        self.end(signal.SIGTERM)

    def kill(self):
        self.end(signal.SIGKILL)

    def run(self, *arguments, identity=None, environment=None):
        """The command line, whatever it answers."""
        return subprocess.run(
            [BIN, *map(str, arguments)], capture_output=True, text=True, timeout=ANSWER_SECONDS,
            env={"PATH": os.environ["PATH"], "MANDATE_SERVER": self.url or "",
                 "MANDATE_IDENTITY": str(identity or self.data / "operator.json"),
                 **self.environment, **(environment or {})})

    def json(self, *arguments, identity=None):
        """What it answers; the code must be 0."""
        done = self.run(*arguments, "--output", "json", identity=identity)
        if done.returncode != 0:
            raise RuntimeError(f"mandate {arguments}: {done.returncode} {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def health(self):
        """The code and the words of /healthz."""
        try:
            return 200, json.loads(self.get("/healthz"))["status"]
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())["status"]

    def log(self):
        """What the server wrote to its log so far."""
        return (self.folder / "server.log").read_text(errors="replace")

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=ANSWER_SECONDS) as answer:
            return answer.read().decode()

    def write(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def add_desk(self, permits="listed"):
        """A small organisation: kim may read at the desk, agent:worker for kim and by itself."""
        self.worker = str(self.folder / "worker.json")
        self.desk = str(self.folder / "desk-identity.json")
        jwk = self.json("identity", "agent:worker", "--out", self.worker)
        desk_jwk = self.json("identity", "service:desk", "--out", self.desk)
        self.json("apply", "-f", self.write("desk.json", {
            "apiVersion": "mandate/v1",
            "teams": [{"id": "team:ops", "members": ["human:kim@acme.example"]}],
            "principals": [
                {"id": "human:kim@acme.example"},
                {"id": "agent:worker", "owner": "team:ops", "environment": "prod",
                 "authenticators": [{"jwk": jwk}]},
                {"id": "service:desk", "owner": "team:ops", "environment": "prod",
                 "authenticators": [{"jwk": desk_jwk}]}],
            "resources": [{"id": DESK, "type": "desk", "actions": ["read"], "origin": DESK,
                           "resource_server": "service:desk", "environment": "prod",
                           "permits": permits}],
            "entitlements": [
                {"id": "kim-desk", "principal": "human:kim@acme.example", "max_depth": 2,
                 "authority": READ},
                {"id": "worker-desk", "principal": "agent:worker", "max_depth": 1,
                 "authority": READ}],
            "delegations": [self.delegation("kim-worker")]}))

    @staticmethod
    def delegation(name):
        return {"id": name, "delegator": "human:kim@acme.example", "delegate": "agent:worker",
                "authority": READ, "not_after": "2099-01-01T00:00:00Z"}

    def copy_logs(self, name):
        """A copy of DIR/log, as an auditor gets it."""
        copy = self.folder / name
        shutil.rmtree(copy, ignore_errors=True)
        # Files that are being replaced meanwhile come with the next copy.
        shutil.copytree(self.data / "log", copy, ignore=shutil.ignore_patterns("*.new"))
        return copy

    def keys(self):
        return self.write("keys", self.run("audit", "key", "--data", self.data).stdout)

    def verify(self, copy, against=None):
        """The audit's findings; none: it verifies."""
        extra = ["--against", against] if against else []
        done = self.run("audit", "verify", copy, "--keys", self.keys(), *extra, "-o", "json")
        report = json.loads(done.stdout)
        assert report["verified"] == (done.returncode == 0), done
        return report["findings"]

    def entries(self, copy):
        """Every entry of every log, as `audit export` gives it."""
        return [json.loads(line) for line in self.run("audit", "export", copy).stdout.splitlines()]
