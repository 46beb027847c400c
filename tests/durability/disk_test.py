#!/usr/bin/env python3
"""What a machine can do to a server: a disk that is full, read-only, failing or slow, no more open
files, a clock that jumps, a snapshot cut short. Each time what was answered is there after the next
start, the logs verify, and somebody is told what to do.

    MANDATE_BIN=build/release/mandate tests/durability/disk_test.py"""
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "testing"))
from program import DESK, SKIPPED, Program, need  # noqa: E402

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
WAIT_SECONDS = 10


def put(program, name, **run):
    return program.run("apply", "-f", program.write(f"{name}.json", {
        "apiVersion": "mandate/v1", "delegations": [Program.delegation(name)]}), **run)


def wait_for(what, true):
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def check_after(program, *names):
    """After the next start: what was answered is there, and all of it verifies."""
    for name in names:
        assert program.run("get", "delegation", name).returncode == 0, name
    assert put(program, "afterwards").returncode == 0
    assert program.verify(program.copy_logs("copy")) == []


@contextlib.contextmanager
def disk(program, size):
    """A file system of its own for the data; this process has its own mounts."""
    program.data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", program.data],
                   check=True)
    yield
    program.stop()
    subprocess.run(["umount", program.data], check=True)


def check_full():
    with Program() as program, disk(program, "96m"):
        program.start()
        program.add_desk()
        assert put(program, "before").returncode == 0
        ballast = program.data / "ballast"
        with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        refused = put(program, "refused")
        assert refused.returncode == 3 and "record_unavailable" in refused.stderr, refused
        assert str(program.data) not in refused.stderr  # that is the log's matter
        code, status = program.health()
        assert code == 503 and "see the log" in status, status
        wait_for("the log says what to do", lambda: "free space on its disk" in program.log())
        server = program.server
        program.stop()
        assert server.returncode == 0
        ballast.unlink()
        program.start()
        assert program.run("get", "delegation", "refused").returncode == 1
        check_after(program, "before")


def check_read_only():
    with Program() as program, disk(program, "96m"):
        program.start()
        program.add_desk()
        program.stop()
        subprocess.run(["mount", "-o", "remount,ro", program.data], check=True)
        assert "make its disk writable" in program.refused_start()
        subprocess.run(["mount", "-o", "remount,rw", program.data], check=True)
        program.start()
        check_after(program, "kim-worker")


def check_record(fault, call, says):
    """The record's file meets the fault from now on; what is asked then is refused."""
    with Program() as program:
        program.start()
        program.add_desk()
        program.stop()
        os.environ["ASAN_OPTIONS"] = "detect_leaks=0"  # which cannot be done under a tracer
        program.start(["strace", "-f", "-qq", "-o", "/dev/null", "-P",
                       str(program.data / "record.db-wal"), "-e", f"trace={call}", "-e",
                       f"inject={call}:{fault}", "setpriv", "--pdeathsig", "KILL"])
        answered = []
        for number in range(20):
            done = put(program, f"put-{number}")
            if done.returncode != 0:
                break
            answered.append(f"put-{number}")
        assert done.returncode == 3 and "record_unavailable" in done.stderr, done
        assert program.health()[0] == 503
        wait_for("the log says what to do", lambda: says in program.log())
        program.stop()
        program.start()
        check_after(program, *answered)


def check_slow_record():
    """A change waits for a slow disk; what only reads and decides does not."""
    with Program() as program:
        program.start()
        program.add_desk()
        program.stop()
        program.start(["strace", "-f", "-qq", "-o", "/dev/null", "-P",
                       str(program.data / "record.db-wal"), "-e", "trace=fdatasync", "-e",
                       "inject=fdatasync:delay_enter=2s:when=2+", "setpriv", "--pdeathsig", "KILL"])
        started = time.monotonic()
        waiting = threading.Thread(target=put, args=[program, "slow"])
        waiting.start()
        time.sleep(0.3)
        asked = time.monotonic()
        assert program.json("token", "--resource", DESK, "--delegation", "kim-worker",
                            identity=program.worker)
        assert time.monotonic() - asked < 1
        waiting.join()
        assert time.monotonic() - started > 1.5, "the fault was not met"
        program.stop()
        program.start()
        check_after(program, "slow")


