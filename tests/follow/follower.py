"""A `mandate scan --follow` that runs beside a test, and logs for it to follow.

    with Follower(folder, "audit.log") as follower:
        follower.expect("lasting_key_shared")

Everything is bounded: what is expected comes within WAIT_S, or the test fails.
"""
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/scenarios"))
sys.dont_write_bytecode = True
import detect  # pylint: disable=wrong-import-position

BIN = pathlib.Path(os.environ.get("MANDATE_BIN", ROOT / "build/ci/mandate"))
WAIT_S = 30
QUIET_S = 0.9  # longer than a follower takes to look again
ROWS = {row.id: row for row in detect.ROWS}


def log_of(row_id, which="bad"):
    """The lines of a scenario's log, or of its twin."""
    row = ROWS[row_id]
    text, _ = detect.lines_of(row.before + getattr(row, which))
    return text.splitlines(keepends=True)


def rule_of(row_id):
    return ROWS[row_id].rule


def until(what, condition):
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"not within {WAIT_S} s: {what}")


class Follower:
    """Writes to FOLDER/out.ndjson, which each run goes on with."""

    def __init__(self, folder, *paths, state=True, options=(), stdin=None):
        self.folder = pathlib.Path(folder)
        self.out = self.folder / "out.ndjson"
        self.paths = [path if path == "-" else self.folder / path for path in paths]
        self.options = (["--state", self.folder / "state.json"] if state else []) + list(options)
        self.stdin = stdin
        self.process = None
        self.code = None

    def start(self):
        with self.out.open("ab") as out, (self.folder / "err.txt").open("ab") as err:
            self.process = subprocess.Popen(
                [BIN, "scan", "--follow", *self.options, *self.paths], stdout=out, stderr=err,
                stdin=self.stdin or subprocess.DEVNULL)
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.code = self.process.wait(WAIT_S)
        return self.code

    def findings(self):
        lines = self.out.read_text().splitlines() if self.out.exists() else []
        return [json.loads(line) for line in lines]

    def rules(self):
        return sorted(finding["rule"] for finding in self.findings())

    def errors(self):
        return (self.folder / "err.txt").read_text()

    def expect(self, *rules):
        """These and no others, now and a while later."""
        wanted = sorted(rules)
        until(f"{wanted}; there are {self.rules()}; {self.errors()}",
              lambda: self.rules() == wanted)
        time.sleep(QUIET_S)
        assert self.rules() == wanted, f"{self.rules()}, expected {wanted}"


def run_cases(cases, names):
    """Each in a folder of its own, several at a time: they mostly wait."""
    def run(case):
        with tempfile.TemporaryDirectory() as folder:
            try:
                case(pathlib.Path(folder))
                return True
            except (AssertionError, OSError, subprocess.SubprocessError) as error:
                print(f"{case.__name__}: {type(error).__name__}: {error}")
                return False

    chosen = [case for case in cases if not names or case.__name__ in names]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        return 0 if all(list(pool.map(run, chosen))) else 1
