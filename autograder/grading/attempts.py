"""What was collected for a student and an exercise: every attempt, and the system's time of the one that counts.

``collected/EXERCISE/STUDENT/`` holds a folder for each attempt and ``record.json``. Only collecting writes there.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.course import Course, write_atomically

FOLDER, RECORD = "collected", "record.json"
MOMENT = "%Y-%m-%d %H:%M:%S UTC"  # how nbgrader writes when a hand-in came


def folder_of(course: Course, slug: str, student: str) -> Path:
    return course.root / FOLDER / slug / student


def read(course: Course, slug: str, student: str) -> dict[str, Any] | None:
    """The record, if there is one that can be read."""
    try:
        record = json.loads((folder_of(course, slug, student) / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def write(course: Course, slug: str, student: str, record: dict[str, Any]) -> None:
    data = json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True).encode()
    write_atomically(folder_of(course, slug, student) / RECORD, data)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def arrival(course: Course, slug: str, student: str, data: bytes, seen: float) -> tuple[float, str]:
    """When a hand-in came, in seconds since 1970, and from which system that is known; "" where it is the file's own time.

    ``seen`` is when the file reached the inbox. A system that says no time but that it was not late is believed: then it came
    when the exercise was due, at the latest.
    """
    record = read(course, slug, student)
    if record is None or record.get("digest") != digest(data):
        return seen, ""
    system = str(record.get("from", ""))
    if isinstance(record.get("when"), str):
        try:
            return datetime.fromisoformat(record["when"]).timestamp(), system
        except ValueError:
            return seen, ""
    said = course.settings.of(slug)
    due = said.extensions.get(student, said.due)
    if record.get("late") is False and due is not None:
        return min(seen, due.astimezone(UTC).timestamp()), system
    return seen, ""