def check_descriptors():
    with Program() as program:
        assert "LimitNOFILE" in program.refused_start(wrapper=["prlimit", "--nofile=100:100"])
        program.start(["prlimit", "--nofile=140:140"])
        port = int(program.listen.rpartition(":")[2])
        program.add_desk()
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(300)]
        for number in range(3):  # those that ask nothing make room
            assert put(program, f"put-{number}").returncode == 0
        for connection in held:
            connection.close()
        assert program.health()[0] == 200
        check_after(program, "put-0", "put-2")


def check_snapshot():
    """One that was cut short is passed over, at whatever length."""
    with Program() as program:
        program.start(arguments=["--snapshot-every", "5"])
        program.add_desk()
        snapshot = program.data / "snapshots/state"
        wait_for("a snapshot while it runs", snapshot.exists)
        program.stop()
        whole = snapshot.read_bytes()
        for length in (15, len(whole) // 2, len(whole) - 1):
            snapshot.write_bytes(whole[:length])
            program.start()
            assert program.run("get", "delegation", "kim-worker").returncode == 0
            program.stop()
        program.start()
        check_after(program, "kim-worker")


def check_clock():
    if not pathlib.Path(FAKETIME).exists():
        sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)
    with Program() as program:
        fake = program.write("faketime", "+0")
        told = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": fake, "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        wrapper = ["env", *(f"{name}={value}" for name, value in told.items())]
        program.start(wrapper)
        program.add_desk()
        token = ["token", "--resource", DESK, "--delegation", "kim-worker", "-o", "json"]
        early = json.loads(program.run(*token, identity=program.worker).stdout)["access_token"]
        held = program.write("early", early)
        check = ["check", "--subject", "human:kim@acme.example", "--action", "read", "--type",
                 "desk", "--id", "queue/1", "--location", DESK, "--access-token", held, "--actor",
                 program.worker, "--url", DESK + "/queue/1", "-o", "json"]
        assert program.run(*check, identity=program.desk).returncode == 0
        program.write("faketime", "+2h")  # ahead: things end, and nothing else
        late = program.run(*check, identity=program.desk, environment=told)
        assert json.loads(late.stdout)["context"]["reason"] == "token_expired", late
        assert put(program, "in-time-to-come", environment=told).returncode == 0
        program.write("faketime", "-20s")  # back: what ended stays ended
        code, status = program.health()
        assert code == 503 and "clock went back by" in status, status
        closed = put(program, "refused", environment=told)
        assert closed.returncode == 3, closed
        program.stop()
        said = program.refused_start()
        assert "set the clock" in said and "--accept-clock" in said, said
        program.start(arguments=["--accept-clock"])
        check_after(program, "in-time-to-come")


def main():
    need("strace")
    need("unshare")
    if os.environ.get("MANDATE_TEST_MOUNTS") != "own":
        how = "-m" if os.geteuid() == 0 else "-rm"
        if subprocess.run(["unshare", how, "true"], capture_output=True).returncode != 0:
            print("this machine gives no mounts of one's own", file=sys.stderr)
            sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)
        os.environ["MANDATE_TEST_MOUNTS"] = "own"
        os.execvp("unshare", ["unshare", how, sys.executable, *sys.argv])
    for check in (check_full, check_read_only, check_slow_record, check_descriptors,
                  check_snapshot, check_clock):
        check()
    check_record("error=EIO:when=2+", "fdatasync", "check the disk")
    check_record("error=EROFS:when=3+", "pwrite64", "check the disk")


if __name__ == "__main__":
    main()
