#!/usr/bin/env python3
"""tools/run as a newcomer meets it: the three commands that it prints work as they are, Ctrl-C ends
it well, a second start finds what the first one left, and a port that is taken is told."""

import re
import signal
import socket
import stat
import sys

from stage import PROGRAM, Shell, Stage

wrong = 0


def check(what, good, shown=""):
    global wrong
    if not good:
        wrong += 1
        print(f"wrong: {what}\n{shown}")


def commands_of(greeting):
    """What is indented by two spaces, with its continued lines."""
    text = greeting.replace("\\\n", "")
    return [line.strip() for line in text.splitlines() if line.startswith("  ")]


def check_commands(stage, greeting, expect):
    commands = commands_of(greeting)
    check("three commands are printed", len(commands) == 3, greeting)
    for command, (pattern, code) in zip(commands, expect):
        # As pasted: without what the documents' session sets.
        written, status = Shell(stage).run("unset MANDATE_SERVER\n" + command)
        check(f"{command} ends with {code} and says {pattern!r}",
              status == code and re.search(pattern, written), f"exit {status}\n{written}")


def check_first_start(stage):
    with stage.run() as server:
        check("ready is the first line",
              server.greeting.startswith(f"ready http://{stage.address}\n"), server.greeting)
        check_commands(stage, server.greeting, [
            ("^$", 0),
            ("^agent:triage acted for human:maria@acme.example\n(.*\n)*every entry is verified", 0),
            ("would stop:\n(.*\n)*    delegation archive-lookup\n", 0)])
        for file in [*stage.data.glob("identities/*"), stage.data / "server/operator.json"]:
            check(f"{file.name} is its owner's alone", stat.S_IMODE(file.stat().st_mode) == 0o600)
        Shell(stage).run("build/release/mandate revoke delegation triage-reads "
                         "--identity build/run/server/operator.json")
        check("Ctrl-C ends it with 0", server.stop(signal.SIGINT) == 0, server.errors)


def check_second_start(stage):
    keys = {file: file.read_text() for file in stage.data.glob("identities/*")}
    with stage.run() as server:
        check("the second start is ready", "\nThree commands" in server.greeting, server.greeting)
        check("its keys are those of the first", keys == {
            file: file.read_text() for file in stage.data.glob("identities/*")})
        check_commands(stage, server.greeting, [
            ("delegation_revoked: delegation 'triage-reads' is revoked", 1), ("", 1),
            ("would stop:\n  human:maria@acme.example\n    entitlement support-tickets\n\\(", 0)])
        check("SIGTERM ends it with 0", server.stop(signal.SIGTERM) == 0, server.errors)


def check_taken_port(stage):
    with socket.create_server(("127.0.0.1", stage.ports[8181])), stage.run() as server:
        code = server.stop()
        check("a taken port is refused", code == 3 and not server.greeting, f"exit {code}")
        check("the message says which, and what to do",
              f"cannot listen on {stage.address}" in server.errors
              and "MANDATE_LISTEN=" in server.errors, server.errors)


def check_moved_port(stage):
    stage.ports[8181] = stage.ports[9000]
    with stage.run() as server:
        check_commands(stage, server.greeting, [
            ("delegation_revoked", 1), ("", 1), ("would stop:", 0)])


def main():
    if not PROGRAM.exists():
        print(f"there is no {PROGRAM}; run make build, or set MANDATE_BIN")
        return 1
    with Stage() as stage:
        check_first_start(stage)
        check_second_start(stage)
        check_taken_port(stage)
        check_moved_port(stage)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
