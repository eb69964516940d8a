"""The class report: one page on what a class found hard, who is to be looked at first, and everyone's points.

It is one file that asks no host for anything. Its one script sorts and searches the names; the page's own policy lets no
other run, so that nothing a student wrote could.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any
from urllib.parse import quote

import jinja2

from autograder.course import Course, write_atomically
from autograder.exercise import Check, Exercise
from autograder.grading.gradebook import Row
from autograder.grading.judge import STATUSES
from autograder.grading.marks import number
from autograder.grading.pages import feedback_path
from autograder.nbgrader_door import TEMPLATES
from autograder.runner.calling import _
from autograder.table import csv_text, row_json

MOST_BARS = 13
STOPPED = ("malformed", "crashed", "out of memory", "timeout", "not reached")


def summary(exercise: Exercise, rows: Sequence[Row]) -> dict[str, Any]:
    """What a class found hard, how its totals are spread, and who is to be looked at first.

    Questions that wait for a grade with anybody are left out of the totals that are compared, for everyone alike.
    """
    asked = {question.name: question.points for question in exercise.questions}
    waiting = {name for row in rows for name, score in row.by_hand.items() if score is None}
    most = exercise.most - sum(points for name, points in asked.items() if name in waiting)
    totals = [row.points - sum(row.by_hand[name] or 0.0 for name in waiting & row.by_hand.keys()) for row in rows]
    return {
        "slug": exercise.slug, "title": _(exercise.title), "points": exercise.most, "students": len(rows),
        "median": float(median(totals)) if totals else 0.0, "compared": most, "waiting": sorted(waiting),
        "distribution": distribution(totals, most), "checks": [in_class(check, rows) for check in exercise.checks],
        "questions": [
            {"name": name, "points": points, "waiting": sum(row.by_hand.get(name) is None for row in rows)}
            for name, points in asked.items()
        ],
        "look_first": look_first(rows), "rows": [row_json(row) for row in rows],
    }  # fmt: skip


def in_class(check: Check, rows: Sequence[Row]) -> dict[str, Any]:
    """How a check ended in a class: statuses, the mean of the points, and the mistakes made, most common first, and by whom."""
    outcomes = [(row.student, one) for row in rows for one in row.outcomes if one.verdict.check == check.name]
    statuses = Counter(one.verdict.status for _student, one in outcomes)
    told = {mistake.name: _(mistake.message) for mistake in check.misconceptions}
    made: dict[str, list[str]] = {}
    for student, one in outcomes:
        if one.verdict.mistake:
            made.setdefault(one.verdict.mistake, []).append(student)
    return {
        "check": check.name, "points": check.points, "section": check.section.partition(": ")[2],
        "mean": fmean(one.points for _student, one in outcomes) if outcomes else 0.0,
        "statuses": {status: statuses[status] for status in STATUSES if statuses[status]},
        "mistakes": [
            {"name": name, "students": len(who), "message": told.get(name, ""), "who": who}
            for name, who in sorted(made.items(), key=lambda one: -len(one[1]))
        ],
    }  # fmt: skip


def distribution(totals: Sequence[float], most: float) -> dict[str, Any]:
    """How many students have how many points: counts of equal steps from 0 to the most there is, at most ``MOST_BARS``."""
    step = max(1, math.ceil(most / (MOST_BARS - 1)))
    counts = [0] * (math.floor(most / step) + 1)
    for total in totals:
        counts[min(max(math.floor(round(total, 6) / step), 0), len(counts) - 1)] += 1
    return {"step": step, "students": counts}


def look_first(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Who is to be looked at first, and why; each with what is to be known besides the name."""

    def statuses(row: Row) -> list[str]:
        return [one.verdict.status for one in row.outcomes]

    def stopped(row: Row) -> str:
        found = [
            f"{one.verdict.check} {_(one.verdict.status)}" for one in row.outcomes if one.verdict.status in STOPPED
        ]
        return ", ".join(found)

    def changed(row: Row) -> str:
        by_hand = [one for one in row.outcomes if one.judged is not None]
        return ", ".join(f"{one.verdict.check} {number(one.judged or 0)} → {number(one.points)}" for one in by_hand)

    def untouched(row: Row) -> str:
        attempted = any(status != "not attempted" for status in statuses(row))
        return "" if attempted or any(row.by_hand.values()) else " "

    def waits(row: Row) -> str:
        return ", ".join(name for name, score in row.by_hand.items() if score is None)

    reasons: list[tuple[str, Callable[[Row], str]]] = [
        (_("Answers that are waiting to be graded"), waits),
        (_("Crashed, stopped at a limit, or not readable"), stopped),
        (_("Nothing was attempted"), untouched),
        (_("Points changed by hand"), changed),
        (_("Notes on what was handed in"), lambda row: " ".join(row.notes)),
    ]
    found = []
    for why, about in reasons:
        who = [{"student": row.student, "about": about(row).strip()} for row in rows if about(row)]
        found += [{"why": why, "who": who}] if who else []
    return found


def render(summaries: Sequence[dict[str, Any]], page_of: Callable[[str, str], str] | None = None) -> str:
    """The class report; ``page_of`` says where a student's feedback page lies, "" where there is none."""
    templates = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=templates, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = number
    script = (TEMPLATES / "class_report.js").read_text(encoding="utf-8")
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("class_report.html.j2").render(
        exercises=summaries, _=_, script=script, allowed=allowed, page_of=page_of or (lambda slug, student: "")
    )


def write_report(course: Course, tables: Iterable[tuple[Exercise, Sequence[Row]]]) -> Path:
    """Write report.html and grades.csv into the course; return the report's path."""
    path, tables = course.root / "report.html", list(tables)

    def page_of(slug: str, student: str) -> str:
        page = feedback_path(course, slug, student)
        return quote(page.relative_to(course.root).as_posix()) if page.is_file() else ""

    write_atomically(path, render([summary(exercise, rows) for exercise, rows in tables], page_of).encode())
    write_atomically(course.root / "grades.csv", csv_text(tables).encode())
    return path
