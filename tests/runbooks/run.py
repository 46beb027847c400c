#!/usr/bin/env python3
"""Runs every command of docs/runbooks/*.md, each page against a server of its own with Acme's
organisation, and compares what they write with what is shown, as tests/readme/tour.py does for
README.md. `start-mandate` and `stop-mandate` are what the pages say they stand for.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/readme"))
from stage import PROGRAM, free_ports  # noqa: E402
from tour import agrees, blocks_of  # noqa: E402

COMMAND_S = 30
START = """#!/bin/bash
# Until it says `ready`; its process id is in the file `server`.
rm -f "$HERE/ready"
mandate serve --data "$DATA" --listen "$LISTEN" >"$HERE/ready" 2>>"$HERE/server.log" </dev/null &
echo $! >"$HERE/server"
for _ in $(seq 400); do
  grep -q ^ready "$HERE/ready" && exit 0
  kill -0 "$(cat "$HERE/server")" 2>/dev/null || break
  sleep 0.05
done
cat "$HERE/server.log"; exit 1
"""
STOP = """#!/bin/bash
kill "$(cat "$HERE/server")"
while kill -0 "$(cat "$HERE/server")" 2>/dev/null; do sleep 0.05; done
"""


class Page:
    """A folder with a server in it, and one bash session."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mandate-runbook-"))
        tools = self.folder / "bin"
        tools.mkdir()
        (tools / "mandate").symlink_to(PROGRAM)
        for name, text in (("start-mandate", START), ("stop-mandate", STOP)):
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        (self.folder / "desk").mkdir()
        address = f"127.0.0.1:{free_ports(1)[0]}"
        self.state = self.folder / "state"
        self.state.write_text(
            f"cd {self.folder}/desk\nexport HERE={self.folder} DATA={self.folder}/data "
            f"LISTEN={address} MANDATE_SERVER=http://{address} "
            f"MANDATE_IDENTITY={self.folder}/operator.json\n")
        self.path = f"{tools}:{os.environ['PATH']}"
        written, code = self.run("""
start-mandate
cp "$DATA/operator.json" "$HERE/operator.json"
cat >organisation.yaml <<'END'
apiVersion: mandate/v1
teams: [{id: "team:support", members: ["human:maria@acme.example"]}]
principals:
  - {id: "human:maria@acme.example"}
  - {id: "agent:triage", owner: "team:support"}
resources:
  - {id: "https://tickets.acme.example", type: tickets, actions: [read]}
entitlements:
  - id: tickets
    principal: "human:maria@acme.example"
    authority: [{type: tickets, locations: ["https://tickets.acme.example"], actions: [read]}]
    max_depth: 1
delegations:
  - id: night-watch
    delegator: "human:maria@acme.example"
    delegate: "agent:triage"
    authority: [{type: tickets, locations: ["https://tickets.acme.example"], actions: [read]}]
  - id: day-watch
    delegator: "human:maria@acme.example"
    delegate: "agent:triage"
    authority: [{type: tickets, locations: ["https://tickets.acme.example"], actions: [read]}]
END
mandate apply -f organisation.yaml
rm organisation.yaml
sleep 1.2
""")
        assert code == 0, written
        return self

    def __exit__(self, *_):
        pid = self.folder / "server"
        if pid.exists():
            try:
                os.kill(int(pid.read_text()), signal.SIGKILL)
            except ProcessLookupError:
                pass
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, block):
        """(what it wrote, the exit code of the last command that failed, else 0)"""
        script = f"""
. "{self.state}"
failed=0
trap 'failed=$?' ERR
{block}
trap - ERR
{{ export -p; printf 'cd %q\\n' "$PWD"; }} >"{self.state}"
exit $failed
"""
        with tempfile.TemporaryFile("w+") as out:
            # A file, not a pipe: the server that a block starts stays, and would hold a pipe open.
            done = subprocess.run(["bash", "-c", script], stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=subprocess.STDOUT, timeout=COMMAND_S, check=False,
                                  env={"PATH": self.path, "LC_ALL": "C"})
            out.seek(0)
            return out.read(), done.returncode


def check_page(file):
    """How many blocks there are, and how many are wrong."""
    wrong = 0
    blocks = blocks_of(file.read_text())
    if not blocks:
        return 0, 0
    with Page() as page:
        for line, commands, shown in blocks:
            expected = re.search(r"^# exit (\d+)$", commands, re.MULTILINE)
            written, status = page.run(commands)
            if status == (int(expected.group(1)) if expected else 0) and agrees(shown or "",
                                                                               written):
                continue
            wrong += 1
            print(f"{file.name}:{line}: exit {status}; it wrote:\n{written}and the page shows:\n"
                  f"{shown or ''}")
    return len(blocks), wrong


def main():
    counts = [check_page(file) for file in sorted(SOURCE.glob("docs/runbooks/*.md"))]
    blocks, wrong = (sum(column) for column in zip(*counts))
    print(f"{blocks} blocks of {len(counts)} pages, {wrong} wrong")
    return 1 if wrong or blocks < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
