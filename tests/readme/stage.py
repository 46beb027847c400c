"""A place like a fresh checkout after `make build`, with a server that tools/run started there.

    with Stage() as stage, stage.run() as server:
        server.greeting                     # what tools/run printed
        Shell(stage).run("mandate get delegations")
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "testing"))
from program import BIN, need  # noqa: E402,F401: `need` for those who stand here

PROGRAM = pathlib.Path(BIN).resolve()
START_S = 20
STOP_S = 10
COMMAND_S = 30


def free_ports(count):
    """Ports that nobody listens on, held all at once so that they differ."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Stage:
    """The folder, and the one rule for ports: those that the documents name, in `ports`, stand for
    free ones. `to_here` and `from_here` translate a text."""

    NAMED = (8181, 8080, 9000)

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mandate-readme-"))
        self.ports = dict(zip(self.NAMED, free_ports(len(self.NAMED))))
        (self.folder / "build/release").mkdir(parents=True)
        (self.folder / "build/release/mandate").symlink_to(PROGRAM)
        (self.folder / "docs").symlink_to(SOURCE / "docs")
        shutil.copytree(SOURCE / "examples", self.folder / "examples")
        for file in self.folder.glob("examples/*/nginx.conf"):
            file.write_text(self.to_here(file.read_text()))
        self.data = self.folder / "build/run"
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def address(self):
        return f"127.0.0.1:{self.ports[8181]}"

    def to_here(self, text):
        for named, real in self.ports.items():
            text = text.replace(f"127.0.0.1:{named}", f"127.0.0.1:{real}")
        return text

    def from_here(self, text):
        for named, real in self.ports.items():
            text = text.replace(f"127.0.0.1:{real}", f"127.0.0.1:{named}")
        return text

    def run(self):
        return Server(self)


class Server:
    """tools/run in the foreground of a process group of its own, as `make run` has it."""

    def __init__(self, stage):
        self.stage = stage

    def __enter__(self):
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", SOURCE / "tools/run"],
            env={"PATH": os.environ["PATH"], "MANDATE_DATA": str(self.stage.data),
                 "MANDATE_LISTEN": self.stage.address, "MANDATE_BIN": str(PROGRAM)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True)
        late = threading.Timer(START_S, self.process.kill)
        late.start()
        self.greeting = ""
        for line in self.process.stdout:
            self.greeting += line
            if "Ctrl-C" in line:
                break
        late.cancel()
        return self

    def stop(self, with_signal=signal.SIGTERM):
        """The exit code; as at a terminal, the whole group gets the signal."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, with_signal)
        try:
            self.errors = self.process.communicate(timeout=STOP_S)[1]
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.errors = self.process.communicate()[1]
        return self.process.returncode

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()


class Shell:
    """One bash session: each block sees the folder and the variables that the last one left."""

    def __init__(self, stage):
        self.stage = stage
        self.state = stage.folder / "state"
        # The program's own default names a port too.
        self.state.write_text(f"cd {stage.folder}\nexport MANDATE_SERVER=http://{stage.address}\n")

    def run(self, block):
        """(what it wrote, the exit code of the last command that failed, else 0)"""
        script = f"""
. "{self.state}"
failed=0
trap 'failed=$?' ERR
{self.stage.to_here(block)}
trap - ERR
{{ export -p; printf 'cd %q\\n' "$PWD"; }} >"{self.state}"
exit $failed
"""
        done = subprocess.run(["bash", "-c", script], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=COMMAND_S,
                              env={"PATH": os.environ["PATH"]})
        return self.stage.from_here(done.stdout), done.returncode
