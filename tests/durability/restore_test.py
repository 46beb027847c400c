#!/usr/bin/env python3
"""An older backup, restored: the server stays closed until it is told the newest checkpoint that is
known. What a copy of the logs holds comes back; without one nobody may act until resumed. Nothing
that was revoked comes alive by itself.

    MANDATE_BIN=build/release/mandate tests/durability/restore_test.py"""
import base64
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "testing"))
from program import DESK, Program  # noqa: E402

TOKEN = ["token", "--resource", DESK]


def backup(program, name):
    """As an operator makes one: of a server that was stopped."""
    program.stop()
    shutil.copytree(program.data, program.folder / name)
    program.start()


def put_back(program, name):
    program.kill()
    shutil.rmtree(program.data)
    shutil.copytree(program.folder / name, program.data)


def keep(program, name):
    return program.write(name, program.get("/log/record/checkpoint"))


def restore(program, *arguments):
    return program.run("restore", "--data", program.data, *arguments, "-o", "json")


def refuses_token(program, token):
    """A token by a key from before is by nobody."""
    done = program.run(
        "check", "--subject", "human:kim@acme.example", "--action", "read", "--type", "desk",
        "--id", "queue/1", "--location", DESK, "--access-token", program.write("token", token),
        "--actor", program.worker, "--url", DESK + "/queue/1", "-o", "json",
        identity=program.desk)
    answer = json.loads(done.stdout)
    return not answer["decision"] and answer["context"]["reason"] == "untrusted_issuer"


def get_token(program, delegation="kim-worker"):
    return program.run(*TOKEN, "--delegation", delegation, "-o", "json", identity=program.worker)


class World:
    """A server whose backup has two delegations; one of them is revoked after it. In its folder:
    `backup`, `last` (the data as they stood in the end), `mirror` (the logs in the end)."""

    def __init__(self, program):
        program.start()
        program.add_desk()
        program.json("apply", "-f", program.write("old.json", {
            "apiVersion": "mandate/v1", "delegations": [Program.delegation("kim-old")]}))
        backup(program, "backup")
        assert get_token(program, "kim-old").returncode == 0
        program.json("revoke", "delegation", "kim-old")
        token = json.loads(get_token(program).stdout)
        self.receipt = token["receipt"]
        self.token = token["access_token"]
        jti = json.loads(base64.urlsafe_b64decode(self.token.split(".")[1] + "=="))["jti"]
        program.json("revoke", "token", jti)
        program.stop()  # its last checkpoints cover everything
        self.told = program.write("told", (program.data / "log/record/checkpoint").read_text())
        shutil.copytree(program.data / "log", program.folder / "mirror")
        shutil.copytree(program.data, program.folder / "last")


def says_what_to_do(text):
    assert "mandate restore" in text, text


def check_moved():
    """A copy is closed, and opens with its own checkpoint."""
    with Program() as program:
        program.start()
        program.add_desk()
        token = json.loads(get_token(program).stdout)["access_token"]
        checkpoint = keep(program, "told")
        busy = restore(program, "--checkpoint", checkpoint)
        assert busy.returncode == 1 and "another server uses" in busy.stderr, busy
        backup(program, "backup")
        program.kill()
        put_back(program, "backup")
        for _ in range(2):  # it stays closed
            says_what_to_do(program.refused_start())
        for wrong, code in ((program.write("none", "nonsense"), 1),
                            (str(program.folder / "absent"), 3)):
            done = restore(program, "--checkpoint", wrong)
            assert done.returncode == code, done
        says_what_to_do(program.refused_start())
        done = restore(program, "--checkpoint", checkpoint)
        assert done.returncode == 0, done
        assert json.loads(done.stdout)["record"] == {"added": 0, "missing": 0}, done
        program.start()
        assert refuses_token(program, token)
        assert get_token(program).returncode == 0
        assert program.verify(program.copy_logs("copy"), checkpoint) == []
        program.stop()
        program.start()  # from now on it is the same place


