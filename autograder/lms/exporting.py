"""Marks in the file that a learning management system imports, and feedback pages in the layout that it takes back."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import Course, CourseError, write_atomically
from autograder.errors import UserError
from autograder.exercise import Exercise
from autograder.grading import attempts
from autograder.grading.gradebook import GradeWriter, Row
from autograder.grading.pages import feedback_path
from autograder.lms import roster
from autograder.lms.roster import Roster, Student, table_of

FOLDER = "export"
TARGETS = ("moodle", "canvas", "gradescope")
ALWAYS_THE_SAME = (1980, 1, 1, 0, 0, 0)  # so that the same pages make the same archive
Table = list[list[str]]


class ExportError(UserError):
    """Marks that cannot be written as they were asked for; nothing was written."""


@dataclass(frozen=True)
class Line:
    """One student: what the class list and the download say, and the mark; None where nobody is graded."""

    student: Student
    record: dict[str, Any]
    row: Row | None

    @property
    def points(self) -> str:
        return "" if self.row is None else f"{round(self.row.points, 4):g}"

    def said(self, key: str) -> str:
        return str(self.record.get(key) or "")

    def number(self, system: str) -> str:
        """What the system calls the student: as the class list says, else as the download said."""
        return self.student.ids.get(system) or (self.said("id") if self.record.get("from") == system else "")


@dataclass(frozen=True)
class Written:
    marks: Path
    pages: Path
    count: int
    without_number: tuple[str, ...]
    not_listed: tuple[str, ...]


def export(course: Course, exercise: Exercise, system: str, template: Path | None = None) -> Written:
    """Write the marks and the pages of an exercise into export/.

    ``template`` is the file that the system itself gave to be filled in: all of it stays but the marks. Raises ExportError or
    RosterError if it is another course's, and CourseError if nobody is graded.
    """
    known = roster.read(course.root / roster.FILE)
    lines, not_listed = lines_of(course, exercise, known)
    if all(line.row is None for line in lines):
        raise CourseError(f"Nobody is graded on {exercise.slug} yet; run 'autograder grade {exercise.slug}'.")
    table = TABLES[system](exercise, lines) if template is None else filled(template, system, exercise, lines)
    folder = course.root / FOLDER
    marks, pages = folder / f"{exercise.slug}-{system}.csv", folder / f"{exercise.slug}-{system}-feedback.zip"
    archive, count = archived(course, exercise, system, lines)
    write_atomically(marks, as_csv(table))
    write_atomically(pages, archive)
    lost = [line.student.id for line in lines if line.row is not None and not line.number(system)]
    return Written(marks, pages, count, tuple(lost) if system != "gradescope" else (), not_listed)


def lines_of(course: Course, exercise: Exercise, known: Roster) -> tuple[list[Line], tuple[str, ...]]:
    """A line for each student of the class list, in its order; and who is graded and not on it."""
    with GradeWriter(course) as writer:
        rows = {row.student: row for row in writer.rows(exercise)}
    lines = [Line(one, attempts.read(course, exercise.slug, one.id) or {}, rows.get(one.id)) for one in known.students]
    return lines, tuple(sorted(set(rows) - {one.id for one in known.students}))


def moodle_table(exercise: Exercise, lines: Sequence[Line]) -> Table:
    """The grading worksheet, as far as Moodle reads it back: who, the grade, and when it was graded (never)."""
    head = ["Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Last modified (grade)"]
    most = f"{exercise.most:g}"
    return [head] + [
        [f"Participant {line.number('moodle')}", line.student.name, line.student.email, line.points, most, "-"]
        for line in lines
        if line.number("moodle")
    ]


def canvas_table(exercise: Exercise, lines: Sequence[Line]) -> Table:
    """The gradebook's CSV with one column of marks; Canvas wants its own name for it, which a template has."""
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", exercise.title]
    most = ["    Points Possible", "", "", "", "", f"{exercise.most:g}"]
    return [head, most] + [
        [line.student.name, line.number("canvas"), line.student.id, line.student.email, "", line.points]
        for line in lines
    ]


def gradescope_table(exercise: Exercise, lines: Sequence[Line]) -> Table:
    """Marks by name, number and address, with the columns of the file that Gradescope itself gives out."""
    head = ["Name", "SID", "Email", "Total Score", "Max Points", "Submission ID"]
    return [head] + [
        [line.student.name, line.student.ids.get("gradescope") or line.student.id, line.student.email, line.points,
         f"{exercise.most:g}", line.said("prefix").removeprefix("submission_")]
        for line in lines
    ]  # fmt: skip


