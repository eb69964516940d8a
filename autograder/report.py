"""The class report: a page that shows what a class found hard."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from autograder.course import Course, write_atomically
from autograder.exercise import Exercise
from autograder.grading.gradebook import Row
from autograder.runner.calling import _
from autograder.table import csv_text, summary

TEMPLATES = Path(__file__).parent / "templates"


def render(summaries: Sequence[dict[str, Any]]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("class_report.html.j2").render(exercises=summaries, _=_)


def write_report(course: Course, tables: Sequence[tuple[Exercise, Sequence[Row]]]) -> Path:
    """Write report.html and grades.csv into the course; return the report's path."""
    path = course.root / "report.html"
    write_atomically(path, render([summary(exercise, rows) for exercise, rows in tables]).encode())
    write_atomically(course.root / "grades.csv", csv_text(tables).encode())
    return path
