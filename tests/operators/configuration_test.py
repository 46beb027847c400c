#!/usr/bin/env python3
"""The configuration of `mandate serve`, on the real program: where a value comes from, what is
refused and where it stands, what a reload takes; and docs/configuration.md against the settings.

    MANDATE_BIN=build/release/mandate tests/operators/configuration_test.py
    tests/operators/configuration_test.py --write    # writes the table into the document"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "testing"))
from program import BIN, Program  # noqa: E402

DOCUMENT = SOURCE / "docs/configuration.md"
BEGIN, END = "<!-- settings -->\n", "<!-- end of settings -->\n"


def serve(*arguments, environment=None, folder="."):
    return subprocess.run([BIN, "serve", *arguments], capture_output=True, text=True, timeout=20,
                          cwd=folder, env={"PATH": os.environ["PATH"], **(environment or {})})


def settings(*arguments, environment=None, folder="."):
    done = serve("--check-config", "-o", "json", *arguments, environment=environment,
                 folder=folder)
    assert done.returncode == 0, done
    return {row["name"]: row for row in json.loads(done.stdout)["settings"]}


# --- the file, the environment, the command line ---

# What is wrong (a file's text, variables, flags) and what is said of it; FILE is the file's path.
REFUSED = [
    ("lisen: x\n", {}, [], 'FILE:1: unknown key "lisen"; did you mean "listen"?'),
    ("data: d\nlog:\n  levle: info\n", {}, [],
     'FILE:3: unknown key "log.levle"; did you mean "log.level"?'),
    ("data: d\nnothing_like_it: 1\n", {}, [],
     'FILE:2: unknown key "nothing_like_it"; see `mandate serve --help`'),
    ("data: d\ndata: e\n", {}, [], "FILE:2: "),
    ("data: &here d\n", {}, [], "FILE:1: "),
    ("log: info\n", {}, [], 'FILE:1: "log" is a string; expected its settings'),
    ("# nothing\n", {}, [], "FILE:1: an empty text"),
    ("- data\n", {}, [], "FILE:1: expected settings"),
    ("threads: 257\n", {}, [], 'FILE:1: threads "257"; expected a number from 0 to 256'),
    ("threads: few\n", {}, [], 'FILE:1: threads "few"; expected a number'),
    ("threads: {}\n", {}, [], "FILE:1: threads is an object; expected COUNT"),
    ("issuer: [a, b]\n", {}, [], "FILE:1: issuer: expected one value, not 2"),
    ("log: {level: loud}\n", {}, [],
     'FILE:1: log.level "loud"; expected debug, info, warning or error'),
    ("data: d\n", {"MANDATE_THREADS": "-1"}, [],
     'MANDATE_THREADS: threads "-1"; expected a number'),
    ("data: d\n", {"MANDATE_LISTN": "x"}, [],
     'MANDATE_LISTN: unknown variable "MANDATE_LISTN"; did you mean "MANDATE_LISTEN"?'),
    ("data: d\n", {}, ["--threads", "257"], '--threads: threads "257"; expected a number'),
    ("data: d\n", {}, ["--lisen", "x"], "did you mean --listen?"),
]
# Their twins, which differ in one thing.
PERMITTED = [
    ("listen: \"127.0.0.1:1\"\n", {}, []),
    ("log:\n  level: info\n", {}, []),
    ("threads: 256\n", {}, []),
    ("issuer: [\"https://a.example\"]\n", {}, []),
    ("data: d\n", {"MANDATE_THREADS": "0"}, []),
    # A Kubernetes service of our name puts such variables there.
    ("data: d\n", {"MANDATE_PORT_8181_TCP_ADDR": "10.0.0.1",
                    "MANDATE_SERVICE_HOST": "10.0.0.1"}, []),
]


def check_refusals():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "mandate.yaml"
        for text, environment, flags, said in REFUSED:
            file.write_text(text)
            done = serve("--config", str(file), "--check-config", *flags, environment=environment)
            assert done.returncode == 2 and said.replace("FILE", str(file)) in done.stderr, \
                (text, environment, flags, done)
            # And it does not start.
            started = serve("--config", str(file), *flags, environment=environment, folder=folder)
            assert started.returncode == 2 and not (file.parent / "data").exists(), started
        for text, environment, flags in PERMITTED:
            file.write_text(text)
            settings("--config", str(file), *flags, environment=environment)
        everything = "lisen: x\nthreads: 999\nlog: {level: loud}\n"
        file.write_text(everything)
        lines = serve("--config", str(file), "--check-config").stderr.splitlines()
        assert [line.split(":")[2] for line in lines] == ["1", "2", "3"], lines


def check_precedence():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "mandate.yaml"
        file.write_text("data: kept\nthreads: 1\n")
        cases = [([], {}, "0", "default"),
                 (["--config", str(file)], {}, "1", f"{file}:2"),
                 ([], {"MANDATE_CONFIG": str(file)}, "1", f"{file}:2"),
                 (["--config", str(file)], {"MANDATE_THREADS": "2"}, "2", "MANDATE_THREADS"),
                 (["--config", str(file), "--threads", "3"], {"MANDATE_THREADS": "2"}, "3",
                  "--threads")]
        for flags, environment, value, origin in cases:
            row = settings(*flags, environment=environment)["threads"]
            assert (row["value"], row["from"]) == ([value], origin), (flags, environment, row)
        # A path in a file is beside it, wherever the server is started.
        assert settings("--config", str(file), folder="/")["data"]["value"] == [f"{folder}/kept"]
        for name in ("a.json", "b.json"):
            (pathlib.Path(folder) / name).write_text('{"apiVersion":"mandate/v1"}')
        file.write_text("apply: [a.json, b.json]\n")
        both = [f"{folder}/a.json", f"{folder}/b.json"]
        assert settings("--config", str(file))["apply"]["value"] == both
        assert settings("--apply", both[0], "--apply", both[1])["apply"]["value"] == both
        assert settings(environment={"MANDATE_APPLY": ",".join(both)})["apply"]["value"] == both


# --- reload ---

def log_of(program):
    return [json.loads(line) for line in
            (program.folder / "server.log").read_text().splitlines()]


def reload(program, event):
    """Until the log says what came of it; the lines that are new."""
    before = len(log_of(program))
    os.kill(program.pid, signal.SIGHUP)
    deadline = time.monotonic() + 10
    while True:
        lines = log_of(program)[before:]
        if any(line["event"] == event for line in lines):
            return lines
        assert time.monotonic() < deadline, (event, lines)
        time.sleep(0.02)


def check_reload():
    with Program() as program:
        file = pathlib.Path(program.write("mandate.yaml", "log: {level: info}\n"))
        program.options = ["--config", str(file)]
        program.start()
        file.write_text("log: {level: debug}\nthreads: 7\n")
        lines = reload(program, "restart needed")
        assert [line["changed"] for line in lines if line["event"] == "reloaded"] == ["log.level"]
        assert [line["settings"] for line in lines if "settings" in line] == ["threads"], lines
        # A broken file leaves everything as it was.
        file.write_text("log: {level: error}\nthreds: 7\n")
        lines = reload(program, "not reloaded")
        assert f'{file}:2: unknown key "threds"' in lines[0]["why"], lines
        file.write_text("log: {level: debug}\n")
        assert reload(program, "reloaded")[0]["changed"] == ""
        file.write_text("log: {level: error}\n")
        os.kill(program.pid, signal.SIGHUP)
        program.get("/healthz")
        program.stop()
        assert log_of(program)[-1]["event"] != "stopping", "the level is not in force"


# --- the document ---

def table():
    rows = ["| setting | takes | default | new value | what it is |", "|---|---|---|---|---|"]
    for row in settings().values():
        takes = row["takes"].replace("|", ", ")
        change = "reload" if row["reload"] else "restart"
        rows.append(f"| `{row['name']}` | {takes} | {row['default']} | {change} | {row['about']} |")
    return "\n".join(rows) + "\n"


def check_document():
    text = DOCUMENT.read_text()
    written = text[text.index(BEGIN) + len(BEGIN):text.index(END)]
    if "--write" in sys.argv:
        DOCUMENT.write_text(text.replace(BEGIN + written, BEGIN + table()))
        return
    assert written == table(), f"{DOCUMENT} has another table; {__file__} --write writes it"
    known = serve("--help").stdout
    for row in settings().values():
        assert row["flag"] in known, row
        assert row["environment"] == "MANDATE_" + row["name"].upper().replace(".", "_"), row
    # The example is one that would start, with every setting that it names.
    example = text.split("```yaml\n")[1].split("```")[0]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "mandate.yaml"
        file.write_text(example)
        settings("--config", str(file))


def main():
    check_document()
    if "--write" in sys.argv:
        return
    check_refusals()
    check_precedence()
    check_reload()


if __name__ == "__main__":
    main()
