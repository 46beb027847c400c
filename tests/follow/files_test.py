#!/usr/bin/env python3
"""What is followed: files that grow, rotate and are cut short, folders with new files, standard
input; and what the next run knows of the last one, however that ended."""
import gzip
import os
import random
import signal
import subprocess
import sys
import time

from follower import BIN, Follower, log_of, rule_of, run_cases, until


def add(path, lines):
    with path.open("a") as file:
        file.writelines(lines)


def grows(folder):
    """Half of the evidence, the rest later, and half a line in between."""
    lines = log_of("TI5")
    log = folder / "audit.log"
    add(log, lines[:2])
    with Follower(folder, "audit.log") as follower:
        follower.expect()
        add(log, [lines[2][:40]])
        follower.expect()
        add(log, [lines[2][40:], lines[3]])
        follower.expect(rule_of("TI5"))
        place = max(place["line"] for place in follower.findings()[0]["evidence"])
        assert place >= 3, follower.findings()
    assert follower.code == 0, follower.code


def grows_behind_time_stamps(folder):
    """Lines of syslog, one after the other: read as they come, whatever a line in between says."""
    lines = ["Jan  2 03:04:05 host app[7]: " + line for line in log_of("TI5")]
    log = folder / "audit.log"
    add(log, lines[:1])
    with Follower(folder, "audit.log") as follower:
        follower.expect()
        add(log, ['a,"{""x"":1}"\n'] + lines[1:2])
        follower.expect()
        add(log, lines[2:])
        follower.expect(rule_of("TI5"))


def twin_is_silent(folder):
    add(folder / "audit.log", log_of("TI5", "twin"))
    with Follower(folder, "audit.log") as follower:
        follower.expect()


def rotates(folder):
    """By renaming: the end of the old file and the beginning of the new one belong together."""
    lines = log_of("TI5")
    log = folder / "audit.log"
    add(log, lines[:1])
    with Follower(folder, "audit.log") as follower:
        follower.expect()
        log.rename(folder / "audit.log.1")
        add(folder / "audit.log.1", lines[1:2])  # who writes has it open still
        add(log, lines[2:])
        follower.expect(rule_of("TI5"))


def is_cut_short(folder):
    """Copied and emptied, as some rotate: events that come again count once."""
    lines = log_of("TI5")
    log = folder / "audit.log"
    add(log, lines[:2])
    with Follower(folder, "audit.log") as follower:
        follower.expect()
        log.write_text("")
        add(log, lines[1:3])
        follower.expect(rule_of("TI5"))


def folder_fills(folder):
    """New files, compressed ones and one over several lines."""
    logs = folder / "logs"
    logs.mkdir()
    lines = log_of("TI5")
    with Follower(folder, "logs") as follower:
        add(logs / "a.log", lines[:1])
        (logs / "b.log.gz").write_bytes(gzip.compress("".join(lines[1:2]).encode()))
        time.sleep(0.6)
        (logs / "c.json").write_text('{"Records": [\n' + ",\n".join(lines[2:]) + "]}")
        follower.expect(rule_of("TI5"))


def file_appears(folder):
    with Follower(folder, "audit.log") as follower:
        until("it is said that the file is not there", lambda: "not there yet" in follower.errors())
        add(folder / "audit.log", log_of("TD3"))
        follower.expect(rule_of("TD3"))


def standard_input(folder):
    read_end, write_end = os.pipe()
    follower = Follower(folder, "-", state=False, stdin=read_end).start()
    os.close(read_end)
    os.write(write_end, "".join(log_of("TD3")).encode())
    follower.expect(rule_of("TD3"))
    os.write(write_end, log_of("DN3")[0].rstrip().encode())  # without a line end
    os.close(write_end)
    assert follower.process.wait(20) == 0
    assert follower.rules() == sorted([rule_of("TD3"), rule_of("DN3")]), follower.rules()


def restarts(folder):
    """Nothing is told twice; what rotation left beside the file is known to the next run."""
    lines = log_of("TI5")
    log = folder / "audit.log"
    add(log, log_of("TD3") + lines[:2])
    with Follower(folder, "audit.log") as follower:
        follower.expect(rule_of("TD3"))
    log.rename(folder / "audit.log.1")
    with Follower(folder, "audit.log") as follower:
        add(log, lines[2:])
        follower.expect(rule_of("TD3"), rule_of("TI5"))
    assert (folder / "state.json").stat().st_mode & 0o777 == 0o600


def grown_evidence_is_no_news(folder):
    lines = log_of("TI5")
    log = folder / "audit.log"
    add(log, lines[:3])
    with Follower(folder, "audit.log") as follower:
        follower.expect(rule_of("TI5"))
        add(log, lines[3:])
        follower.expect(rule_of("TI5"))


def killed(folder):
    """At any moment: none is lost, none is told twice. The state is the only thing between runs."""
    rows = ["BT1", "BT4", "TI1", "TI3", "TI5", "TD2", "TD3", "TD4", "BC2", "DN3", "DN4", "DN5"]
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    log = folder / "audit.log"
    waiting = [log_of(row) for row in rows]
    follower = Follower(folder, "audit.log")
    while waiting:
        follower.start()
        for lines in waiting[:3]:
            time.sleep(chance.random() * 0.4)
            add(log, lines)
        del waiting[:3]
        time.sleep(chance.random() * 0.5)
        follower.stop(signal.SIGKILL)
    for _ in range(4):
        follower.start()
        time.sleep(chance.random() * 0.6)
        follower.stop(signal.SIGKILL)
    follower.start()
    try:
        follower.expect(*(rule_of(row) for row in rows))
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error
    finally:
        follower.stop()


def refuses(folder):
    """A state that is none, or open to others, or in use; options that need --follow."""
    add(folder / "audit.log", log_of("TD3"))

    def run(*options):
        return subprocess.run([BIN, "scan", *options, folder / "audit.log"], timeout=20,
                              check=False, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)

    state = folder / "state.json"
    for content, mode, said in (("{}", 0o600, "no state"), ("nothing", 0o600, "no state"),
                                ('{"mandate_follow":"2"}', 0o600, "no state"),
                                ("{}", 0o644, "open to others")):
        state.write_text(content)
        state.chmod(mode)
        done = run("--follow", "--state", state)
        assert done.returncode == 1 and said in done.stderr, (content, done)
    state.unlink()
    with Follower(folder, "audit.log") as follower:
        follower.expect(rule_of("TD3"))
        done = run("--follow", "--state", state)
        assert done.returncode == 1 and "mandate scan --follow" in done.stderr, done
    for options in (["--state", state], ["--webhook", "http://127.0.0.1:1"],
                    ["--follow", "--chains"]):
        assert run(*options).returncode == 2, options
    for options in (["--syslog", "nowhere"], ["--syslog", "unix:"], ["--webhook", "ftp://x/"],
                    ["--webhook", "http://127.0.0.1:1/", "--syslog", "127.0.0.1:1"]):
        done = run("--follow", *options)
        assert done.returncode == 2 and "expected" in done.stderr, (options, done)


CASES = [grows, grows_behind_time_stamps, twin_is_silent, rotates, is_cut_short, folder_fills,
         file_appears, standard_input, restarts, grown_evidence_is_no_news, killed, refuses]


if __name__ == "__main__":
    sys.exit(run_cases(CASES, sys.argv[1:]))