TABLES: dict[str, Callable[[Exercise, Sequence[Line]], Table]] = {
    "moodle": moodle_table, "canvas": canvas_table, "gradescope": gradescope_table,
}  # fmt: skip


def filled(template: Path, system: str, exercise: Exercise, lines: Sequence[Line]) -> Table:
    """The system's own file with the marks entered. Raises ExportError if it has no place for them, or other students."""
    needed = {"moodle": ("identifier", "grade"), "canvas": ("id",), "gradescope": ("email", "total score")}[system]
    table_of(template, needed, f"{system}'s file")  # says what is wrong with it
    rows = list(csv.reader(io.StringIO(template.read_text(encoding="utf-8-sig"), newline="")))
    head = [name.strip().lower() for name in rows[0]]
    place = column_of(template, system, exercise, rows[0])
    by_key = {key: line for line in lines for key in keys(line, system) if key}
    entered = 0
    for row in rows[1:]:
        row.extend([""] * (len(head) - len(row)))
        line = next((by_key[key] for key in said_keys(row, head, system) if key in by_key), None)
        if line is not None and line.row is not None:
            row[place] = line.points
            entered += 1
    if not entered:
        raise ExportError(f"{template} names none of the students who are graded; is it of this course and exercise?")
    return rows


def keys(line: Line, system: str) -> Iterator[str]:
    """What a line of the system's file may know a student by."""
    yield f"#{line.number(system)}" if line.number(system) else ""
    yield roster.folded(line.student.email)
    yield roster.folded(line.student.id)


def said_keys(row: list[str], head: list[str], system: str) -> Iterator[str]:
    cells = dict(zip(head, row, strict=False))
    number = re.search(r"\d+$", cells.get({"moodle": "identifier", "canvas": "id"}.get(system, ""), "").strip())
    if number:
        yield f"#{number[0]}"
    for name in ("email address", "email", "sis login id", "id number", "sis user id", "sid"):
        if cells.get(name, "").strip():
            yield roster.folded(cells[name])


def column_of(template: Path, system: str, exercise: Exercise, head: list[str]) -> int:
    """Where the marks go: in Canvas, the one column that is named by the exercise."""
    names = [name.strip().lower() for name in head]
    if system != "canvas":
        return names.index({"moodle": "grade", "gradescope": "total score"}[system])
    wanted = [exercise.slug.lower(), exercise.title.lower(), exercise.slug.partition("_")[2].replace("_", " ")]
    found = [place for place, name in enumerate(names) if any(part and part in name for part in wanted)]
    if len(found) != 1:
        raise ExportError(
            f"{template} has {len(found) or 'no'} columns for {exercise.slug}; name the assignment in Canvas "
            f"'{exercise.slug}' or '{exercise.title}', and download its gradebook anew."
        )
    return found[0]


def as_csv(table: Table) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(table)
    return out.getvalue().encode()


def archived(course: Course, exercise: Exercise, system: str, lines: Sequence[Line]) -> tuple[bytes, int]:
    """The feedback pages, each called so that the system gives it to its student; and how many."""
    out, count = io.BytesIO(), 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for line in lines:
            page = feedback_path(course, exercise.slug, line.student.id)
            if line.row is None or not page.is_file():
                continue
            entry = zipfile.ZipInfo(page_name(line, system, exercise.slug), ALWAYS_THE_SAME)
            archive.writestr(entry, page.read_bytes(), zipfile.ZIP_DEFLATED)
            count += 1
    return out.getvalue(), count


def page_name(line: Line, system: str, slug: str) -> str:
    """Moodle and Canvas read from a page's name whose it is, as they wrote it into the download's names."""
    name, prefix = f"{slug}.html", line.said("prefix") if line.record.get("from") == system else ""
    if system == "moodle" and line.number("moodle"):
        prefix = prefix or f"{line.student.name.replace('_', ' ')}_{line.number('moodle')}"
        return f"{prefix}_assignfeedback_file/{name}"
    if system == "canvas" and prefix:
        return f"{prefix}_{name}"
    return f"{prefix or line.student.id}/{name}"
