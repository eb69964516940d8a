"""What the gradebook holds of a submission: points, what people changed and said, and by how much it was late."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import fsum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.grading.points import seconds_late
from autograder.nbgrader_parts import part


@dataclass(frozen=True)
class Marks:
    """What a feedback page shows of the gradebook; points and comments by their cells.

    ``late`` is by how many seconds the hand-in came after its date. ``waiting`` are the cells that nobody has graded yet, and
    ``judged`` is what the judge gave where a person gave something else.
    """

    score: float
    most: float
    penalty: float
    points: dict[str, tuple[float, float]]
    comments: dict[str, str | None]
    late: float = 0.0
    waiting: tuple[str, ...] = ()
    judged: dict[str, float] = field(default_factory=dict)

    def by_hand(self, cell: str) -> float | None:
        """What people gave an answer in words; None where nobody has looked yet."""
        return None if cell in self.waiting or cell not in self.points else self.points[cell][0]

    @property
    def points_waiting(self) -> float:
        """How many points can still be earned where nobody has graded yet."""
        return fsum(self.points[cell][1] for cell in self.waiting)

    def digest(self, *besides: str) -> str:
        """What tells these marks, and what is shown beside them, from others."""
        return hashlib.sha256(json.dumps([asdict(self), *besides], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Given:
    """One grade: what counts, what is the most, and what the judge gave where a person gave something else."""

    score: float
    most: float
    waits: bool
    judged: float | None

    @classmethod
    def of(cls, score: float, most: float, auto: float | None, manual: float | None) -> Given:
        """From a row of nbgrader's; a person's points are the manual score and the extra credit, which ``score`` holds."""
        changed = auto is not None and score != auto
        return cls(score, most, auto is None and manual is None, auto if changed else None)


def read_given(session: Session, slug: str, student: str | None = None) -> dict[str, dict[str, Given]]:
    """The grades of an exercise by student and cell; where a ``student`` is named, theirs alone."""
    api = part("nbgrader.api")
    grade = api.Grade
    columns = (api.BaseCell.name, grade.score, grade.max_score, grade.auto_score, grade.manual_score)
    query = sa.select(api.SubmittedAssignment.student_id, *columns).join(grade.cell).join(grade.notebook)
    found: dict[str, dict[str, Given]] = {}
    for name, cell, *about in session.execute(of_exercise(query, slug, student)):
        found.setdefault(name, {})[cell] = Given.of(*about)
    return found


def of_exercise(query: Any, slug: str, student: str | None) -> Any:
    """The query for what belongs to the notebooks of an exercise's submissions."""
    api = part("nbgrader.api")
    query = query.join(api.SubmittedNotebook.assignment).join(api.Assignment).where(api.Assignment.name == slug)
    return query if student is None else query.where(api.SubmittedAssignment.student_id == student)


def read_marks(session: Session, slug: str, student: str | None = None) -> dict[str, Marks]:
    """The marks of everyone who handed in an exercise, by name; where a ``student`` is named, theirs alone."""
    api = part("nbgrader.api")
    whose, notebook = api.SubmittedAssignment, api.SubmittedNotebook
    comments: dict[str, dict[str, str | None]] = {}
    query = sa.select(whose.student_id, api.BaseCell.name, api.Comment.comment)
    query = query.join(api.Comment.cell).join(api.Comment.notebook)
    for name, cell, said in session.execute(of_exercise(query, slug, student)):
        comments.setdefault(name, {})[cell] = said
    grades = read_given(session, slug, student)
    times = (whose.timestamp, api.Assignment.duedate, whose.extension)
    query = sa.select(whose.student_id, notebook.max_score, notebook.late_submission_penalty, *times)
    query = query.select_from(notebook)
    found = {}
    for name, most, penalty, *when in session.execute(of_exercise(query, slug, student)):
        found[name] = marks_of(grades.get(name, {}), comments.get(name, {}), most, penalty or 0.0, seconds_late(*when))
    return found


def marks_of(
    grades: Mapping[str, Given], comments: dict[str, str | None], most: float, penalty: float, late: float
) -> Marks:
    """One student's marks. Databases add in different orders, so that the last digit of their sums may differ."""
    earned = fsum(one.score for one in grades.values())
    points = {cell: (one.score, one.most) for cell, one in grades.items()}
    waiting = tuple(sorted(cell for cell, one in grades.items() if one.waits))
    judged = {cell: one.judged for cell, one in sorted(grades.items()) if one.judged is not None}
    return Marks(earned - penalty, most, penalty, points, comments, late, waiting, judged)


def how_long(seconds: float) -> str:
    """By how much a hand-in was late, as exact as anybody needs it."""
    days, rest = divmod(int(seconds), 86_400)
    hours, minutes = rest // 3600, max(rest % 3600 // 60, 1 if seconds < 3600 else 0)
    told = [f"{days} d"] * bool(days) + [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * (not days and bool(minutes))
    return " ".join(told)


def number(points: float) -> str:
    """Points as people read them: shares with two digits, whole numbers without any."""
    return f"{round(points, 2):.12g}"
