"""Who handed in, and what lies in the inbox where nothing is read: that is never passed over in silence."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from autograder.course import Course
from autograder.grading.files import is_sweeping, shown

MOST_LETTERS, MOST_BYTES = 64, 200  # of a student's name; a file's name may have 255 bytes
SIGNS = "._@+-"


@dataclass(frozen=True)
class HandIn:
    """One student's folder in the inbox."""

    student: str
    slug: str


@dataclass
class Inbox:
    """Who handed in, and why other things in the inbox are not read, by their path in it; and who may be one student."""

    hand_ins: list[HandIn] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    alike: list[tuple[str, str]] = field(default_factory=list)


def valid_student(name: str) -> bool:
    """Whether a folder's name may be a student's: letters of any script and digits, what cannot be a path, markup or an option.

    One way of writing each letter is taken (NFC), so that two names that look alike are not two students.
    """
    signs = all(c.isalnum() or c in SIGNS or unicodedata.category(c).startswith("M") for c in name)
    short = 0 < len(name) <= MOST_LETTERS and len(name.encode("utf-8", "replace")) <= MOST_BYTES
    return short and signs and name[0].isalnum() and unicodedata.normalize("NFC", name) == name


def entries(folder: str | os.PathLike[str]) -> list[os.DirEntry[str]]:
    """What lies in a folder, by name; nothing where it cannot be opened."""
    try:
        return sorted(os.scandir(folder), key=lambda one: one.name)
    except PermissionError:
        return []


def holds_work(student: os.DirEntry[str], slug: str) -> bool:
    return os.path.lexists(os.path.join(student.path, slug))


def look(course: Course, slug: str, students: tuple[str, ...] = ()) -> Inbox:
    """The hand-ins of one exercise, or those of the named students."""
    inbox = Inbox()
    found = entries(course.inbox) if course.inbox.is_dir() else []
    for entry in found:
        if (students and entry.name not in students) or (
            not (holds := holds_work(entry, slug)) and is_sweeping(entry.name)
        ):
            continue
        why = why_no_student(course, entry)
        if why is not None:
            inbox.refused[shown(entry.name)] = why
            continue
        if holds:
            inbox.hand_ins.append(HandIn(entry.name, slug))
        inbox.refused |= unread(course, entry)
    names = [entry.name for entry in found]
    for name in sorted(set(students) - set(names)):
        inbox.refused[shown(name)] = "there is no folder of that name"
    inbox.alike += alike([hand_in.student for hand_in in inbox.hand_ins])
    return inbox


def why_no_student(course: Course, entry: os.DirEntry[str]) -> str | None:
    """Why something in the inbox is no student's folder, or None if it is one."""
    if entry.is_symlink():
        return "it is a link; nothing behind a link is read"
    if not entry.is_dir(follow_symlinks=False):
        return "it is a file; only inbox/STUDENT/EXERCISE/EXERCISE.ipynb is read"
    if not valid_student(entry.name):
        return (
            "this cannot be a student's name: letters, digits and ._@+- are read, 64 at most, a letter or digit first"
        )
    if entry.name in course.exercises and not any(one.name in course.exercises for one in entries(entry.path)):
        inside = ", ".join(shown(one.name) for one in entries(entry.path)[:5]) or "nothing"
        return f"it is called like an exercise and holds {inside}; only inbox/STUDENT/{entry.name}/ is read"
    return None


def unread(course: Course, student: os.DirEntry[str]) -> dict[str, str]:
    """What lies in a student's folder and belongs to no exercise."""
    found, inside = {}, [one for one in entries(student.path) if not is_sweeping(one.name)]
    for entry in inside:
        if entry.name not in course.exercises:
            found[f"{student.name}/{shown(entry.name)}"] = why_no_exercise(course, student.name, entry)
    return found if inside else {student.name: "the folder is empty, or cannot be opened"}


def why_no_exercise(course: Course, student: str, entry: os.DirEntry[str]) -> str:
    close = get_close_matches(entry.name.split(".")[0], list(course.exercises), n=1)
    where = f"inbox/{student}/{close[0] if close else 'EXERCISE'}/"
    if entry.is_dir(follow_symlinks=False):
        return f"no exercise is called so; is {where} meant?"
    return f"it lies beside the folders of the exercises; put it into {where}"


def alike(students: list[str]) -> Iterator[tuple[str, str]]:
    """Students whose names differ in upper and lower case alone."""
    before: dict[str, str] = {}
    for name in students:
        other = before.setdefault(name.casefold(), name)
        if other != name:
            yield other, name
