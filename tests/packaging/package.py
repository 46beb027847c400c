#!/usr/bin/env python3
"""The package that cpack makes: what is in it, what systemd says of the unit, what the image's
description promises; and that it is installed, starts without systemd, is removed and purged: over
the machine's own files, but in memory (overlayfs, as root)."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["MANDATE_BUILD"])
UNIT = SOURCE / "packaging/systemd/mandate.service"
EXPOSURE_MAX = 1.5  # as systemd-analyze rates it: 0 is nothing, 10 everything

LIFE = r"""
set -eu
root=$1 deb=$2
mount -t tmpfs none "$root"
mkdir "$root/upper" "$root/work" "$root/m"
mount -t overlay overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/m"
mount --bind /proc "$root/m/proc"; mount --bind /dev "$root/m/dev"
cp "$deb" "$root/m/tmp/mandate.deb"
chroot "$root/m" sh -eu <<'IN'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
say() { echo "== $*"; }
wait_for_ready() {
  for _ in $(seq 200); do grep -q ^ready /tmp/out && return; sleep 0.05; done
  cat /tmp/out; false
}
dpkg --install /tmp/mandate.deb >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; exit 1; }
say user "$(getent passwd mandate | cut -d: -f6,7)"
say folder "$(stat -c '%U:%G %a' /var/lib/mandate)" "$(ls -A /var/lib/mandate | wc -l)"
say configuration "$(stat -c '%U %a' /etc/mandate/mandate.yaml)"
say completion "$(ls /usr/share/bash-completion/completions/mandate)"
say unused "$(mandate --version | cut -d' ' -f1)"
setpriv --reuid mandate --regid mandate --clear-groups \
  mandate serve --config /etc/mandate/mandate.yaml --listen 127.0.0.1:0 >/tmp/out 2>/tmp/err &
server=$!
wait_for_ready
say operator "$(stat -c '%U %a' /var/lib/mandate/operator.json)"
say health "$(mandate health --server "$(sed -n 's/^ready //p' /tmp/out)")"
kill $server; wait $server || true
echo '# mine' >>/etc/mandate/mandate.yaml
dpkg --install /tmp/mandate.deb >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; exit 1; }
say kept "$(tail -n 1 /etc/mandate/mandate.yaml)" "$(ls /var/lib/mandate/operator.json)"
dpkg --remove mandate >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; exit 1; }
say removed "$(command -v mandate || echo gone)" \
  "$(ls /var/lib/mandate/operator.json /etc/mandate/mandate.yaml | wc -l)"
dpkg --purge mandate >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; exit 1; }
say purged "$(ls -d /var/lib/mandate /etc/mandate 2>/dev/null | wc -l)" \
  "$(getent passwd mandate | wc -l)"
