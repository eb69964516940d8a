"""Grading again who is graded already, by checks that were changed: what it would change is known before any of it is written.

Everyone is asked the same as before, so that what differs comes of the checks (or of another hand-in), and not of the draw.
The gradebook itself says what would become of the points: the grades are written in a transaction that is taken back. So
points given by hand, late marks and comments are as they will be. The same transaction, kept, then writes them, if the
gradebook still comes to what was shown.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from autograder.check import Verdict
from autograder.course import Course, CourseError
from autograder.exercise import Exercise
from autograder.grading import cluster, intake, pages
from autograder.grading.class_run import (
    ClassResult,
    Progress,
    completed,
    farm,
    only_one,
    stopping_runs,
    version_here,
    why_failed,
    write_missing_pages,
)  # fmt: skip
from autograder.grading.core import Settings, grade_submission, version_of
from autograder.grading.database import DatabaseError
from autograder.grading.gradebook import GradeWriter, Outcome, Row
from autograder.grading.points import Graded

SHOWN = 120  # letters of a message


@dataclass(frozen=True)
class Change:
    """What becomes otherwise of one check of a student; None where there was, or will be, no such check.

    ``totals`` are the student's points before and after; ``why`` says in words where the change comes from.
    """

    student: str
    check: str
    before: Outcome | None
    after: Outcome | None
    totals: tuple[float, float]
    why: str

    @property
    def points(self) -> tuple[float, float]:
        return points(self.before), points(self.after)

    @property
    def in_words_alone(self) -> bool:
        """Whether only the message is another."""
        same = self.points[0] == self.points[1] and status(self.before) == status(self.after)
        return same and self.totals[0] == self.totals[1]


@dataclass
class Regrading:
    """A grading that is not written yet: who would be graded by which version, and the tables before and after it."""

    exercise: Exercise
    version: str
    versions_before: tuple[str, ...] = ()
    anew: list[tuple[Graded, bytes]] = field(default_factory=list)
    tables: tuple[list[Row], list[Row]] = ([], [])
    changes: list[Change] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    unlike_release: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def students(self) -> list[str]:
        return [graded.student for graded, _seed in self.anew]


@contextmanager
def set_apart(course: Course, slug: str, students: list[str]) -> Iterator[Course]:
    """The course with a copy of what was taken in, so that taking in anew changes nothing in its folder."""
    with tempfile.TemporaryDirectory(prefix="regrade-") as folder:
        apart = Course(course.root)
        apart.submitted = Path(folder)
        for student in students:
            taken = intake.folder_of(course, student, slug)
            if taken.is_dir():
                shutil.copytree(taken, intake.folder_of(apart, student, slug), symlinks=True)
        yield apart


def prepare(
    course: Course, exercise: Exercise, workers: int = 2, settings: Settings | None = None,
    progress: Progress = lambda what, done, of: None,
) -> Regrading:  # fmt: skip
    """Grade again everyone who was graded by other checks than today's or on another hand-in, and write none of it.

    Raises CourseError if the exercise is not released into the course, or the course is being graded, and SandboxUnavailable
    if no sandbox starts.
    """
    settings, slug = settings or Settings(), exercise.slug
    course.require_released(slug)
    with only_one(course), GradeWriter(course) as writer:
        by = writer.graded_by(slug)
        version = version_here(writer, exercise, version_of(exercise))
        result = Regrading(exercise, version, unlike_release=writer.unlike_release(exercise))
        with set_apart(course, slug, sorted(by)) as apart:
            if by:
                intake.take_in_all(apart, exercise, tuple(by), progress)
            todo = [
                name for name in sorted(by) if (by[name][0], by[name][2]) != (version, signature(apart, name, slug))
            ]
            result.versions_before = tuple(sorted({by[name][0] for name in todo}))

            seeds = {name: by[name][1] for name in todo}
            found = graded_apart(apart, exercise, seeds, workers, settings, progress, result) if seeds else {}
        result.anew = [(found[name], by[name][1]) for name in todo if name in found]
        if result.anew:
            result.tables = writer.regrade(exercise, version, result.anew)
            others = {name for name in result.students if found[name].signature != by[name][2]}
            result.changes = list(differences(*result.tables, others))
    return result


def graded_apart(
    course: Course, exercise: Exercise, seeds: dict[str, bytes], workers: int, settings: Settings, progress: Progress,
    result: Regrading,
) -> dict[str, Graded]:  # fmt: skip
    """What students get on challenges of their seeds; who cannot be graded is entered in ``result``."""
    found: dict[str, Graded] = {}
    with (
        farm(course.settings.cluster, workers, exercise, settings) as there,
        ThreadPoolExecutor(there.most, thread_name_prefix="sandbox") as pool,
        stopping_runs(),
    ):

        def work(student: str) -> Graded:
            return grade_submission(course, exercise, student, seeds[student], settings, there.run)

        for student, future, _seconds in completed(pool, work, list(seeds), there.ahead):
            try:
                found[student] = future.result()
            except (cluster.ClusterError, DatabaseError):  # nobody can be graded
                raise
            except Exception as error:  # one student never holds up another
                result.failed[student] = why_failed(course, student, error)
            progress("grading again", len(found) + len(result.failed), len(seeds))
    return found


def signature(course: Course, student: str, slug: str) -> str | None:
    record = intake.read_record(course, student, slug)
    return None if record is None else str(record.get("signature"))


def points(outcome: Outcome | None) -> float:
    return 0.0 if outcome is None else outcome.points


def status(outcome: Outcome | None) -> str:
    return "no such check" if outcome is None else outcome.verdict.status


def differences(before: list[Row], after: list[Row], handed_in_anew: set[str]) -> Iterator[Change]:
    """What differs between two tables of the same students, check by check, in the table's order."""
    earlier = {row.student: row for row in before}
    for row in after:
        was = earlier[row.student]
        old = {one.verdict.check: one for one in was.outcomes}
        new = {one.verdict.check: one for one in row.outcomes}
        totals, other = (was.points, row.points), row.student in handed_in_anew
        differing = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
        for name in differing:
            yield Change(
                row.student, name, old.get(name), new.get(name), totals, why(old.get(name), new.get(name), other)
            )
        if not differing and was.points != row.points:
            late = f"taken off for lateness {was.taken_off:g}, now {row.taken_off:g}"
            yield Change(
                row.student, "", None, None, totals, late if was.taken_off != row.taken_off else "points by hand"
            )


