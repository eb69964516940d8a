"""The grade table: one truth for the screen, grades.csv, JSON and the class report, a page that shows what was hard."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import jinja2
from rich.markup import escape
from rich.table import Table

from autograder.course import Course, write_atomically
from autograder.exercise import Exercise
from autograder.grading.gradebook import Outcome, Row
from autograder.grading.judge import STATUSES
from autograder.grading.regrading import Change
from autograder.nbgrader_door import TEMPLATES
from autograder.runner.calling import _

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
    days, rest = divmod(int(row.late), 86_400)
    hours, minutes = rest // 3600, max(rest % 3600 // 60, 1 if row.late < 3600 else 0)
    told = [f"{days} d"] * bool(days) + [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * (not days and bool(minutes))
    return " ".join(told) + (f", \N{MINUS SIGN}{row.taken_off:.4g}" if row.taken_off else "")


def screen_table(exercise: Exercise, rows: Sequence[Row]) -> Table:
    """student, points per check, total, by how much late where anybody was, status."""
    table = Table(title=f"{exercise.slug}: {exercise.title}", title_justify="left", header_style="bold")
    table.add_column("student", no_wrap=True)
    worth = [(check.function, check.points) for check in exercise.checks]
    worth += [(question.name, question.points) for question in exercise.questions]
    for name, most in [*worth, ("total", exercise.most)]:
        table.add_column(f"{name}\n/{most:g}", justify="right", no_wrap=True)
    anybody_late = any(row.late > 0 for row in rows)
    if anybody_late:
        table.add_column("late", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for row in rows:
        earned = {outcome.verdict.check: outcome.points for outcome in row.outcomes}
        points = [f"{earned.get(check.name, 0.0):g}" for check in exercise.checks]
        points += ["by hand" if score is None else f"{score:g}" for score in row.by_hand.values()]
        status = row_status(row)
        late = [late_in_words(row)] if anybody_late else []
        table.add_row(row.student, *points, f"{row.points:g}", *late, status, style=STYLES.get(status, "red"))
    return table


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
            "by_hand": one.by_hand,
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
                numbers = ["" if number is None else f"{number:g}" for number in (earned, worth[name], row.points)]
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
            }
            for one in row.outcomes
        ],
    }  # fmt: skip


def summary(exercise: Exercise, rows: Sequence[Row]) -> dict[str, Any]:
    """What a class found hard: statuses by check, and the mistakes that were made, most common first."""
    checks = []
    for check in exercise.checks:
        verdicts = [one.verdict for row in rows for one in row.outcomes if one.verdict.check == check.name]
        statuses = Counter(verdict.status for verdict in verdicts)
        mistakes = Counter(verdict.mistake for verdict in verdicts if verdict.mistake).most_common()
        told = {mistake.name: _(mistake.message) for mistake in check.misconceptions}
        checks.append({
            "check": check.name, "points": check.points, "section": check.section.partition(": ")[2],
            "statuses": {status: statuses[status] for status in STATUSES if statuses[status]},
            "mistakes": [{"name": name, "students": n, "message": told.get(name, "")} for name, n in mistakes],
        })  # fmt: skip
    points = [row.points for row in rows]
    return {
        "slug": exercise.slug, "title": _(exercise.title), "points": exercise.most, "students": len(rows),
        "median": float(median(points)) if points else 0.0, "checks": checks, "rows": [row_json(row) for row in rows],
    }  # fmt: skip


def render(summaries: Sequence[dict[str, Any]]) -> str:
    """The class report."""
    templates = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(loader=templates, autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template("class_report.html.j2").render(exercises=summaries, _=_)


def write_report(course: Course, tables: Sequence[tuple[Exercise, Sequence[Row]]]) -> Path:
    """Write report.html and grades.csv into the course; return the report's path."""
    path = course.root / "report.html"
    write_atomically(path, render([summary(exercise, rows) for exercise, rows in tables]).encode())
    write_atomically(course.root / "grades.csv", csv_text(tables).encode())
    return path
