"""Finding and reading a hand-in's files, whatever they are called and however they are written; no link is followed."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.runner.calling import _

MEGABYTE = 1 << 20
LARGEST_FILE = 64 * MEGABYTE  # on the disk; most of a large notebook are outputs, which are not read
LARGEST_NOTEBOOK = 8 * MEGABYTE  # without its outputs and pictures
MOST_PARTS, DEEPEST_FOLDER, MOST_ENTRIES, LONGEST_NAME, MOST_NAMES = 4_000_000, 3, 1000, 80, 5
ENDINGS = ((".ipynb",), (".ipynb.txt", ".ipynb.json", ".json"))
SWEEPINGS = {
    "__MACOSX",
    "Thumbs.db",
    "desktop.ini",
}  # what systems and archives leave behind, beside names that begin with a dot

TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)  # a string without an end goes to the end of the text
LEFT_OUT = {'"outputs"': "[]", '"attachments"': '{"": {}}'}
COLON = re.compile(r"\s*:\s*(?=[\[{])")
PICTURE_DATA = re.compile(r"data:image/[A-Za-z0-9+/=%_.;,:-]*+")
LARGE_PICTURE = re.compile(r"data:image/[A-Za-z0-9+/=%_.;,:-]{4096,}+")
MERGE_MARK = re.compile(r"^(?:<{7}|>{7})(?: .*)?\r?$", re.MULTILINE)


class Unreadable(Exception):
    """A hand-in that holds no notebook that can be read; the message says why."""


@dataclass(frozen=True)
class Found:
    """The notebook of a hand-in: the way to it from the inbox, and what there is to say of how it was found."""

    parts: tuple[str, ...]
    notes: tuple[str, ...] = ()


def shown(name: str) -> str:
    """A file's name as it can be printed."""
    return "".join(c if c.isprintable() else "?" for c in name[:LONGEST_NAME])


def is_sweeping(name: str) -> bool:
    return name.startswith(".") or name in SWEEPINGS


def open_file(folder: Path, parts: tuple[str, ...]) -> int:
    """Open a regular file below a folder, following no link on the way.

    Raises Unreadable if it is missing, is or lies behind a link, or is anything but a regular file.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for number, part in enumerate(parts, start=1):
            last = number == len(parts)
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | (0 if last else os.O_DIRECTORY)
            try:
                inner = os.open(part, flags, dir_fd=descriptor)
            except OSError as error:
                raise Unreadable(why_not(error, part)) from error
            os.close(descriptor)
            descriptor = inner
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable(_("{name} is not a file.").format(name=shown(parts[-1])))
        return descriptor
    except BaseException:
        os.close(descriptor)
        raise


def why_not(error: OSError, name: str) -> str:
    name = shown(name)
    if error.errno == errno.ENOENT:
        return _("{name} is missing.").format(name=name)
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return _("{name} is a link or not a folder; only files handed in are read.").format(name=name)
    return _("{name} cannot be read: {reason}.").format(name=name, reason=error.strerror)


def read_file(folder: Path, parts: tuple[str, ...], most: int) -> tuple[bytes, float]:
    """A file's bytes and the time its content or name last changed here (which no archive can set)."""
    with os.fdopen(open_file(folder, parts), "rb") as file:
        about = os.fstat(file.fileno())
        if about.st_size > most:
            told = _(
                "{name} has {size} MB; the most that is read is {most} MB. Clear its outputs and hand it in again."
            )
            raise Unreadable(sized(told, about.st_size, most, name=shown(parts[-1])))
        return file.read(most), about.st_ctime


