"""Intake: from what a student handed in to a notebook that is safe to keep, and the only way into nbgrader's submitted/."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat

from autograder.course import Course, write_atomically
from autograder.exercise import Exercise
from autograder.exercise.cells import notebook_bytes
from autograder.grading.files import LARGEST_FILE, LARGEST_NOTEBOOK, Unreadable, find_notebook, read_file
from autograder.grading.inbox import HandIn, Inbox, look
from autograder.grading.reading import parse
from autograder.grading.rebuilding import Rebuilt, rebuild

RECORD, TIMESTAMP, NOTEBOOK_KEY = "intake.json", "timestamp.txt", "autograder"


def signature(course: Course, student: str, slug: str, data: bytes) -> str:
    """The proof that intake wrote these bytes for this student."""
    message = b"\0".join([student.encode(), slug.encode(), hashlib.sha256(data).digest()])
    return hmac.new(course.secret, message, hashlib.sha256).hexdigest()


def folder_of(course: Course, student: str, slug: str) -> Path:
    return course.submitted / student / slug


def read_record(course: Course, student: str, slug: str) -> dict[str, Any] | None:
    try:
        record = json.loads((folder_of(course, student, slug) / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def confirmed(course: Course, student: str, slug: str) -> bytes | None:
    """The notebook in submitted/, if intake wrote it and nobody changed it since; else None."""
    record = read_record(course, student, slug)
    try:
        data = (folder_of(course, student, slug) / f"{slug}.ipynb").read_bytes()
    except OSError:
        return None
    proof = record.get("signature") if record else None
    expected = signature(course, student, slug, data).encode()
    if not isinstance(proof, str) or not hmac.compare_digest(proof.encode("utf-8", "replace"), expected):
        return None
    return data


def take_in(course: Course, exercise: Exercise, released: Any, hand_in: HandIn) -> dict[str, Any]:
    """Rebuild one hand-in and write it to submitted/, with our own time; return intake's record."""
    slug, student = hand_in.slug, hand_in.student
    arrived = time.time()
    files: dict[str, bytes] = {}
    try:
        found = find_notebook(course.inbox, student, slug)
        data, arrived = read_file(course.inbox, found.parts, LARGEST_FILE)
        rebuilt = rebuild(exercise, released, parse(data))
        rebuilt.notes[:0] = found.notes
        for name in exercise.files:
            files[name], _changed = read_file(course.inbox, (*found.parts[:-1], name), LARGEST_NOTEBOOK)
    except Unreadable as error:
        malformed = {check.function: str(error) for check in exercise.checks}
        rebuilt = Rebuilt(nbformat.from_dict(released), malformed=malformed, notes=[str(error)])
    rebuilt.notebook.metadata[NOTEBOOK_KEY] = {
        "unchanged": rebuilt.unchanged, "malformed": rebuilt.malformed, "notes": rebuilt.notes,
    }  # fmt: skip
    written = notebook_bytes(rebuilt.notebook)
    before = read_record(course, student, slug)
    if before is not None and confirmed(course, student, slug) == written:
        return before
    moment = datetime.fromtimestamp(arrived, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    proof = signature(course, student, slug, written)
    record = {"signature": proof, "arrived": moment, "notes": rebuilt.notes}
    files |= {TIMESTAMP: moment.encode(), f"{slug}.ipynb": written, RECORD: json.dumps(record).encode()}
    for name, content in files.items():
        write_atomically(folder_of(course, student, slug) / name, content)
    return record


def ever_handed_in(course: Course, slug: str) -> bool:
    """Whether anybody's work on an exercise lies in the inbox or was taken in before."""
    return bool(look(course, slug).hand_ins) or any(course.submitted.glob(f"*/{slug}"))


def take_in_all(
    course: Course, exercise: Exercise, students: tuple[str, ...] = (), progress: Callable[..., None] = lambda *_: None
) -> Inbox:
    """Take in every hand-in of an exercise. One that cannot be read becomes a malformed one and holds up no other."""
    released = nbformat.read(course.released(exercise.slug), as_version=4)
    inbox = look(course, exercise.slug, students)
    for number, hand_in in enumerate(inbox.hand_ins, start=1):
        take_in(course, exercise, released, hand_in)
        progress("taking in", number, len(inbox.hand_ins))
    return inbox
