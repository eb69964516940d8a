"""Enters a student's points, comments and dates into nbgrader's tables, with as few statements as that takes.

nbgrader's own classes fetch each cell, grade and comment of a submission by itself, which takes longer than a student's code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import fsum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from autograder.check import Verdict
from autograder.course import Course, CourseError
from autograder.exercise import Exercise
from autograder.exercise.cells import check_id, question_id
from autograder.grading.attempts import MOMENT
from autograder.nbgrader_parts import part
from autograder.runner.calling import _


@dataclass(frozen=True)
class Graded:
    """Everything there is to write for one student."""

    student: str
    arrived: str
    signature: str
    notes: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    notebook: bytes
    follow_on: frozenset[str] = frozenset()  # checks that fail for an earlier function alone


@dataclass(frozen=True)
class Released:
    """An exercise in nbgrader's tables: the keys of its assignment and notebook, and until when it may be handed in."""

    assignment: str
    notebook: str
    due: datetime | None


@dataclass
class Entry:
    """A grade or comment of one cell: the row as it was, if there was one, and as it is to be."""

    cell: str
    most: float
    before: dict[str, Any] | None
    now: dict[str, Any]


def enter(
    session: Session, course: Course, exercise: Exercise, graded: Graded, before: bytes | None
) -> dict[str, float]:
    """Enter everything of one submission; ``before`` is the notebook that was graded earlier. The points of each check.

    Raises CourseError if the exercise, or one of its checks, is not released.
    """
    api = part("nbgrader.api")
    released = find_released(session, exercise.slug)
    notebook = find_or_add_submission(session, released, graded)
    cells = session.execute(cells_of(released.notebook)).all()
    grades = entries(session, api.Grade, ("GradeCell", "TaskCell"), cells, notebook)
    comments = entries(session, api.Comment, ("SolutionCell", "TaskCell"), cells, notebook)
    ask_again(exercise, grades, comments, before, graded.notebook)
    points = set_points(exercise, grades, comments, graded.verdicts, graded.follow_on)
    save(session, api.Grade, grades)
    save(session, api.Comment, comments)
    enter_dates(session, course, exercise.slug, graded.student)
    return points


def find_released(session: Session, slug: str) -> Released:
    api = part("nbgrader.api")
    query = sa.select(api.Assignment.id, api.Notebook.id, api.Assignment.duedate).join(api.Notebook.assignment)
    row = session.execute(query.where(api.Assignment.name == slug, api.Notebook.name == slug)).one_or_none()
    if row is None:
        raise CourseError(f"{slug} is not released into this course; run 'autograder release {slug} --course …'.")
    return Released(*row)


def found_or_added(session: Session, kind: type[Any], **values: Any) -> Any:
    """The key of the row with these values; of a new one where there is none."""
    key = session.scalars(sa.select(kind.id).filter_by(**values)).one_or_none()
    if key is None:
        added: Any = session.execute(sa.insert(kind.__table__).values(**values))
        key = added.inserted_primary_key[0]
    return key


def find_or_add_submission(session: Session, released: Released, graded: Graded) -> str:
    """The key of the student's submitted notebook, which came when ``graded`` says."""
    api = part("nbgrader.api")
    found_or_added(session, api.Student, id=graded.student)
    whose = {"assignment_id": released.assignment, "student_id": graded.student}
    submission = found_or_added(session, api.SubmittedAssignment, **whose)
    came = datetime.strptime(graded.arrived, MOMENT)
    table = api.SubmittedAssignment.__table__
    session.execute(sa.update(table).where(table.c.id == submission).values(timestamp=came))
    of = {"notebook_id": released.notebook, "assignment_id": submission}
    key: str = found_or_added(session, api.SubmittedNotebook, **of)
    return key


