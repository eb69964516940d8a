"""Intake: from what a student handed in to a notebook that is safe to keep, and the only way into nbgrader's submitted/."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat

from autograder.course import Course, write_atomically
from autograder.exercise import Exercise
from autograder.exercise.cells import notebook_bytes
from autograder.grading import attempts
from autograder.grading.attempts import MOMENT
from autograder.grading.files import LARGEST_FILE, LARGEST_NOTEBOOK, Found, Unreadable, find_notebook, read_file
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


@dataclass(frozen=True)
class Desk:
    """What hand-ins of one exercise are taken in with; ``ready`` is called before anything is written."""

    course: Course
    exercise: Exercise
    ready: Callable[[], object] = lambda: None

    @cached_property
    def released(self) -> Any:
        return nbformat.read(self.course.released(self.exercise.slug), as_version=4)

    @cached_property
    def version(self) -> bytes:
        """A digest of all that decides what becomes of a hand-in besides what lies in the inbox."""
        about = [[check.name, check.function] for check in self.exercise.checks]
        said = [about, self.exercise.files, self.course.settings.language]
        digest = hashlib.sha256(json.dumps(said).encode())
        here = Path(__file__).parent
        for path in sorted([*here.glob("*.py"), *here.parent.glob("exercise/*.py"), *here.parent.glob("locale/*.po")]):
            digest.update(path.read_bytes())
        digest.update(self.course.released(self.exercise.slug).read_bytes())
        return digest.digest()

    def files_beside(self, found: Found) -> tuple[dict[str, bytes], Unreadable | None]:
        """The files that are handed in with a notebook, up to the first that cannot be read, and why it cannot."""
        files: dict[str, bytes] = {}
        try:
            for name in self.exercise.files:
                files[name], _changed = read_file(self.course.inbox, (*found.parts[:-1], name), LARGEST_NOTEBOOK)
        except Unreadable as error:
            return files, error
        return files, None

    def source_of(self, student: str, found: Found, data: bytes, files: dict[str, bytes]) -> str:
        """The proof of what a hand-in was made of."""
        digest = hashlib.sha256(self.version)
        for part in (*found.parts, *found.notes, *files):
            digest.update(f"{len(part)}:{part}".encode("utf-8", "surrogateescape"))
        for content in (data, *files.values()):
            digest.update(hashlib.sha256(content).digest())
        return signature(self.course, student, self.exercise.slug, digest.digest())


def as_before(desk: Desk, hand_in: HandIn) -> dict[str, Any] | None:
    """Intake's record of a hand-in, if it is what was taken in before, and was not changed since."""
    course, student, slug = desk.course, hand_in.student, hand_in.slug
    record = read_record(course, student, slug)
    try:
        found = find_notebook(course.inbox, student, slug)
        data, _arrived = read_file(course.inbox, found.parts, LARGEST_FILE)
    except Unreadable:
        return None
    files, lacking = desk.files_beside(found)
    same = not lacking and record is not None and record.get("source") == desk.source_of(student, found, data, files)
    if record is None or not same or confirmed(course, student, slug) is None:
        return None
    return at_its_time(course, slug, student, data, record)


def arrivals(course: Course, slug: str, students: Iterable[str]) -> dict[str, str]:
    """When the hand-ins of these students came, of those that are taken in."""
    records = {student: read_record(course, student, slug) for student in students}
    return {student: record["arrived"] for student, record in records.items() if record and "arrived" in record}


def at_its_time(course: Course, slug: str, student: str, data: bytes, record: dict[str, Any]) -> dict[str, Any]:
    """A record with the time that a system says of this hand-in, where it says another one than was known before."""
    if "arrived" not in record:  # of an earlier version
        return record
    before = datetime.strptime(record["arrived"], MOMENT).replace(tzinfo=UTC)
    arrived, told_by = attempts.arrival(course, slug, student, data, before.timestamp())
    moment = datetime.fromtimestamp(arrived, UTC).strftime(MOMENT)
    if told_by and moment != record["arrived"]:
        record |= {"arrived": moment, "arrived_by": told_by}
        write_atomically(folder_of(course, student, slug) / TIMESTAMP, moment.encode())
        write_atomically(folder_of(course, student, slug) / RECORD, json.dumps(record).encode())
    return record


