"""The grade table: one truth for the screen, grades.csv, JSON and the class report."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from autograder.exercise import Exercise
from autograder.grading.gradebook import Outcome, Row
from autograder.grading.marks import how_long, number
from autograder.grading.regrading import Change

# The gravest status of a student's checks is the one that the line shows.
GRAVITY = (
    "malformed", "crashed", "out of memory", "timeout", "not reached", "error", "wrong", "not attempted", "right",
)  # fmt: skip
STYLES = {"right": "green", "not attempted": "dim", "wrong": "yellow", "error": "yellow"}


def row_status(row: Row) -> str:
    """The gravest status among a student's checks."""
    statuses = {outcome.verdict.status for outcome in row.outcomes}
    return next((status for status in GRAVITY if status in statuses), "not attempted")


def late_in_words(row: Row) -> str:
    """By how much a hand-in was late, and what that cost; nothing where it was not."""
    if row.late <= 0:
        return ""
    return how_long(row.late) + (f", \N{MINUS SIGN}{number(row.taken_off)}" if row.taken_off else "")


def screen_table(exercise: Exercise, rows: Sequence[Row], width: int | None = None) -> Table:
    """student, points per check, total, by how much late where anybody was, status.

    Where that is wider than ``width``, checks are numbered and told below; where that is too, their points are left out. Names
    and totals are always whole.
    """
    worth = [(check.function, check.points) for check in exercise.checks]
    worth += [(question.name, question.points) for question in exercise.questions]
    heads = [f"{name}\n/{most:g}" for name, most in worth]
    table = laid_out(exercise, rows, heads)
    if width is None or width_of(table) <= width:
        return table
    table = laid_out(exercise, rows, list(map(str, range(1, len(worth) + 1))))
    told = ", ".join(f"{place}:{name}/{most:g}" for place, (name, most) in enumerate(worth, start=1))
    if width_of(table) > width:
        table = laid_out(exercise, rows, [])
        told = "The points of each check do not fit here; they stand in grades.csv and in the report."
    table.caption = "\n".join(filter(None, [told, str(table.caption or "")]))
    return table


def laid_out(exercise: Exercise, rows: Sequence[Row], heads: Sequence[str]) -> Table:
    """The table with these columns between the names and the totals: one for each check and question, or none."""
    table = Table(
        title=f"{exercise.slug}: {exercise.title}", title_justify="left", caption_justify="left", header_style="bold"
    )
    table.add_column("student", overflow="fold")
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column(f"total\n/{exercise.most:g}", justify="right", no_wrap=True)
    anybody_late = any(row.late > 0 for row in rows)
    if anybody_late:
        table.add_column("late", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for row in rows:
        late, status = [late_in_words(row)] if anybody_late else [], row_status(row)
        cells = points_of(exercise, row) if heads else []
        total = number(row.points) + "*" * is_changed(row)
        table.add_row(row.student, *cells, total, *late, status, style=STYLES.get(status, "red"))
    if any(map(is_changed, rows)):
        table.caption = "* changed by hand"
    return table


def points_of(exercise: Exercise, row: Row) -> list[str]:
    """What a student has for each check and question."""
    earned = {one.verdict.check: number(one.points) + "*" * (one.judged is not None) for one in row.outcomes}
    points = [earned.get(check.name, "0") for check in exercise.checks]
    return points + ["by hand" if score is None else number(score) for score in row.by_hand.values()]


def is_changed(row: Row) -> bool:
    """Whether a person changed what the judge gave."""
    return any(one.judged is not None for one in row.outcomes)


def width_of(table: Table) -> int:
    """How many columns of a terminal a table takes that is cut nowhere."""
    wide = Console(width=10_000)
    return Measurement.get(wide, wide.options, table).maximum


def changes_table(changes: Sequence[Change]) -> Table:
    """student, check, points and total before and after, and why: a line for each change that is more than another message."""
    table = Table(header_style="bold")
    for name in ("student", "check"):
        table.add_column(name, no_wrap=True)
    for name in ("points", "total"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for one in changes:
        if not one.in_words_alone:
            points = "" if one.before is None and one.after is None else before_and_after(*one.points)
            table.add_row(one.student, one.check, points, before_and_after(*one.totals), escape(one.why))
    return table


def before_and_after(before: float, after: float) -> str:
    return f"{before:g}" if before == after else f"{before:g} → {after:g}"


def change_json(change: Change) -> dict[str, Any]:
    def told(one: Outcome | None) -> dict[str, Any] | None:
        if one is None:
            return None
        return {
            "points": one.points,
            "by_hand": one.judged is not None,
            "status": one.verdict.status,
            "message": one.verdict.message,
        }

    return {
        "student": change.student, "check": change.check, "before": told(change.before), "after": told(change.after),
        "total_before": change.totals[0], "total_after": change.totals[1], "why": change.why,
    }  # fmt: skip


def csv_text(tables: Sequence[tuple[Exercise, Sequence[Row]]]) -> str:
    """grades.csv: one line a student and check."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["student", "exercise", "check", "status", "points", "most", "total", "mistake", "hours late", "taken off"]
    )
    for exercise, rows in tables:
        worth = {check.name: check.points for check in (*exercise.checks, *exercise.left_out)}
        worth |= {question.name: question.points for question in exercise.questions}
        for row in rows:
            lines: list[tuple[str, str, float | None, str | None]] = []
            lines += [(one.verdict.check, one.verdict.status, one.points, one.verdict.mistake) for one in row.outcomes]
            for name, score in row.by_hand.items():
                lines.append((name, "to grade by hand" if score is None else "graded by hand", score, None))
            for name, status, earned, mistake in lines:
                numbers = ["" if one is None else f"{round(one, 4):g}" for one in (earned, worth[name], row.points)]
                late = [f"{row.late / 3600:.2f}", f"{row.taken_off:.4g}"] if row.late > 0 else ["", ""]
                writer.writerow([row.student, exercise.slug, name, status, *numbers, mistake, *late])
    return out.getvalue()


def row_json(row: Row) -> dict[str, Any]:
    return {
        "student": row.student, "points": row.points, "most": row.most, "status": row_status(row),
        "notes": list(row.notes), "by_hand": row.by_hand, "seconds_late": row.late, "taken_off": row.taken_off,
        "late": late_in_words(row),
        "checks": [
            {
                "check": one.verdict.check, "status": one.verdict.status, "points": one.points,
                "message": one.verdict.message, "mistake": one.verdict.mistake,
                "judged": one.judged,
            }
            for one in row.outcomes
        ],
    }  # fmt: skip
