#!/usr/bin/env python3
"""What the program says of itself, in the programs that it is for: completion in a real bash (and
in zsh and fish where they are), the manual page in man; both name every command of --help."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BIN = pathlib.Path(os.environ["MANDATE_BIN"]).resolve()


def run(*command, **more):
    return subprocess.run(command, text=True, capture_output=True, timeout=30, check=True,
                          **more).stdout


def commands_of_help():
    text = run(BIN, "--help")
    listed = text[text.index("Subcommands:"):].split("\n\n")[0].split("\n")[1:]
    return [line.split()[0] for line in listed if re.match(r"  [a-z]", line)]


def complete(line, folder):
    """What bash offers at the end of the line."""
    script = f"""
source {folder}/completion
COMP_WORDS=({line}) ; case {line!r} in *' ') COMP_WORDS+=('') ;; esac
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _mandate
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    return run("bash", "-uc", script, cwd=folder).split()


def check_bash(folder):
    (folder / "completion").write_text(run(BIN, "completion", "bash"))
    (folder / "org.yaml").touch()
    rows = [
        ("mandate ", set(commands_of_help())),
        ("mandate rev", {"revoke"}),
        ("mandate nonsense", set()),
        ("mandate audit ", {"key", "verify", "prove", "export"}),
        ("mandate audit ve", {"verify"}),
        ("mandate keys ", {"list", "rotate", "retire", "compromise"}),
        ("mandate --output ",
         {"text", "json", "ndjson", "ocsf", "sarif", "html", "dot", "graphml"}),
        ("mandate -o j", {"json"}),
        ("mandate get --output d", {"dot"}),
        ("mandate apply --dr", {"--dry-run"}),
        ("mandate revoke --pru", set()),
        ("mandate apply --pru", {"--prune"}),
        ("mandate apply -f or", {"org.yaml"}),
        ("mandate --server http://a.example keys ro", {"rotate"}),
        ("mandate grant --dele", {"--delegate", "--delegator"}),
    ]
    for line, expected in rows:
        offered = set(complete(line, folder))
        assert offered == expected, f"{line!r}: {offered}, expected {expected}"
    return f"bash: {len(rows)} lines"


def check_others(folder):
    said = []
    for shell, check in (("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])):
        script = run(BIN, "completion", shell)
        for name in commands_of_help():
            assert name in script, f"{shell}: no {name}"
        if shutil.which(shell):
            file = folder / shell
            file.write_text(script)
            subprocess.run([*check, file], check=True, timeout=30)
            said.append(shell)
        else:
            said.append(f"{shell} is not here: its script was not read by it")
    refused = subprocess.run([BIN, "completion", "tcsh"], capture_output=True, check=False)
    assert refused.returncode == 2, refused
    return "; ".join(said)


def check_manual(folder):
    if not shutil.which("man"):
        assert os.environ.get("CI") != "true", "man is missing: tools/setup test installs it"
        return "man is not here: the manual page was not read by it"
    file = folder / "mandate.1"
    file.write_text(run(BIN, "man"))
    done = subprocess.run(["man", "--warnings=w", "-l", file], capture_output=True, text=True,
                          timeout=30, check=True, env={**os.environ, "LC_ALL": "C.UTF-8",
                                                       "MANWIDTH": "80", "MANPAGER": "cat"})
    assert done.stderr == "", done.stderr
    for name in commands_of_help():
        assert f"mandate {name}" in done.stdout, name
    for words in ("MANDATE_IDENTITY", "exit code", "EXIT STATUS", "mandate audit verify"):
        assert words.lower() in done.stdout.lower(), words
    return f"man: {len(done.stdout.splitlines())} lines, no warning"


def main():
    with tempfile.TemporaryDirectory(prefix="mandate-description-") as name:
        for check in (check_bash, check_others, check_manual):
            print(check(pathlib.Path(name)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
