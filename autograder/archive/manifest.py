"""What lies in an archive of a course: every file with its digest, and the versions of what graded it.

An archive is a ZIP file with three things in it: ``manifest.json``; ``course/``, the course's folder, whose gradebook is a
file and whose exercises lie in ``exercises/``, wherever they lay before; ``program/``, the grader and the reference
implementations as they were.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import autograder
from autograder.doctor import pinned
from autograder.errors import UserError
from autograder.sandbox import runtime

FORMAT, VERSION = "course archive of the autograder", 1
NAME, COURSE, PROGRAM = "manifest.json", "course", "program"
ROOT = Path(autograder.__file__).resolve().parents[1]
PARTS = ("autograder", "solutions")  # of the program
LARGEST = 64 << 20  # bytes of a manifest
MISSING = "missing"


class ArchiveError(UserError):
    """An archive that cannot be made or opened; nothing was changed."""


@dataclass(frozen=True)
class File:
    sha256: str
    bytes: int
    mtime_ns: int
    mode: int


@dataclass(frozen=True)
class Manifest:
    """``versions`` are those of Python and of packages, ``exercises`` those of their checks, by which grades were given."""

    course: str
    made: str
    versions: dict[str, str]
    exercises: dict[str, str]
    files: dict[str, File]

    def written(self) -> bytes:
        about = {"format": FORMAT, "version": VERSION} | asdict(self)
        return json.dumps(about, ensure_ascii=False, indent=1, sort_keys=True).encode()


def read(data: bytes) -> Manifest:
    """The manifest in these bytes. Raises ArchiveError if it is none, or one of a newer format."""
    try:
        about = json.loads(data)
        if about["format"] != FORMAT:
            raise ValueError
        if about["version"] > VERSION:
            told = f"it has the format {about['version']}, and this grader reads {VERSION}"
            raise ArchiveError(f"was made by a newer grader ({told}); open it with that one")
        files = {name: File(**one) for name, one in about["files"].items()}
        said = Manifest(about["course"], about["made"], about["versions"], about["exercises"], files)
        require(said)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArchiveError("is no archive of a course; name a file that 'autograder archive' made") from error
    return said


def require(said: Manifest) -> None:
    """ValueError, if anything in it is of another kind than we write."""
    numbers = [number for one in said.files.values() for number in (one.bytes, one.mtime_ns, one.mode)]
    words: list[Any] = [said.course, said.made, *said.versions.values(), *said.exercises.values()]
    words += [one.sha256 for one in said.files.values()]
    right = all(type(one) is int and 0 <= one < 2**63 for one in numbers) and all(isinstance(one, str) for one in words)
    if not right or not all(word.isprintable() for word in words):
        raise ValueError


def versions_here(packages: Iterable[str]) -> dict[str, str]:
    """The versions of Python, of what the grader pins and of all that a sandbox with these packages can import."""
    names = {*pinned(), *runtime.distributions(tuple(sorted({*runtime.RUNNER_NEEDS, *packages})))}
    return {"Python": platform.python_version()} | {name: version_of_package(name) for name in sorted(names)}


def version_of_package(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return MISSING


def program_files() -> dict[str, Path]:
    """The files of the grader and the reference implementations, by their names in an archive."""
    found = [path for part in PARTS for path in sorted((ROOT / part).rglob("*")) if "__pycache__" not in path.parts]
    return {f"{PROGRAM}/{path.relative_to(ROOT).as_posix()}": path for path in found if path.is_file()}
