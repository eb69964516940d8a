"""Results on disk: each run as soon as it is finished, and a whole experiment as one small file that the book reads.

A finished run lies in _build/experiments until its experiment is whole, so that work that was broken off goes on where it
was. A run that was made by other settings or by other code of the experiments or of ``solutions`` is made again.
"""

import ast
import hashlib
import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from experiments.experiment import Experiment, Row, Settings

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
RESULTS = FOLDER / "results"
UNDER_WAY = ROOT / "_build" / "experiments"
PACKAGES = ("numpy", "torch", "scikit-learn", "Babel", "Faker")
DIGITS = 6  # of each number that is kept


class ResultError(Exception):
    """A kept result is not there or not of these runs; the message says what to do."""


def file_of(module: str) -> Path | None:
    """The file of one of our own modules."""
    stem = {"experiments": FOLDER.parent, "solutions": ROOT}.get(module.partition(".")[0], ROOT) / module.replace(
        ".", "/"
    )
    return next((path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()), None)


def imports_of(path: Path) -> set[str]:
    """The modules of ours that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.startswith(("experiments", "solutions"))}


def files_of(experiment: Experiment) -> list[Path]:
    """The code that makes an experiment's results: its module and all that this imports of ours."""
    files: set[Path] = set()
    names = {experiment.perform.__module__}
    while names:
        path = file_of(names.pop())
        if path is not None and path not in files:
            files.add(path)
            names |= imports_of(path)
    return sorted(files)


def code_digest(experiment: Experiment) -> str:
    """A digest of the code that makes an experiment's results."""
    digest = hashlib.sha256()
    for path in files_of(experiment):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def machine() -> dict[str, str]:
    """The processor and the day."""
    model, information = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    if information.exists():
        lines = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].partition(":")[2].strip() if lines else model
    return {"processor": model, "date": datetime.now(UTC).date().isoformat()}


def versions() -> dict[str, str]:
    """The releases of what results depend on."""
    return {"Python": platform.python_version()} | {package: version(package) for package in PACKAGES}


def rounded(value: Any) -> Any:
    """The same with numbers of at most six digits, as JSON holds them."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    if hasattr(value, "tolist"):
        return rounded(value.tolist())
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def write_whole(path: Path, text: str) -> None:
    """A file is there whole, or as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def place(name: str, settings: Settings) -> Path:
    """Where a finished run of unfinished work lies."""
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
    return UNDER_WAY / name / f"{key}.json"


def finished(name: str, settings: Settings, digest: str) -> Row | None:
    """The row of a run that is finished and was made by this code."""
    path = place(name, settings)
    if not path.is_file():
        return None
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Row(settings, kept["result"]) if kept["code"] == digest else None


def keep_run(name: str, row: Row, digest: str) -> Row:
    """Keep a run; the row as it will be read."""
    result = rounded(row.result)
    write_whole(place(name, row.settings), json.dumps({"code": digest, "settings": row.settings, "result": result}))
    return Row(row.settings, result)


def forget_runs(experiment: Experiment) -> None:
    """Take away the single runs of an experiment."""
    for path in (UNDER_WAY / experiment.name).glob("*.json"):
        path.unlink()


def keep(experiment: Experiment, rows: Sequence[Row], folder: Path = RESULTS) -> Path:
    """Write the whole result: what was asked, on which machine, by which versions, and a line for each run."""
    head = {"experiment": experiment.name, "question": experiment.question, **machine(), "versions": versions()}
    lines = ",\n".join(json.dumps({"settings": row.settings, "result": row.result}, ensure_ascii=False) for row in rows)
    path = folder / f"{experiment.name}.json"
    write_whole(path, json.dumps(head, ensure_ascii=False)[:-1] + ',\n"runs": [\n' + lines + "\n]}\n")
    return path


def load(name: str, folder: Path = RESULTS) -> dict[str, Any]:
    """A kept result: ``rows``, and what is known of how they were made.

    Raises
    ------
    ResultError
        If there is none.
    """
    path = folder / f"{name}.json"
    if not path.is_file():
        raise ResultError(f"There is no result of the experiment {name}; 'make experiments NAME={name}' makes it.")
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    kept["rows"] = [Row(run["settings"], run["result"]) for run in kept.pop("runs")]
    return kept


def rows_of(name: str) -> list[Row]:
    """The rows of a kept result."""
    rows: list[Row] = load(name)["rows"]
    return rows
