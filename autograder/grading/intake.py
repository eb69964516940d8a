"""Intake: from what a student handed in to a notebook that is safe to keep, and the only way into nbgrader's submitted/.

Of a hand-in nothing is taken but source: that of the cells to fill in (by grade id, else by cell id, else by the function
that a cell defines), that of cells that the student added, in their place, and text without markup. Everything else - checks,
points, prose, metadata, outputs, other files, links, times - comes from the released notebook and from us.
"""

from __future__ import annotations

import ast
import errno
import hashlib
import hmac
import json
import os
import re
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.course import Course, write_atomically
from autograder.exercise import Exercise
from autograder.exercise.cells import notebook_bytes, solution_id
from autograder.runner.calling import _

STUDENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
LARGEST_NOTEBOOK, MOST_CELLS = 8 << 20, 500
LARGEST_SOURCE, MOST_SOURCE = 64 * 1024, 512 * 1024
LARGEST_TEXT, MOST_TEXT = 16 * 1024, 64 * 1024
RECORD, TIMESTAMP, NOTEBOOK_KEY = "intake.json", "timestamp.txt", "autograder"
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Unreadable(Exception):
    """A hand-in that holds no notebook that can be read; the message says why."""


@dataclass(frozen=True)
class HandIn:
    """One student's folder in the inbox."""

    student: str
    slug: str


@dataclass
class Rebuilt:
    """The notebook made of the released one and a student's source.

    ``unchanged`` names the functions whose cells are as released, ``malformed`` maps those whose cells are missing to what
    is wrong, and ``notes`` says what intake left out or put right.
    """

    notebook: Any
    unchanged: list[str] = field(default_factory=list)
    malformed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class StudentCell:
    """The little that is read of a submitted cell."""

    kind: str
    source: str
    id: str
    grade_id: str


def valid_student(name: str) -> bool:
    """Whether a folder's name may be a student's: what cannot be a path, markup or an option."""
    return STUDENT_ID.fullmatch(name) is not None


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
            raise Unreadable(_("{name} is not a file.").format(name=parts[-1]))
        return descriptor
    except BaseException:
        os.close(descriptor)
        raise


def why_not(error: OSError, name: str) -> str:
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
            told = _("{name} has {size} MB; the most that is read is {most} MB.")
            raise Unreadable(told.format(name=parts[-1], size=about.st_size >> 20, most=most >> 20))
        return file.read(most), about.st_ctime


def plain(text: Any) -> str:
    """A source as a string that can be written to a file."""
    parts = text if isinstance(text, list) else [text]
    whole = "".join(part for part in parts if isinstance(part, str))
    return whole[:LARGEST_SOURCE].encode("utf-8", "replace").decode().replace("\0", "")


def parse(data: bytes) -> list[StudentCell]:
    """The cells of a submitted notebook. Raises Unreadable if it is not one of format 4, or too large."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable(_("The file is not a notebook: it is not JSON.")) from error
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise Unreadable(_("The file is not a notebook of format 4: it has no list of cells."))
    if len(cells) > MOST_CELLS:
        told = _("The notebook has {count} cells; the most that are read is {most}.")
        raise Unreadable(told.format(count=len(cells), most=MOST_CELLS))
    read = [student_cell(cell) for cell in cells if isinstance(cell, dict)]
    if sum(len(cell.source) for cell in read) > MOST_SOURCE:
        told = _("The notebook holds more than {most} KB of source, the most that is read.")
        raise Unreadable(told.format(most=MOST_SOURCE >> 10))
    return read


def student_cell(cell: dict[str, Any]) -> StudentCell:
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    kind, identity = cell.get("cell_type"), cell.get("id")
    return StudentCell(
        kind if kind in ("code", "markdown") else "raw",
        plain(cell.get("source")),
        identity if isinstance(identity, str) else "",
        grade_id if isinstance(grade_id, str) else "",
    )


# In TeX, MathJax follows links and defines macros; none of it is needed to answer a question.
TEX_WITH_POWERS = re.compile(
    r"\\(?=(?:href|url|require|html\w*|data|cssId|class|style|unicode|bbox|mml\w*|def|let|(?:re)?new(?:command|environment))\b)"
)
TAG = re.compile(r"<(?=\S)")
ENTITY = re.compile(r"&(?=#?\w+;)")
LINK = re.compile(r"\](?=[(:\[])(?!\(\s*https?://|:\s*https?://)")
HARMFUL_SCHEME = re.compile(
    "(?i)(" + "|".join(r"[\\\s]*".join(name) for name in ("javascript", "vbscript", "data", "file")) + r")([\\\s]*):"
)


def without_markup(text: str) -> str:
    """A student's Markdown with its HTML shown as text, no pictures, and links only to the web.

    formgrader renders Markdown, and a script there could set any grade. So "<" and "&" are set apart from what would make
    them markup, every link whose target does not begin with http or https is broken up, and so are TeX commands that link.
    """
    text = "".join(c for c in text[:LARGEST_TEXT] if c in "\t\n" or c.isprintable())
    text = ENTITY.sub("&amp;", TAG.sub("< ", text)).replace("![", "! [")
    return TEX_WITH_POWERS.sub(r"\\ ", HARMFUL_SCHEME.sub(r"\1 ", LINK.sub("] ", text)))


def defined_functions(source: str) -> set[str]:
    """The functions and classes that a cell defines at its top level."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(re.findall(r"^(?:def|class)\s+([A-Za-z_]\w*)", source, re.MULTILINE))
    return {node.name for node in tree.body if isinstance(node, DEFINITIONS)}