IN
"""
LIVED = """\
== user /var/lib/mandate:/usr/sbin/nologin
== folder mandate:mandate 700 0
== configuration root 644
== completion /usr/share/bash-completion/completions/mandate
== unused mandate
== operator mandate 600
== health ok
== kept # mine /var/lib/mandate/operator.json
== removed gone 2
== purged 0 1
"""


def run(*command, **more):
    done = subprocess.run(command, text=True, capture_output=True, timeout=90, check=False, **more)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def pack(folder):
    run("cpack", "-G", "DEB", "-B", str(folder), "--config", str(BUILD / "CPackConfig.cmake"),
        cwd=BUILD)
    [package] = folder.glob("mandate_*.deb")
    return package


def check_contents(package):
    fields = run("dpkg-deb", "--field", package)
    for field in ("Package: mandate", "Maintainer: ", "Architecture: ", "Section: net"):
        assert field in fields, fields
    depends = re.search(r"^Depends: (.*)$", fields, re.MULTILINE).group(1)
    for library in ("libc6 (>= ", "libssl3 (>= ", "libsqlite3-0", "libstdc++6", "tzdata"):
        assert library in depends, depends
    files = {}
    for line in run("dpkg-deb", "--contents", package).splitlines():
        mode, owner, _, _, _, path = line.split(maxsplit=5)
        files[path.removeprefix(".")] = (mode, owner)
    for path in ("/usr/bin/mandate", "/lib/systemd/system/mandate.service",
                 "/usr/lib/sysusers.d/mandate.conf", "/usr/lib/tmpfiles.d/mandate.conf",
                 "/etc/mandate/mandate.yaml", "/usr/share/man/man1/mandate.1.gz",
                 "/usr/share/doc/mandate/copyright",
                 "/usr/share/doc/mandate/runbooks/lost-operator.md",
                 "/usr/share/bash-completion/completions/mandate",
                 "/usr/share/zsh/vendor-completions/_mandate",
                 "/usr/share/fish/vendor_completions.d/mandate.fish"):
        assert path in files, path
    for path, (mode, owner) in files.items():
        assert owner == "root/root", (path, owner)
        assert mode[5] == "-" and mode[8] == "-", (path, mode)  # nobody but root writes
        assert not re.search(r"\.jwk|operator\.json|record\.db|\.key$", path), path
    return f"{len(files)} names; depends on {depends.count(',') + 1} packages"


def check_scripts():
    for script in (SOURCE / "packaging/debian").glob("p*"):
        run("sh", "-n", str(script))
    return "maintainer scripts are read by sh"


def check_unit():
    """The rating, and the options that the threat model counts on."""
    text = UNIT.read_text()
    for option in ("NoNewPrivileges=yes", "ProtectSystem=strict", "MemoryDenyWriteExecute=yes",
                   "CapabilityBoundingSet=\n", "User=mandate", "LimitCORE=0", "UMask=0077",
                   "StateDirectoryMode=0700"):
        assert option in text, option
    if not shutil.which("systemd-analyze"):
        return "systemd-analyze is not here: the unit was not rated"
    said = run("systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT))
    rating = float(re.search(r"exposure level for mandate.service: ([0-9.]+)", said).group(1))
    assert rating <= EXPOSURE_MAX, said
    return f"systemd rates the unit's exposure {rating}, expected at most {EXPOSURE_MAX}"


def check_image():
    """Nothing can be pulled here, so the description is read: each promise is an instruction."""
    text = (SOURCE / "packaging/oci/Containerfile").read_text().replace("\\\n", " ")
    steps = [line.split(maxsplit=1) for line in text.splitlines()
             if line and not line.startswith("#")]
    words = [step[0] for step in steps]
    said = {word: [step[1] for step in steps if step[0] == word] for word in words}
    assert words[0] == "FROM" and words.count("FROM") == 1, words
    assert ":" in said["FROM"][0] and not said["FROM"][0].endswith(":latest"), said["FROM"]
    [user] = said["USER"]
    assert re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", user), user
    assert words.index("USER") > max(i for i, word in enumerate(words) if word == "RUN"), words
    assert said["ENTRYPOINT"] == ['["/usr/bin/mandate"]'], said["ENTRYPOINT"]
    assert "/var/lib/mandate" in said["VOLUME"][0] and said["STOPSIGNAL"] == ["SIGTERM"]
    check = re.search(r'CMD \["/usr/bin/mandate", "(\w+)"', said["HEALTHCHECK"][0]).group(1)
    run(os.environ["MANDATE_BIN"], check, "--help")
    assert not {"ADD", "ENV", "ARG"} & set(words), words  # nothing fetched, nothing secret
    assert all(re.fullmatch(r"[A-Z]+", word) for word in words), words
    return f"the image's description: {len(steps)} instructions, user {user}"


def check_life(package, folder):
    probe = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    overlay = "overlay" in pathlib.Path("/proc/filesystems").read_text()
    if os.geteuid() != 0 or probe.returncode != 0 or not overlay:
        return "left out: installing it needs root, a mount namespace and overlayfs"
    root = folder / "root"
    root.mkdir()
    lived = run("unshare", "--mount", "sh", "-c", LIFE, "life", str(root), str(package))
    assert lived == LIVED, f"it went:\n{lived}expected:\n{LIVED}"
    return "installed, started, upgraded, removed, purged"


def main():
    if not shutil.which("dpkg-shlibdeps"):
        assert os.environ.get("CI") != "true", "tools/setup test installs dpkg-dev"
        print("left out: no dpkg-shlibdeps; tools/setup test installs dpkg-dev")
        return 0
    with tempfile.TemporaryDirectory(prefix="mandate-package-") as name:
        folder = pathlib.Path(name)
        package = pack(folder)
        for said in (check_contents(package), check_scripts(), check_unit(), check_image(),
                     check_life(package, folder)):
            print(said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