def sized(told: str, size: int, most: int, **names: str) -> str:
    """A sentence on what is too large: its size is rounded up, so that it is never the one that is allowed."""
    return told.format(size=math.ceil(size * 10 / MEGABYTE) / 10, most=most // MEGABYTE, **names)


# ---- which file it is ------------------------------------------------------------------------------------------------


def find_notebook(inbox: Path, student: str, slug: str) -> Found:
    """The notebook that a student handed in.

    The one of the exercise's name in its place comes first. Without it, notebooks of other names and deeper in the folder
    count: of several the one that was written last. What else might have been meant is named.

    Raises Unreadable if there is none; the message names what lies there instead.
    """
    wanted = f"{slug}.ipynb"
    exact = (student, slug, wanted)
    if (
        any(inbox.joinpath(*exact[:depth]).is_symlink() for depth in range(1, 4))
        or not inbox.joinpath(*exact[:2]).is_dir()
    ):
        return Found(exact)  # reading it says what is wrong
    files = sorted(below(inbox / student / slug))
    notebooks = [parts for parts in files if parts[-1].lower().endswith(ENDINGS[0])]
    if os.path.lexists(inbox.joinpath(*exact)):
        return Found(
            exact, told_of_others(inbox, wanted, [(student, slug, *parts) for parts in notebooks if parts != (wanted,)])
        )
    notebooks = notebooks or [parts for parts in files if parts[-1].lower().endswith(ENDINGS[1])]
    if not notebooks:
        raise Unreadable(missing(wanted, ["/".join(parts) for parts in files]))
    ways = sorted(((student, slug, *parts) for parts in notebooks), key=lambda way: (-written(inbox, way), way))
    told = _("{wanted} is missing; {name} was taken in its place.").format(
        wanted=wanted, name=shown("/".join(ways[0][2:]))
    )
    return Found(ways[0], (told, *told_of_others(inbox, ways[0][-1], ways[1:])))


def below(folder: Path) -> Iterator[tuple[str, ...]]:
    """The regular files in a folder and not far below it, without what systems leave behind."""
    left = MOST_ENTRIES
    for place, folders, names in os.walk(folder):
        inner = Path(place).relative_to(folder).parts
        folders[:] = [] if len(inner) == DEEPEST_FOLDER else sorted(name for name in folders if not is_sweeping(name))
        left -= len(folders)
        for name in sorted(names)[: max(left, 0)]:
            left -= 1
            path = os.path.join(place, name)
            if not is_sweeping(name) and not os.path.islink(path) and os.path.isfile(path):
                yield (*inner, name)


def written(inbox: Path, way: tuple[str, ...]) -> float:
    """When a file was last written, as its own date says."""
    try:
        return os.lstat(inbox.joinpath(*way)).st_mtime
    except OSError:
        return 0.0


def told_of_others(inbox: Path, taken: str, others: list[tuple[str, ...]]) -> tuple[str, ...]:
    if not others:
        return ()
    told = _("Beside {taken} there was also {names}; that was not read.")
    return (told.format(taken=shown(taken), names=listed_names(["/".join(way[2:]) for way in others])),)


def missing(wanted: str, names: list[str]) -> str:
    told = _("{wanted} is missing.").format(wanted=wanted)
    if not names:
        return told + " " + _("The folder is empty.")
    return told + " " + _("In the folder there is only {names}.").format(names=listed_names(names))


def listed_names(names: list[str]) -> str:
    """Some names, and how many more there are."""
    more = len(names) - MOST_NAMES
    return ", ".join(map(shown, names[:MOST_NAMES])) + (f" (+{more})" if more > 0 else "")


# ---- what it holds ---------------------------------------------------------------------------------------------------


def decoded(data: bytes) -> str:
    """The text of a file in any encoding in which editors write JSON, else as Windows writes plain text."""
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def read_json(data: bytes) -> object:
    """What a notebook's file holds. Raises Unreadable, with what the file is instead, if it is not JSON or too large."""
    text = decoded(data)
    if len(data) > LARGEST_NOTEBOOK:
        text = LARGE_PICTURE.sub("data:image/", without_outputs(text))
        if len(text) > LARGEST_NOTEBOOK:
            told = _("Without its outputs and pictures the notebook has {size} MB; the most that is read is {most} MB.")
            raise Unreadable(sized(told, len(text), LARGEST_NOTEBOOK))
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(why_no_json(data, text)) from error


def without_outputs(text: str) -> str:
    """A large notebook's text without what its cells put out and without attached pictures, in memory bounded by its size.

    Raises Unreadable if it has more strings and brackets than any notebook.
    """
    kept, start, depth, skipped = list[str](), 0, 0, -1
    for number, token in enumerate(TOKEN.finditer(text)):
        if number == MOST_PARTS:
            raise Unreadable(_("The file is not a notebook: it has more parts than any."))
        first = text[token.start()]
        if first in "[{":
            depth += 1
        elif first in "]}":
            depth -= 1
            if depth == skipped:
                start, skipped = token.end(), -1
        elif depth == 3 and skipped < 0 and token.group() in LEFT_OUT:
            colon = COLON.match(text, token.end())
            if colon is not None:
                kept += [text[start : colon.end()], LEFT_OUT[token.group()]]
                skipped = depth
    return "".join([*kept, "" if skipped >= 0 else text[start:]])


def why_no_json(data: bytes, text: str) -> str:
    """What a file is that should be a notebook."""
    mark = MERGE_MARK.search(text)
    if mark is not None:
        told = _(
            "Line {line} of the file, {mark}, marks a place where two versions were merged and did not fit together. So the file "
            "is no notebook. At each such place keep one version, delete ======= and the lines like this one, and hand in again."
        )
        return told.format(line=text.count("\n", 0, mark.start()) + 1, mark=mark.group().strip()[:LONGEST_NAME])
    if not text.strip(" \t\r\n\0\ufeff"):
        return _("The file is empty. Save the notebook and hand it in again.")
    if data.startswith(b"PK\x03\x04"):
        return _("The file is not a notebook: it is a zip archive. Unpack it and hand in the notebook in it.")
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return _("The file is not a notebook: it is a web page. Download the notebook itself and hand it in.")
    return _("The file is not a notebook: it is not JSON.")