def matched(exercise: Exercise, released: list[Any], cells: list[StudentCell]) -> dict[int, int]:
    """Which released cell each submitted cell stands for, by their places: the first rule that finds one decides."""
    by_grade_id = {cell.metadata.get("nbgrader", {}).get("grade_id"): place for place, cell in enumerate(released)}
    by_id = {cell.id: place for place, cell in enumerate(released)}
    by_source = {cell.source: place for place, cell in enumerate(released)}
    by_function = {check.function: by_id[solution_id(check)] for check in exercise.checks}
    found: dict[int, int] = {}

    def defined_in(cell: StudentCell) -> int | None:
        names = defined_functions(cell.source) & set(by_function) if cell.kind == "code" else ()
        return min({by_function[name] for name in names} - set(found.values()), default=None)

    rules: tuple[Callable[[StudentCell], int | None], ...] = (
        lambda cell: by_grade_id.get(cell.grade_id), lambda cell: by_id.get(cell.id),
        defined_in, lambda cell: by_source.get(cell.source),
    )  # fmt: skip
    for rule in rules:
        for number, cell in enumerate(cells):
            place = None if number in found else rule(cell)
            if place is not None and place not in found.values() and released[place].cell_type == cell.kind:
                found[number] = place
    return found


def is_solution(cell: Any) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def is_check(cell: Any) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("grade")) and not is_solution(cell)


def rebuild(exercise: Exercise, released: Any, cells: list[StudentCell]) -> Rebuilt:
    """The released notebook with a student's source in it."""
    places = matched(exercise, released.cells, cells)
    added: dict[int, list[Any]] = {}
    sources: dict[int, str] = {}
    anchor = -1
    notes = set()
    check_sources = {cell.source for cell in released.cells if is_check(cell)}
    for number, cell in enumerate(cells):
        if number in places:
            anchor = places[number]
            sources[anchor] = cell.source
        elif cell.kind == "code" and cell.source in check_sources:
            notes.add(_("A check cell stood there more than once; it counts once."))
        elif cell.kind != "raw" and cell.source.strip():
            added.setdefault(anchor, []).append(added_cell(cell, number))
    if sum(len(cell.source) for cell in cells if cell.kind == "markdown") > MOST_TEXT:
        notes.add(_("There were more than {most} KB of text; the rest is left out.").format(most=MOST_TEXT >> 10))
        shorten(cell for cells_here in added.values() for cell in cells_here if cell.cell_type == "markdown")
    elsewhere = {name for cell in cells if cell.kind == "code" for name in defined_functions(cell.source)}
    result = Rebuilt(nbformat.from_dict(released), notes=sorted(notes))
    result.notebook.cells = list(added.get(-1, []))
    for number, original in enumerate(released.cells):
        cell = released_cell(exercise, original, sources.get(number), result, elsewhere)
        result.notebook.cells += [cell, *added.get(number, [])]
    return result


def shorten(cells: Iterable[Any]) -> None:
    """Keep the first MOST_TEXT characters of the added text: what renders Markdown takes time that grows faster than it."""
    left = MOST_TEXT
    for cell in cells:
        cell.source = cell.source[:left]
        left -= len(cell.source)


def added_cell(cell: StudentCell, number: int) -> Any:
    """A cell of the student's own. Its place among their cells is its name."""
    if cell.kind == "code":
        return new_code_cell(cell.source, id=f"added-{number}")
    return new_markdown_cell(without_markup(cell.source), id=f"added-{number}")


def released_cell(exercise: Exercise, original: Any, source: str | None, result: Rebuilt, elsewhere: set[str]) -> Any:
    """A released cell; if it was to be filled in, with the student's source."""
    cell = nbformat.from_dict(original)
    if is_check(cell) and source is None:
        result.notes.append(_("The check cell {name} was missing; it counts all the same.").format(name=cell.id))
    if not is_solution(cell):
        return cell
    check = next((check for check in exercise.checks if solution_id(check) == cell.id), None)
    if source is None:
        cell.source = ""
        if check is not None and check.function not in elsewhere:
            told = _("The notebook has no cell that defines {function}.").format(function=check.function)
            result.malformed[check.function] = told
        return cell
    if check is not None and source.strip() == original.source.strip():
        result.unchanged.append(check.function)
    cell.source = source if cell.cell_type == "code" else without_markup(source)
    return cell


