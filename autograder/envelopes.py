"""Collecting from archives with nbgrader's `zip_collect`: who handed in is decided by the envelope, never by what lies inside.

The envelope is the outermost name that says a student: a file of its own, or a student's archive, as the learning management
system named it. What a student packed into an archive can name nobody else, reaches no other folder, and stops nobody's
collecting.
"""

import lzma
import os
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin

LARGEST_ARCHIVE, MOST_ENTRIES, DEEPEST = 256 << 20, 2000, 3
LINK = 0o12  # the kind of a file in the highest bits of a ZIP entry's attributes
BAD = (
    OSError, EOFError, ValueError, RuntimeError, NotImplementedError, OverflowError, zipfile.BadZipFile, tarfile.TarError,
    zlib.error, lzma.LZMAError,
)  # fmt: skip


class TooMuch(ValueError):
    """An archive with more in it than is unpacked."""


def is_archive(path: Path) -> bool:
    return path.suffix.lower() in (".zip", ".tar", ".gz", ".tgz")


def bare(path: Path) -> Path:
    """The folder into which an archive is unpacked: its path without the endings."""
    return path.with_name(re.sub(r"(\.tar)?\.(zip|tar|gz|tgz)$", "", path.name, flags=re.IGNORECASE) or "archive")


def stays_inside(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def unpack(
    archive: Path, folder: Path, most_bytes: int | None = None, most_entries: int | None = None,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> list[str]:  # fmt: skip
    """The regular files of an archive whose names stay inside it; no links, no devices, no rights of theirs.

    ``tell`` hears how many are done, and of how many. Returns the names of what is left out. Raises TooMuch if there are too
    many entries or bytes, and what zipfile and tarfile raise for what they cannot read.
    """
    left = most = LARGEST_ARCHIVE if most_bytes is None else most_bytes
    count = MOST_ENTRIES if most_entries is None else most_entries
    folder.mkdir(parents=True, exist_ok=True)
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            entries = [one for one in opened.infolist() if not one.is_dir()]
            files = [(one.filename, one) for one in entries if one.external_attr >> 28 != LINK]
            inside = bounded(files, count)
            for number, (name, one) in enumerate(inside, start=1):
                with opened.open(one) as source:
                    left = copied(source, folder / name, left, most)
                tell(number, len(inside))
            return sorted({one.filename for one in entries} - {name for name, _one in inside})
    with tarfile.open(archive) as tar:
        members = [one for one in tar if not one.isdir()]
        kept = bounded([(one.name, one) for one in members if one.isreg()], count)
        for number, (name, member) in enumerate(kept, start=1):
            file = tar.extractfile(member)
            assert file is not None
            left = copied(file, folder / name, left, most)
            tell(number, len(kept))
        return sorted({one.name for one in members} - {name for name, _one in kept})


def bounded(entries: list[tuple[str, Any]], most: int) -> list[tuple[str, Any]]:
    if len(entries) > most:
        raise TooMuch(f"it has more than {most} files")
    return [(name, one) for name, one in entries if stays_inside(name)]


def copied(source: Any, target: Path, left: int, most: int) -> int:
    """Write what can be read, whatever size was announced; how many of the ``most`` bytes may still follow."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        while chunk := source.read(1 << 20):
            left -= len(chunk)
            if left < 0:
                raise TooMuch(f"it has more than {most >> 20} MB")
            file.write(chunk)
    return left


class SafeExtractor(ExtractorPlugin):  # type: ignore[misc]
    """Unpacks each archive by itself: a bad one costs its own student alone."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        for root, _folders, names in os.walk(archive_path):
            for name in sorted(names):
                source = Path(root, name)
                target = Path(extracted_path) / source.relative_to(archive_path)
                target.parent.mkdir(parents=True, exist_ok=True)
                if source.is_symlink():
                    self.log.warning(f"{source} is a link, and is left out.")
                elif is_archive(source):
                    self.unpacked(source, bare(target), DEEPEST)
                else:
                    shutil.copy(source, target)

    def unpacked(self, archive: Path, folder: Path, deepest: int) -> None:
        """An archive with the archives in it; what cannot be unpacked is named, and nothing of it stays."""
        try:
            unpack(archive, folder)
        except BAD as error:
            shutil.rmtree(folder, ignore_errors=True)
            self.log.warning(
                f"{archive.name} is not unpacked ({error}); ask for another copy. All others are collected."
            )
            return
        for inner in sorted(path for path in folder.rglob("*") if path.is_file()) if deepest else []:
            if is_archive(inner):
                self.unpacked(inner, bare(inner), deepest - 1)
                inner.unlink()


class EnvelopeCollector(FileNameCollectorPlugin):  # type: ignore[misc]
    """Reads the student's name from the outermost name that ``named_regexp`` fits; names inside an envelope stay file names."""

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        path, app = Path(submitted_file), self.parent
        if not self.named_regexp:
            return super().collect(submitted_file)  # type: ignore[no-any-return]
        if path.suffix not in self.valid_ext:
            return None
        parts = path.relative_to(app._format_collect_path(app.extracted_directory)).parts
        for place, name in enumerate(parts):
            found = re.match(self.named_regexp, f"/{name}") or re.match(self.named_regexp, name)
            if found:
                inside = parts[place + 1 :]
                told: dict[str, str] = found.groupdict()
                file_id = "_".join(re.sub(r"[^\w.+-]", "_", part) for part in inside) if inside else told["file_id"]
                must_differ = bool(inside) or not told.get("timestamp")
                return told | {"file_id": self.new_name(told["student_id"], file_id, must_differ)}
        self.log.warning(f"{submitted_file} is in no envelope that names a student, and is left out.")
        return None

    def new_name(self, student: str, file_id: str, must_differ: bool) -> str:
        """A name that this student has not used: two files of one name would end the collecting of all."""
        stem, suffix = os.path.splitext(file_id)
        number, name = 1, file_id
        while must_differ and (student, name.lower()) in self.used:
            number += 1
            name = f"{stem}-{number}{suffix}"
        self.used.add((student, name.lower()))
        return name

    @property
    def used(self) -> set[tuple[str, str]]:
        used: set[tuple[str, str]] = self.__dict__.setdefault("_used", set())
        return used