def cells_of(notebook: str) -> Any:
    """The query for the cells of a released notebook: key, name, kind and the most points there are."""
    api = part("nbgrader.api")
    cell, graded, task = (kind.__table__ for kind in (api.BaseCell, api.GradeCell, api.TaskCell))
    most = sa.func.coalesce(graded.c.max_score, task.c.max_score, 0.0)
    joined = cell.outerjoin(graded, graded.c.id == cell.c.id).outerjoin(task, task.c.id == cell.c.id)
    return (
        sa.select(cell.c.id, cell.c.name, cell.c.type, most).select_from(joined).where(cell.c.notebook_id == notebook)
    )


def entries(session: Session, kind: Any, types: tuple[str, ...], cells: Sequence[Any], notebook: str) -> list[Entry]:
    """nbgrader's rows of a kind for a submitted notebook: one for each cell of these types, new where there is none."""
    table = kind.__table__
    found = session.execute(sa.select(table).where(table.c.notebook_id == notebook)).mappings()
    rows = {row["cell_id"]: dict(row) for row in found}
    blank = {column.name: None for column in table.c if column.name != "id"} | {"notebook_id": notebook}
    return [
        Entry(name, most, rows.get(key), dict(rows.get(key, blank | {"cell_id": key})))
        for key, name, of_type, most in cells
        if of_type in types
    ]


def save(session: Session, kind: Any, of_notebook: list[Entry]) -> None:
    """Write what is new or has changed."""
    table = kind.__table__
    new = [entry.now for entry in of_notebook if entry.before is None]
    changed = [entry.now for entry in of_notebook if entry.before not in (None, entry.now)]
    if new:
        session.execute(sa.insert(table), new)
    if changed:
        session.execute(sa.update(table).where(table.c.id == sa.bindparam("key")), [
            {"key": row["id"]} | {name: value for name, value in row.items() if name != "id"} for row in changed
        ])  # fmt: skip


def set_points(
    exercise: Exercise, grades: list[Entry], comments: list[Entry], verdicts: Sequence[Verdict],
    follow_on: frozenset[str] = frozenset(),
) -> dict[str, float]:  # fmt: skip
    """Set the points of each check: for one in ``follow_on``, the share that the course gives.

    What a person entered stays; a change under it asks for a second look.
    """
    by_cell = {check_id(exercise.check(verdict.check)): verdict for verdict in verdicts}
    unattempted = {exercise.check(v.check).function for v in verdicts if v.status == "not attempted"}
    points = {}
    for grade in grades:
        verdict, by_hand = by_cell.get(grade.cell), grade.now["manual_score"] is not None
        if verdict is not None:
            share = exercise.follow_on if verdict.check in follow_on else float(verdict.ok)
            points[verdict.check] = grade.now["auto_score"] = grade.most * share
        grade.now["needs_manual_grade"] = by_hand == (verdict is not None)
    answers = {question_id(question) for question in exercise.questions}
    for comment in comments:
        if comment.cell not in answers:
            comment.now["auto_comment"] = _("No response.") if comment.cell in unattempted else None
    missing = ", ".join(sorted({verdict.check for verdict in verdicts} - set(points)))
    if missing:
        raise CourseError(f"The gradebook lacks the checks {missing}; release {exercise.slug} again.")
    return points


def answers_in(exercise: Exercise, notebook: bytes) -> dict[str, str]:
    """The answers in words of a graded notebook, by their cells."""
    names = {question_id(question) for question in exercise.questions}
    cells = json.loads(notebook)["cells"] if names else ()
    return {cell["id"]: "".join(cell["source"]) for cell in cells if cell["id"] in names}


def ask_again(
    exercise: Exercise, grades: list[Entry], comments: list[Entry], before: bytes | None, after: bytes
) -> None:
    """Have answers in words that changed graded by hand anew; what was given before moves into the comment."""
    if before is None:
        return
    old, new = answers_in(exercise, before), answers_in(exercise, after)
    by_cell = {comment.cell: comment.now for comment in comments}
    for grade in grades:
        score = grade.now["manual_score"]
        if old.get(grade.cell) == new.get(grade.cell) or score is None:
            continue
        told = _("The earlier answer was given {score}; this one is another.").format(score=f"{score:g}")
        comment = by_cell.get(grade.cell)
        if comment is not None:
            said = [comment["auto_comment"], told, comment["manual_comment"]]  # the first is of an answer before that
            comment["auto_comment"] = "\n".join(filter(None, said))
            comment["manual_comment"] = None
        grade.now["manual_score"] = None


