"""Puts a course into one file: all of it or nothing, while others may go on writing to the course."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder import settings
from autograder.archive import manifest
from autograder.archive.manifest import COURSE, ArchiveError, File, Manifest
from autograder.course import Course
from autograder.grading import database, moving
from autograder.grading.core import version_of

Progress = Callable[[str, int, int], None]

GRADEBOOK = "gradebook.db"
KNOWN, LOCK, OPENED = ".autograder-known", ".autograder-lock", ".autograder-program"
REMADE = {KNOWN, LOCK, OPENED}
CHUNK = 1 << 20
OLDEST = (1980, 1, 1, 0, 0, 0)  # that a ZIP file can say


@dataclass(frozen=True)
class Made:
    """What went into an archive, and why other things in the course's folder did not, by their names."""

    manifest: Manifest
    left_out: dict[str, str]


def make(course: Course, file: Path, force: bool = False, progress: Progress = lambda what, done, of: None) -> Made:
    """Write the archive of a course.

    Raises ArchiveError if the file is there already and ``force`` is not given, and CourseError if the gradebook cannot be
    read. Nothing is left behind then, or if it is broken off.
    """
    if file.is_dir() or (os.path.lexists(file) and not force):
        raise ArchiveError(f"{file} is there already; give another name{'' if file.is_dir() else ', or --force'}.")
    if not file.parent.is_dir():
        raise ArchiveError(f"There is no folder {file.parent} to write the archive into; make it first.")
    moving.require_own_setting(course)
    used = [name for name in course.exercises if is_used(course, name)]
    released = [name for name in used if course.released(name).is_file()]
    exercises = []
    for number, name in enumerate(released, start=1):
        exercises.append(course.exercise(name))
        progress("loading exercises", number, len(released))
    with tempfile.TemporaryDirectory(prefix=f".{file.name}.", suffix=".part", dir=file.parent) as folder:
        sources, left_out = files_of(course, used, {file.resolve(), Path(folder).resolve(), *gradebook_files(course)})
        progress("copying the gradebook", 0, 1)
        sources |= substitutes(course, Path(folder)) | manifest.program_files()
        progress("copying the gradebook", 1, 1)
        part, files = Path(folder, "archive"), dict[str, File]()
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, (name, source) in enumerate(sorted(sources.items()), start=1):
                try:
                    files[name] = add(archive, name, source)
                except FileNotFoundError:  # somebody else took it away
                    left_out[name] = "it was taken away meanwhile"
                progress("archiving", number, len(sources))
            about = Manifest(
                course.settings.name,
                datetime.now(UTC).isoformat(timespec="seconds"),
                manifest.versions_here({package for exercise in exercises for package in exercise.packages}),
                {exercise.slug: version_of(exercise) for exercise in exercises},
                files,
            )
            archive.writestr(manifest.NAME, about.written())
        part.chmod(0o600)  # it holds the course's key
        os.replace(part, file)
    return Made(about, left_out)


def is_used(course: Course, slug: str) -> bool:
    """Whether a course needs its own copy of an exercise: it released or names it, or would not find it without its folders."""
    said, place = course.settings, course.exercises.places[slug]
    named = slug in (said.exercises or ()) or slug in said.by_exercise
    return named or course.released(slug).is_file() or place.parent in said.folders


def files_of(course: Course, used: list[str], besides: set[Path]) -> tuple[dict[str, Path], dict[str, str]]:
    """The files to archive by their names in the archive, and what is left out, with the reason."""
    found, left_out = dict[str, Path](), dict[str, str]()
    trees = [(course.root, COURSE)]
    own = course.root / "exercises"
    trees += [
        (course.exercises.places[slug], f"{COURSE}/exercises/{slug}")
        for slug in used
        if course.exercises.places[slug].parent != own
    ]
    for root, prefix in trees:
        for path, why in walked(root, besides):
            inside = path.relative_to(root)
            name = f"{prefix}/{inside.as_posix()}"
            if root == course.root and inside.parts[0] in REMADE:
                continue
            if name == f"{COURSE}/{GRADEBOOK}":
                left_out[GRADEBOOK] = "another gradebook is the course's"
            elif why or not is_plain(name):
                left_out[str(inside)] = why or "its name is not readable everywhere"
            else:
                found[name] = path
    return found, left_out


def walked(root: Path, besides: set[Path]) -> Iterator[tuple[Path, str]]:
    """Every file below a folder, and why it cannot be archived, if so."""
    for folder, folders, names in os.walk(root):
        for name in [*folders, *names]:
            path = Path(folder, name)
            if path.is_symlink():
                yield path, "it is a link"
        folders[:] = sorted(name for name in folders if name != "__pycache__" and Path(folder, name) not in besides)
        for name in sorted(names):
            path = Path(folder, name)
            if path in besides or path.is_symlink() or name.endswith(".part"):
                continue
            yield path, "" if path.is_file() else "it is no file"


def is_plain(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\\" not in name and "\0" not in name


def substitutes(course: Course, folder: Path) -> dict[str, Path]:
    """What takes the place of files that mean something only where they lie: the gradebook, and settings that name places."""
    said = folder / settings.FILE
    said.write_text(settings.without(course.root, ("database", "folders")), encoding="utf-8")
    found = {f"{COURSE}/{settings.FILE}": said}
    if (gradebook := copied_gradebook(course, folder)) is not None:
        found[f"{COURSE}/{GRADEBOOK}"] = gradebook
    return found


def gradebook_files(course: Course) -> set[Path]:
    """The files in which the gradebook itself lies, if it lies in files: half written ones, maybe."""
    url = database.address(course)
    if url.get_backend_name() != "sqlite" or not url.database:
        return set()
    return {Path(f"{Path(url.database).resolve()}{ending}") for ending in ("", "-journal", "-wal", "-shm")}


def copied_gradebook(course: Course, folder: Path) -> Path | None:
    """The gradebook as it is at one moment, as a file of SQLite; None where there is none yet."""
    url, copy = database.address(course), folder / GRADEBOOK
    if url.get_backend_name() != "sqlite":
        target = Course(folder)
        target.db_url = f"sqlite:///{copy}"
        moving.copy_all(course, target)
        return copy
    there = Path(url.database or "")
    if not there.is_file():
        return None
    try:
        with (
            closing(sqlite3.connect(f"{there.resolve().as_uri()}?mode=ro", uri=True, timeout=60)) as source,
            closing(sqlite3.connect(copy)) as into,
        ):
            source.backup(into)
            (verdict,) = into.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict != "ok":
        raise ArchiveError(f"{database.named(course)} cannot be read whole ({verdict}); restore it, then archive it.")
    return copy


def add(archive: zipfile.ZipFile, name: str, source: Path) -> File:
    """Write one file into the archive; what was written is what the digest is of, even if the file changes meanwhile."""
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise FileNotFoundError(source)
        info = zipfile.ZipInfo(name, max(time.localtime(about.st_mtime)[:6], OLDEST))
        mode = stat.S_IMODE(about.st_mode) & 0o755
        info.external_attr, info.compress_type = (stat.S_IFREG | mode) << 16, zipfile.ZIP_DEFLATED
        with archive.open(info, "w", force_zip64=True) as into:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                into.write(chunk)
    return File(digest.hexdigest(), size, max(about.st_mtime_ns, 0), mode)