def take_in(desk: Desk, hand_in: HandIn) -> dict[str, Any]:
    """Rebuild one hand-in and write it to submitted/, with our own time; return intake's record.

    What was made of the same files before, and was not changed since, stays.
    """
    unchanged = as_before(desk, hand_in)
    if unchanged is not None:
        return unchanged
    course, exercise = desk.course, desk.exercise
    slug, student = hand_in.slug, hand_in.student
    arrived, source, data = time.time(), "", b""
    files: dict[str, bytes] = {}
    before = read_record(course, student, slug)
    kept = confirmed(course, student, slug) if before is not None else None
    try:
        found = find_notebook(course.inbox, student, slug)
        data, arrived = read_file(course.inbox, found.parts, LARGEST_FILE)
        arrived = seen_before(before, data, arrived)
        files, lacking = desk.files_beside(found)
        source = "" if lacking else desk.source_of(student, found, data, files)
        rebuilt = rebuild(exercise, desk.released, parse(data))
        rebuilt.notes[:0] = found.notes
        if lacking is not None:
            raise lacking
    except Unreadable as error:
        malformed = {check.function: str(error) for check in exercise.checks}
        rebuilt = Rebuilt(nbformat.from_dict(desk.released), malformed=malformed, notes=[str(error)])
    rebuilt.notebook.metadata[NOTEBOOK_KEY] = {
        "unchanged": rebuilt.unchanged, "malformed": rebuilt.malformed, "notes": rebuilt.notes,
    }  # fmt: skip
    written = notebook_bytes(rebuilt.notebook)
    if before is not None and kept == written:
        same = {"source": source, "handed_in": attempts.digest(data), "seen": arrived}
        if not same.items() <= before.items():  # the same notebook came of something else
            before |= same
            write_atomically(folder_of(course, student, slug) / RECORD, json.dumps(before).encode())
        return at_its_time(course, slug, student, data, before)
    desk.ready()
    seen = arrived
    arrived, told_by = attempts.arrival(course, slug, student, data, arrived)
    moment = datetime.fromtimestamp(arrived, UTC).strftime(MOMENT)
    proof = signature(course, student, slug, written)
    record = {
        "signature": proof, "arrived": moment, "arrived_by": told_by, "notes": rebuilt.notes, "source": source,
        "handed_in": attempts.digest(data), "seen": seen,
    }  # fmt: skip
    files |= {TIMESTAMP: moment.encode(), f"{slug}.ipynb": written, RECORD: json.dumps(record).encode()}
    for name, content in files.items():
        write_atomically(folder_of(course, student, slug) / name, content)
    return record


def seen_before(record: dict[str, Any] | None, data: bytes, now: float) -> float:
    """When a file was seen in the inbox first: the same bytes, copied there anew with the whole course, came no later."""
    seen = None if record is None or record.get("handed_in") != attempts.digest(data) else record.get("seen")
    return min(seen, now) if isinstance(seen, float) else now


def ever_handed_in(course: Course, slug: str) -> bool:
    """Whether anybody's work on an exercise lies in the inbox or was taken in before."""
    return bool(look(course, slug).hand_ins) or any(course.submitted.glob(f"*/{slug}"))


def take_in_all(
    course: Course,
    exercise: Exercise,
    students: tuple[str, ...] = (),
    progress: Callable[..., None] = lambda *_: None,
    ready: Callable[[], object] = lambda: None,
) -> Inbox:
    """Take in every hand-in of an exercise. One that cannot be read becomes a malformed one and holds up no other."""
    inbox, desk = look(course, exercise.slug, students), Desk(course, exercise, ready)
    for number, hand_in in enumerate(inbox.hand_ins, start=1):
        take_in(desk, hand_in)
        progress("taking in", number, len(inbox.hand_ins))
    return inbox