def signature(course: Course, student: str, slug: str, data: bytes) -> str:
    """The proof that intake wrote these bytes for this student."""
    message = b"\0".join([student.encode(), slug.encode(), hashlib.sha256(data).digest()])
    return hmac.new(course.secret, message, hashlib.sha256).hexdigest()


def folder_of(course: Course, student: str, slug: str) -> Path:
    return course.submitted / student / slug


def read_record(course: Course, student: str, slug: str) -> dict[str, Any] | None:
    try:
        record = json.loads((folder_of(course, student, slug) / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def confirmed(course: Course, student: str, slug: str) -> bytes | None:
    """The notebook in submitted/, if intake wrote it and nobody changed it since; else None."""
    record = read_record(course, student, slug)
    try:
        data = (folder_of(course, student, slug) / f"{slug}.ipynb").read_bytes()
    except OSError:
        return None
    proof = record.get("signature") if record else None
    expected = signature(course, student, slug, data).encode()
    if not isinstance(proof, str) or not hmac.compare_digest(proof.encode("utf-8", "replace"), expected):
        return None
    return data


def take_in(course: Course, exercise: Exercise, released: Any, hand_in: HandIn) -> dict[str, Any]:
    """Rebuild one hand-in and write it to submitted/, with our own time; return intake's record."""
    slug, student = hand_in.slug, hand_in.student
    arrived = time.time()
    files: dict[str, bytes] = {}
    try:
        data, arrived = read_file(course.inbox, (student, slug, f"{slug}.ipynb"), LARGEST_NOTEBOOK)
        rebuilt = rebuild(exercise, released, parse(data))
        for name in exercise.files:
            files[name], _changed = read_file(course.inbox, (student, slug, name), LARGEST_NOTEBOOK)
    except Unreadable as error:
        malformed = {check.function: str(error) for check in exercise.checks}
        rebuilt = Rebuilt(nbformat.from_dict(released), malformed=malformed, notes=[str(error)])
    rebuilt.notebook.metadata[NOTEBOOK_KEY] = {
        "unchanged": rebuilt.unchanged, "malformed": rebuilt.malformed, "notes": rebuilt.notes,
    }  # fmt: skip
    written = notebook_bytes(rebuilt.notebook)
    before = read_record(course, student, slug)
    if before is not None and confirmed(course, student, slug) == written:
        return before
    moment = datetime.fromtimestamp(arrived, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    proof = signature(course, student, slug, written)
    record = {"signature": proof, "arrived": moment, "notes": rebuilt.notes}
    files |= {TIMESTAMP: moment.encode(), f"{slug}.ipynb": written, RECORD: json.dumps(record).encode()}
    for name, content in files.items():
        write_atomically(folder_of(course, student, slug) / name, content)
    return record


@dataclass
class Inbox:
    """Who handed in, and which folders cannot be anybody's."""

    hand_ins: list[HandIn] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def look(course: Course, slug: str, students: tuple[str, ...] = ()) -> Inbox:
    """The hand-ins of one exercise, or those of the named students."""
    inbox = Inbox()
    if not course.inbox.is_dir():
        return inbox
    for entry in sorted(os.scandir(course.inbox), key=lambda entry: entry.name):
        if students and entry.name not in students:
            continue
        if not valid_student(entry.name) or entry.is_symlink() or not entry.is_dir(follow_symlinks=False):
            inbox.refused.append(ascii(entry.name))
        elif os.path.lexists(os.path.join(entry.path, slug)):
            inbox.hand_ins.append(HandIn(entry.name, slug))
    return inbox


def ever_handed_in(course: Course, slug: str) -> bool:
    """Whether anybody's work on an exercise lies in the inbox or was taken in before."""
    return bool(look(course, slug).hand_ins) or any(course.submitted.glob(f"*/{slug}"))


def take_in_all(
    course: Course, exercise: Exercise, students: tuple[str, ...] = (), progress: Callable[..., None] = lambda *_: None
) -> Inbox:
    """Take in every hand-in of an exercise. One that cannot be read becomes a malformed one and holds up no other."""
    released = nbformat.read(course.released(exercise.slug), as_version=4)
    inbox = look(course, exercise.slug, students)
    for number, hand_in in enumerate(inbox.hand_ins, start=1):
        take_in(course, exercise, released, hand_in)
        progress("taking in", number, len(inbox.hand_ins))
    return inbox
