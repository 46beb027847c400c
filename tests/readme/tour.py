#!/usr/bin/env python3
"""Runs every command of README.md against a server that tools/run started, and compares what they
write with what is shown.

* A block marked `sh` is run; all of them in one session. A block marked `text` right behind it is
  what it writes, standard output and error together.
* In a `text` block `…` stands for one word.
* A comment `# exit N` says that the block's command ends with N; all others end with 0.
* The ports that README names stand for free ones.
* `make` is not run: its targets must be listed by `make help`.
"""

import re
import subprocess
import sys

from stage import SOURCE, Shell, Stage, need

NGINX = "/usr/sbin/nginx"
FENCE = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks_of(text):
    """[(line, commands, shown or None)]"""
    blocks = []
    end = 0
    for fence in FENCE.finditer(text):
        kind, body = fence.groups()
        if kind == "sh":
            blocks.append([text.count("\n", 0, fence.start()) + 1, body, None])
        elif not blocks or text[end:fence.start()].strip():
            raise ValueError(f"the output {body[:40]!r} follows no command")
        else:
            blocks[-1][2] = body
        end = fence.end()
    return [tuple(block) for block in blocks]


def agrees(shown, written):
    pattern = r"\S+".join(re.escape(part) for part in shown.split("…"))
    return re.fullmatch(pattern, written) is not None


def check_make(commands):
    known = subprocess.run(["make", "-C", SOURCE, "--no-print-directory", "help"], text=True,
                           stdout=subprocess.PIPE, check=True).stdout.split("\n")
    targets = {line.split()[0] for line in known if line}
    return [f"make help lists no {line.split()[1]!r}" for line in commands.strip().split("\n")
            if line.split()[1] not in targets]


def check_block(shell, commands, shown):
    """What differs, as lines."""
    if commands.startswith("make "):
        return check_make(commands)
    expected = re.search(r"^# exit (\d+)$", commands, re.MULTILINE)
    code = int(expected.group(1)) if expected else 0
    written, status = shell.run(commands)
    if status == code and agrees(shown or "", written):
        return []
    return [f"exit {status}, expected {code}; it wrote:", *written.splitlines(),
            "and README shows:", *(shown or "").splitlines()]


def check_tour(stage):
    blocks = blocks_of((SOURCE / "README.md").read_text())
    shell = Shell(stage)
    wrong = 0
    for line, commands, shown in blocks:
        problems = check_block(shell, commands, shown)
        wrong += bool(problems)
        for problem in problems:
            print(f"README.md:{line}: {problem}")
    print(f"{len(blocks)} blocks, {wrong} wrong")
    return wrong


def stop_nginx(stage):
    """Only where the tour ended before its own `nginx -s quit`."""
    pid = stage.data / "nginx/nginx.pid"
    if pid.exists():
        subprocess.run([NGINX, "-p", pid.parent, "-c", "nginx.conf", "-e", "error.log", "-s",
                        "stop"], check=False, stderr=subprocess.DEVNULL)


def main():
    need(NGINX)
    with Stage() as stage, stage.run() as server:
        if "ready " not in server.greeting:
            server.stop()
            print(f"tools/run did not start:\n{server.greeting}{server.errors}")
            return 1
        try:
            return 1 if check_tour(stage) else 0
        finally:
            stop_nginx(stage)


if __name__ == "__main__":
    sys.exit(main())
