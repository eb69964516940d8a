"""Makes a course's folder of an archive: all of it, each file compared with its digest, or nothing.

An archive may come from anybody. Nothing in it is run here, and what it unpacks to stays inside the new folder and within
what its manifest says, which is bounded by the room on the disk. What it holds is code all the same: a course's settings and
its exercises are run by whoever grades with them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from autograder import settings
from autograder.archive import manifest
from autograder.archive.making import OPENED
from autograder.archive.manifest import COURSE, PROGRAM, ArchiveError, Manifest
from autograder.course import CONFIG
from autograder.envelopes import BAD, unpack

Progress = Callable[[str, int, int], None]

MOST_FILES = 1_000_000


@dataclass(frozen=True)
class Opened:
    """The course that was made, and what differs here: packages (their versions then and now), and the grader itself."""

    manifest: Manifest
    packages: dict[str, tuple[str, str]]
    other_program: bool


def open_archive(file: Path, root: Path, progress: Progress = lambda what, done, of: None) -> Opened:
    """Unpack an archive into a folder that is not there yet, or empty.

    Raises ArchiveError if the folder holds anything, or the file is no whole archive; nothing is made then.
    """
    root = root.resolve()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ArchiveError(f"{root} is there already; name a folder that is not, with --course.")
    try:
        said = read_manifest(file)
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{root.name}.", suffix=".part", dir=root.parent) as folder:
            unpacked(file, Path(folder), said, progress)
            course = Path(folder, COURSE)
            if Path(folder, PROGRAM).is_dir():
                os.rename(Path(folder, PROGRAM), course / OPENED)
            os.rename(course, root)
    except ArchiveError as error:
        raise ArchiveError(f"{file} {error}. Nothing was made.") from error
    return Opened(said, other_packages(said), other_program(said))


def read_manifest(file: Path) -> Manifest:
    if not file.is_file():
        raise ArchiveError("is not there" if not file.exists() else "is no file")
    try:
        with zipfile.ZipFile(file) as archive, archive.open(manifest.NAME) as entry:
            data = entry.read(manifest.LARGEST + 1)
    except KeyError:
        data = b""
    except zipfile.BadZipFile as error:
        raise ArchiveError("is no archive of a course, or only a part of one; name a whole one") from error
    except BAD as error:
        raise ArchiveError(f"is damaged ({error}); take another copy") from error
    return manifest.read(data[: manifest.LARGEST])


def unpacked(file: Path, folder: Path, said: Manifest, progress: Progress) -> None:
    """Unpack an archive into an empty folder, and see that all that its manifest lists came out of it, and nothing else."""
    size = sum(one.bytes for one in said.files.values())
    if size >= (free := shutil.disk_usage(folder).free):
        raise ArchiveError(f"needs {size >> 20} MB, and {folder.parent} has {free >> 20} MB left; make room first")
    most = size + manifest.LARGEST, min(len(said.files) + 1, MOST_FILES)
    try:
        left_out = unpack(file, folder, *most, tell=partial(progress, "unpacking"))
    except BAD as error:
        raise ArchiveError(f"is damaged ({error}); take another copy") from error
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {manifest.NAME}
    if left_out or found != said.files.keys():
        strange = sorted(found ^ said.files.keys()) or left_out
        raise ArchiveError(f"is damaged: what it holds is not what it lists ({strange[0][:200]!r}); take another copy")
    for number, (name, about) in enumerate(said.files.items(), start=1):
        path = folder / name
        with path.open("rb") as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() != about.sha256:
                raise ArchiveError(f"is damaged: {name[:200]!r} is not what it was; take another copy")
        path.chmod(about.mode & 0o755 | 0o400)
        os.utime(path, ns=(about.mtime_ns, about.mtime_ns))
        progress("comparing", number, len(said.files))
    course = folder / COURSE
    if not (course / CONFIG).is_file():
        raise ArchiveError("holds no course; name a file that 'autograder archive' made")
    if (course / OPENED).exists():
        raise ArchiveError("is no archive as 'autograder archive' makes them; take another copy")
    require_self_contained(course)


def require_self_contained(course: Path) -> None:
    """Refuse settings that name another gradebook or folders elsewhere: what is opened would write, or read, there."""
    try:
        elsewhere = {"database", "folders"} & settings.parsed(course / settings.FILE)[1].keys()
    except settings.SettingsError as error:
        raise ArchiveError(f"has settings that cannot be read ({COURSE}/{settings.FILE}); take another copy") from error
    if elsewhere:
        raise ArchiveError(f"names places outside of itself ({', '.join(sorted(elsewhere))} in {settings.FILE})")


def other_packages(said: Manifest) -> dict[str, tuple[str, str]]:
    """What has another version here: that of the archive, and ours."""
    here = {"Python": manifest.versions_here(())["Python"]}
    here |= {name: manifest.version_of_package(name) for name in said.versions if name != "Python"}
    return {name: (then, here[name]) for name, then in said.versions.items() if here[name] != then}


def other_program(said: Manifest) -> bool:
    """Whether the grader or the reference implementations are others than those of the archive."""
    ours = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in manifest.program_files().items()}
    return ours != {name: one.sha256 for name, one in said.files.items() if name.startswith(f"{PROGRAM}/")}