def enter_arrivals(session: Session, slug: str, arrivals: Mapping[str, str]) -> bool:
    """Enter when hand-ins came, by student, for those who are graded already; whether any of it is new."""
    api = part("nbgrader.api")
    table = api.SubmittedAssignment.__table__
    query = sa.select(table.c.id, table.c.student_id, table.c.timestamp).join(api.Assignment.__table__)
    changed = False
    for key, student, before in session.execute(query.where(api.Assignment.name == slug)).all():
        came = datetime.strptime(arrivals[student], MOMENT) if student in arrivals else before
        if came != before:
            session.execute(sa.update(table).where(table.c.id == key).values(timestamp=came))
            changed = True
    return changed


def enter_dates(session: Session, course: Course, slug: str, student: str | None = None) -> None:
    """Enter until when a student, or everyone, may hand in, and what handing in later takes off.

    The dates are those of the course's settings; where they say none, those that nbgrader's tables have.
    """
    api = part("nbgrader.api")
    said, released = course.settings.of(slug), find_released(session, slug)
    due = released.due if said.due is None else said.due.astimezone(UTC).replace(tzinfo=None)
    if due != released.due:
        session.execute(
            sa.update(api.Assignment.__table__).where(sa.column("id") == released.assignment), {"duedate": due}
        )
    table = api.SubmittedAssignment.__table__
    whose = sa.select(table.c.id, table.c.student_id, table.c.timestamp, table.c.extension)
    whose = whose.where(table.c.assignment_id == released.assignment)
    for key, name, came, extension in session.execute(
        whose if student is None else whose.where(table.c.student_id == student)
    ).all():
        extended = said.extensions.get(name)
        longer = extension if said.due is None else None if extended is None else extended - said.due
        if longer != extension:
            session.execute(sa.update(table).where(table.c.id == key).values(extension=longer))
        enter_penalty(session, course, key, name, seconds_late(came, due, longer))


def seconds_late(came: datetime | None, due: datetime | None, longer: timedelta | None) -> float:
    """By how much a hand-in came after its date, which is the exercise's with the student's extension; 0 where there is none."""
    if came is None or due is None:
        return 0.0
    return max((came - due - (longer or timedelta())).total_seconds(), 0.0)


def enter_penalty(session: Session, course: Course, submission: str, student: str, late: float) -> None:
    """nbgrader's late penalty, by the course's own plug-in, never more than was earned."""
    api = part("nbgrader.api")
    table = api.SubmittedNotebook.__table__
    for notebook, before in session.execute(
        sa.select(table.c.id, table.c.late_submission_penalty).where(table.c.assignment_id == submission)
    ).all():
        penalty = penalty_for(session, course, notebook, student, late) if late > 0 else None
        if penalty != before:
            session.execute(sa.update(table).where(table.c.id == notebook).values(late_submission_penalty=penalty))


def penalty_for(session: Session, course: Course, notebook: str, student: str, late: float) -> float | None:
    from nbgrader.preprocessors import AssignLatePenalties

    api = part("nbgrader.api")
    preprocessor = AssignLatePenalties(config=course.config)
    preprocessor.init_plugin()
    # Databases add in different orders: the last digit of their sums may differ.
    earned = fsum(session.scalars(sa.select(api.Grade.score).where(api.Grade.notebook_id == notebook)))
    penalty = preprocessor.plugin_inst.late_submission_penalty(student, earned, late)
    return None if penalty is None else min(max(penalty, 0.0), earned)
