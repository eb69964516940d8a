"""The grade table: one truth for the screen, grades.csv, JSON and the class report."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from autograder.exercise import Exercise
from autograder.grading.gradebook import Row
from autograder.grading.judge import STATUSES
from autograder.runner.calling import _

# The gravest status of a student's checks is the one that the line shows.
GRAVITY = (
    "malformed", "crashed", "out of memory", "timeout", "not reached", "error", "wrong", "not attempted", "right",
)  # fmt: skip
assert set(GRAVITY) == set(STATUSES)
STYLES = {"right": "green", "not attempted": "dim", "wrong": "yellow", "error": "yellow"}


def row_status(row: Row) -> str:
    """The gravest status among a student's checks."""
    statuses = {outcome.verdict.status for outcome in row.outcomes}
    return next((status for status in GRAVITY if status in statuses), "not attempted")


def screen_table(exercise: Exercise, rows: Sequence[Row]) -> Table:
    """student, points per check, total, status."""
    table = Table(title=f"{exercise.slug}: {exercise.title}", title_justify="left", header_style="bold")
    table.add_column("student", no_wrap=True)
    for check in exercise.checks:
        table.add_column(f"{check.function}\n/{check.points:g}", justify="right", no_wrap=True)
    for question in exercise.questions:
        table.add_column(f"{question.name}\n/{question.points:g}", justify="right", no_wrap=True)
    table.add_column(f"total\n/{exercise.most:g}", justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for row in rows:
        points = {outcome.verdict.check: outcome.points for outcome in row.outcomes}
        status = row_status(row)
        table.add_row(
            row.student,
            *(f"{points.get(check.name, 0.0):g}" for check in exercise.checks),
            *("by hand" if score is None else f"{score:g}" for _, score in row.by_hand),
            f"{row.points:g}",
            status,
            style=STYLES.get(status, "red"),
        )
    return table


def csv_text(tables: Sequence[tuple[Exercise, Sequence[Row]]]) -> str:
    """grades.csv: one line a student and check."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student", "exercise", "check", "status", "points", "most", "total", "mistake"])
    for exercise, rows in tables:
        for row in rows:
            for outcome in row.outcomes:
                verdict = outcome.verdict
                most = exercise.check(verdict.check).points
                writer.writerow(
                    [row.student, exercise.slug, verdict.check, verdict.status, f"{outcome.points:g}", f"{most:g}",
                     f"{row.points:g}", verdict.mistake or ""]
                )  # fmt: skip
            scores = row.scores_by_hand
            for question in exercise.questions:
                score = scores.get(question.name)
                status, earned = ("to grade by hand", "") if score is None else ("graded by hand", f"{score:g}")
                writer.writerow(
                    [
                        row.student,
                        exercise.slug,
                        question.name,
                        status,
                        earned,
                        f"{question.points:g}",
                        f"{row.points:g}",
                        "",
                    ]
                )
    return out.getvalue()


def row_json(row: Row) -> dict[str, Any]:
    return {
        "student": row.student,
        "points": row.points,
        "most": row.most,
        "status": row_status(row),
        "notes": list(row.notes),
        "by_hand": row.scores_by_hand,
        "checks": [
            {
                "check": outcome.verdict.check, "status": outcome.verdict.status, "points": outcome.points,
                "message": outcome.verdict.message, "mistake": outcome.verdict.mistake,
            }
            for outcome in row.outcomes
        ],
    }  # fmt: skip


def summary(exercise: Exercise, rows: Sequence[Row]) -> dict[str, Any]:
    """What a class found hard: statuses by check, and the mistakes that were made, most common first."""
    checks = []
    for check in exercise.checks:
        verdicts = [o.verdict for row in rows for o in row.outcomes if o.verdict.check == check.name]
        statuses = Counter(verdict.status for verdict in verdicts)
        mistakes = Counter(verdict.mistake for verdict in verdicts if verdict.mistake)
        messages = {mistake.name: _(mistake.message) for mistake in check.misconceptions}
        checks.append(
            {
                "check": check.name,
                "points": check.points,
                "section": check.section.partition(": ")[2],
                "statuses": {status: statuses[status] for status in STATUSES if statuses[status]},
                "mistakes": [
                    {"name": name, "students": count, "message": messages.get(name, "")}
                    for name, count in mistakes.most_common()
                ],
            }
        )
    points = sorted(row.points for row in rows)
    middle = len(points) // 2
    median = (points[middle] + points[~middle]) / 2 if points else 0.0
    return {
        "slug": exercise.slug, "title": _(exercise.title), "points": exercise.most, "students": len(rows),
        "median": median, "checks": checks, "rows": [row_json(row) for row in rows],
    }  # fmt: skip
