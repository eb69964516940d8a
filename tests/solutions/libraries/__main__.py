"""Make an environment for a library, run its recorder in it, and say what differs from what was kept.

    python -m tests.solutions.libraries [NAME ...]

The environment lies in a temporary folder and goes when the recorder is done. A library that cannot be installed here, or does
not run, is said so with the reason, and what was kept stays.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
RECORDERS, RECORDED = HERE / "recorders", HERE / "recorded"
LONGEST = 900  # seconds for one library, all in all; it takes one or two minutes
BLOCK = re.compile(r"^# /// script\n((?:#.*\n)+?)# ///$", re.MULTILINE)


class NotHere(Exception):
    """Why a library cannot be recorded on this machine."""


def needs(recorder: Path) -> dict[str, Any]:
    """The recorder's block of inline metadata: ``dependencies`` for pip, and in ``tool`` what pip cannot be told."""
    found = BLOCK.search(recorder.read_text(encoding="utf-8"))
    if not found:
        raise NotHere(f"{recorder.name} does not say what it needs (a block '# /// script').")
    return tomllib.loads("".join(line[2:] or "\n" for line in found[1].splitlines(keepends=True)))


def run(command: list[str], until: float, folder: Path, **environment: str) -> None:
    """Run a command; its last words are the reason if it fails."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=max(1, until - time.monotonic()),
            env=os.environ | environment,
        )  # fmt: skip
    except FileNotFoundError:
        raise NotHere(f"there is no {command[0]} here") from None
    except subprocess.TimeoutExpired:
        raise NotHere(f"it was not done after {LONGEST} seconds") from None
    if done.returncode:
        words = [line for line in (done.stderr or done.stdout).splitlines() if line.strip() and "[notice]" not in line]
        raise NotHere(words[-1].strip() if words else f"it ended with the code {done.returncode}")


def record(recorder: Path, folder: Path) -> Path:
    """Install in the folder, run, and return the file that the recorder wrote."""
    wanted, until = needs(recorder), time.monotonic() + LONGEST
    python, made = folder / "env" / "bin" / "python", folder / "made.npz"
    run([sys.executable, "-m", "venv", str(folder / "env")], until, folder)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if wanted["dependencies"]:
        run([*pip, *wanted["dependencies"]], until, folder)
    tool, seen = wanted.get("tool", {}), str(HERE)
    if tool.get("course", {}).get("packages"):
        seen += os.pathsep + str(Path(np.__file__).parents[1])
    if bare := tool.get("bare"):  # without what they say they need
        run([*pip, "--no-deps", *bare.get("arguments", []), *bare["dependencies"]], until, folder)
    if npm := tool.get("npm", {}).get("dependencies"):
        run(["npm", "install", "--silent", "--no-audit", "--no-fund", *npm], until, folder)
    run(
        [str(python), "-P", str(recorder), str(made)], until, folder, PYTHONPATH=seen, HOME=str(folder)
    )  # -P: a recorder bears its library's name
    return made


def contents(file: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What is told about a recording, and its arrays."""
    with np.load(file) as kept:
        arrays = {name: kept[name] for name in kept.files}
    return json.loads(str(arrays.pop("about"))), arrays


def changes(old: Path, new: Path) -> list[str]:
    """What differs between two recordings, a sentence each."""
    (about_old, a), (about_new, b) = contents(old), contents(new)
    found = []
    if about_old["version"] != about_new["version"]:
        found.append(f"version {about_old['version']} is now {about_new['version']}")
    found += [f"no longer there: {name}" for name in a.keys() - b.keys()]
    found += [f"new: {name}" for name in b.keys() - a.keys()]
    for name in sorted(a.keys() & b.keys()):
        if a[name].shape != b[name].shape or a[name].dtype != b[name].dtype:
            before, now = (f"{array.shape} {array.dtype}" for array in (a[name], b[name]))
            found.append(f"{name} was {before} and is {now}")
        elif (off := float(np.abs(a[name] - b[name]).max())) > 0:
            found.append(f"{name} differs by {off:.1e}")
    for fact in sorted(about_old["facts"].keys() | about_new["facts"].keys()):
        before, now = about_old["facts"].get(fact), about_new["facts"].get(fact)
        if before != now:
            found.append(f"{fact}: was {before!r}, is {now!r}")
    return found


def main(names: list[str]) -> int:
    """Record the libraries of these names, or all."""
    every = {file.stem: file for file in sorted(RECORDERS.glob("*.py"))}
    if odd := [name for name in names if name not in every]:
        print(f"There is no recorder for {', '.join(odd)}. Those that there are: {', '.join(every)}.", file=sys.stderr)
        return 2
    failed = 0
    for name in names or every:
        begun, kept = time.monotonic(), RECORDED / f"{name}.npz"
        with tempfile.TemporaryDirectory() as folder:
            try:
                made = record(every[name], Path(folder))
            except NotHere as why:
                print(f"{name}: not recorded here: {why}", flush=True)
                failed += 1
                continue
            differences = changes(kept, made) if kept.exists() else ["recorded for the first time"]
            if differences:
                kept.write_bytes(made.read_bytes())
        told = "; ".join(differences) if differences else "as it was kept"
        print(f"{name} ({time.monotonic() - begun:.0f} s): {told}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