def check_tail(program, world):
    """What a mirror of the logs holds comes back, and all of it verifies."""
    put_back(program, "backup")
    says_what_to_do(program.refused_start())
    short = restore(program, "--checkpoint", world.told)
    assert short.returncode == 1 and "--log" in short.stderr, short
    says_what_to_do(program.refused_start())
    done = restore(program, "--checkpoint", world.told, "--log", program.folder / "mirror")
    assert done.returncode == 0, done
    back = json.loads(done.stdout)
    assert back["record"] == {"added": 2, "missing": 0}, back
    assert back["journal"]["added"] > 2 and back["journal"]["missing"] == 0, back
    program.start(arguments=["--against", world.told])
    dead = get_token(program, "kim-old")
    assert dead.returncode == 1 and "delegation_revoked" in dead.stderr, dead
    assert get_token(program).returncode == 0
    copy = program.copy_logs("copy")
    assert program.verify(copy, world.told) == []
    assert program.verify(copy, program.write("receipt", world.receipt)) == []
    assert program.json("path", world.receipt)["verified"] is True


def check_loss(program, world):
    """Nobody has the tail: everybody is suspended, the logs begin anew, a new operator decides."""
    put_back(program, "backup")
    done = restore(program, "--checkpoint", world.told, "--accept-loss")
    assert done.returncode == 0, done
    back = json.loads(done.stdout)
    assert back["record"] == {"added": 0, "missing": 2}, back
    program.start()
    for delegation in ("kim-worker", "kim-old"):
        dead = get_token(program, delegation)
        assert dead.returncode == 1 and "principal_suspended" in dead.stderr, dead
    former = program.run("get", "teams")
    assert former.returncode == 1 and "principal_suspended" in former.stderr, former
    operator = back["identity"]
    assert program.json("get", "teams", identity=operator)["items"]
    for who in ("human:kim@acme.example", "agent:worker", "service:desk"):
        program.json("resume", who, identity=operator)
    program.json("revoke", "delegation", "kim-old", identity=operator)
    assert get_token(program).returncode == 0
    assert refuses_token(program, world.token)
    copy = program.copy_logs("copy")
    assert program.verify(copy) == []
    # Whoever kept a checkpoint sees that this is another history.
    kinds = {finding["kind"] for finding in program.verify(copy, world.told)}
    assert kinds == {"bad_checkpoint"}, kinds
    old = program.run("audit", "verify", pathlib.Path(back["set_aside"]) / "log", "--keys",
                      pathlib.Path(back["set_aside"]) / "verifier-keys")
    assert old.returncode == 0, old
    program.stop()
    program.start()


def check_parts(program, world):
    """One file is older than the others: the folder's own logs put it right."""
    for part in ("record.db", "journal/0000000001.segment"):
        put_back(program, "last")
        (program.data / part).unlink()
        shutil.copy(program.folder / "backup" / part, program.data / part)
        says_what_to_do(program.refused_start())
        done = restore(program, "--checkpoint", program.data / "log/record/checkpoint")
        assert done.returncode == 0, done
        program.start()
        dead = get_token(program, "kim-old")
        assert dead.returncode == 1 and "delegation_revoked" in dead.stderr, dead
        assert program.verify(program.copy_logs("copy"), world.told) == []


def check_against(program, world):
    """A backup written over the files goes unnoticed by the folder, and not by a checkpoint."""
    put_back(program, "backup")
    done = restore(program, "--checkpoint", program.data / "log/record/checkpoint")
    assert done.returncode == 0, done
    says_what_to_do(program.refused_start("--against", world.told))
    program.start()
    program.stop()
    done = restore(program, "--checkpoint", world.told, "--log", program.folder / "mirror")
    assert done.returncode == 1 and "not those" in done.stderr, done  # it went on by itself


def main():
    check_moved()
    with Program() as program:
        world = World(program)
        for check in (check_tail, check_loss, check_parts, check_against):
            check(program, world)


if __name__ == "__main__":
    main()