def why(before: Outcome | None, after: Outcome | None, other_hand_in: bool) -> str:
    """Where a change comes from, in words."""
    told = "another hand-in; " if other_hand_in else ""
    if before is None or after is None:
        return f"{told}{'a new check' if before is None else 'no longer asked for'}"
    was, now = before.verdict, after.verdict
    if (was.status, was.message, was.mistake) == (now.status, now.message, now.mistake):
        return f"{told}it is worth {after.points:g} now" if before.points != after.points else f"{told}read otherwise"
    stays = f"; the {after.points:g} given by hand stay" if after.judged is not None else ""
    return f"{told}{said(was)} → {said(now)}{stays}"


def said(verdict: Verdict) -> str:
    """A verdict in a few words: the mistake by its name, where it has one, else how its message begins."""
    if verdict.status == "right":
        return verdict.status
    message = verdict.mistake or " ".join(verdict.message.split())
    return f"{verdict.status}: {message if len(message) <= SHOWN else message[:SHOWN].rstrip() + ' …'}"


def write(course: Course, regrading: Regrading, progress: Progress = lambda what, done, of: None) -> ClassResult:
    """Write what was prepared: all of it, or, if the gradebook has changed since, nothing, and CourseError says so."""
    exercise, students = regrading.exercise, tuple(regrading.students)
    with only_one(course), GradeWriter(course) as writer, pages.PageMaker() as maker:
        if writer.regrade(exercise, regrading.version, regrading.anew, regrading.tables) != regrading.tables:
            raise CourseError(
                f"The gradebook of {course.root} was changed while you looked: {exercise.slug} is not written; "
                "run the same command again."
            )
        intake.take_in_all(course, exercise, students)
        result = ClassResult(rows=writer.rows(exercise), graded=list(students))
        feedback = pages.PageWriter(course, exercise.slug, writer, maker)
        write_missing_pages(course, exercise, writer, feedback, result, progress)
    return result
