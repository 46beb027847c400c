"""The sets of ../shared for tests in Python; where they are missing the test is left out, but for
CI."""

import json
import os
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "testing"))
from program import BIN, SKIPPED  # noqa: E402

SHARED = pathlib.Path(os.environ.get("MANDATE_SHARED") or SOURCE.parent / "shared") / "data"
SETS = ("invictus-aws", "stratus", "gws", "falco-k8s", "panther", "kubehound", "cloudsplaining")


def need_sets():
    missing = [name for name in SETS if not (SHARED / name).is_dir()]
    if not missing:
        return
    print(f"left out: {SHARED} lacks {', '.join(missing)}", file=sys.stderr)
    sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)


def mandate(*arguments, **options):
    return subprocess.run([BIN, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, **options)


def findings(name):
    """As scripts read them."""
    lines = mandate("scan", "--output", "ndjson", SHARED / name).stdout.splitlines()
    return [json.loads(line) for line in lines]
