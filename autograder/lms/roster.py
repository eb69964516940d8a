"""The class: who is who, by id, name, e-mail address, and the numbers or names that a learning management system gives."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import UserError
from autograder.grading.inbox import valid_student

FILE = "class.csv"
LARGEST = 8 << 20
SYSTEMS = ("moodle", "canvas", "gradescope", "brightspace", "blackboard")


class RosterError(UserError):
    """A roster that cannot be read; the message says which line and what to do."""


@dataclass(frozen=True)
class Student:
    """One line: ``ids`` holds what each system calls the student, by the system's name."""

    id: str
    name: str
    email: str = ""
    ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Envelope:
    """What a download says of who handed in; what it does not say is empty."""

    name: str = ""
    id: str = ""
    email: str = ""

    def __str__(self) -> str:
        more = " ".join(filter(None, [self.id, self.email]))
        return f"{self.name} ({more})" if self.name and more else self.name or more or "nobody"


@dataclass(frozen=True)
class Roster:
    students: tuple[Student, ...]

    def everyone(self, envelopes: Sequence[Envelope], system: str) -> dict[Envelope, Student | str]:
        """Whom each envelope of a download means. A name can be changed by whoever bears it: one that two bear means neither."""
        found = {envelope: self.who(envelope, system) for envelope in envelopes}
        bearers = Counter(who.id for who in found.values() if isinstance(who, Student))
        told = f"another one of this name handed in too; a column {system!r} in the roster with their numbers tells them apart"
        for envelope, who in found.items():
            if isinstance(who, Student) and bearers[who.id] > 1 and self.numbered(envelope, system) is None:
                found[envelope] = told
        return found

    def who(self, envelope: Envelope, system: str) -> Student | str:
        """The student that an envelope means, or why it is nobody's: the system's id decides, then the address, then the name."""
        known = self.numbered(envelope, system)
        return known if known is not None else self.named(envelope, system)

    def numbered(self, envelope: Envelope, system: str) -> Student | None:
        """The student with the envelope's number or address."""
        in_turn: tuple[tuple[str, Callable[[Student], list[str]]], ...] = (
            (envelope.id, lambda one: [one.ids.get(system, "")]),
            (envelope.email, lambda one: [one.email]),
            (envelope.id, lambda one: [one.id, one.email, one.email.partition("@")[0]]),
        )
        for wanted, said in in_turn:
            found = [one for one in self.students if wanted and folded(wanted) in map(folded, said(one))]
            if len(found) == 1:
                return found[0]
        return None

    def named(self, envelope: Envelope, system: str) -> Student | str:
        found = [one for one in self.students if envelope.name and same_name(envelope.name, one.name)]
        # Who has an id of this system, and another one, is somebody else of that name.
        found = [one for one in found if not (envelope.id and one.ids.get(system))]
        if len(found) > 1:
            ids = " and ".join(one.id for one in found)
            return f"{ids} have this name; a column {system!r} in the roster with their numbers there tells them apart"
        return found[0] if found else "nobody in the roster has this number, address or name"


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def plain(text: str) -> str:
    """Letters and digits alone, without accents: what systems leave of a name differs."""
    parted = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parted if c.isalnum())


def orders(name: str) -> Iterator[str]:
    """A name with its parts in the orders in which systems write them: as it is, and with the last ones first."""
    parts = name.replace(",", " ").replace("_", " ").split()
    for place in range(len(parts) or 1):
        yield "".join(parts[place:] + parts[:place])


def same_name(one: str, other: str) -> bool:
    return plain(one) in {plain(order) for order in orders(other)}


def read(path: Path) -> Roster:
    """A CSV file with the columns id and name, and perhaps email and one for each system. Raises RosterError."""
    rows = table_of(path, ("id", "name"), "a roster")
    students, seen = [], dict[str, int]()
    for number, row in enumerate(rows, start=2):
        identity = unicodedata.normalize("NFC", row["id"].strip())
        if not valid_student(identity):
            raise RosterError(
                f"{path}, line {number}: {identity!r} cannot be a student's id; it takes letters, digits and ._@+-."
            )
        if identity.casefold() in seen:
            raise RosterError(f"{path}, line {number}: {identity} stands in line {seen[identity.casefold()]} already.")
        seen[identity.casefold()] = number
        ids = {system: row[system].strip() for system in SYSTEMS if row.get(system, "").strip()}
        students.append(Student(identity, row["name"].strip(), row.get("email", "").strip(), ids))
    if not students:
        raise RosterError(f"{path} has no student in it; it takes a line for each below 'id,name,email'.")
    return Roster(tuple(students))


def table_of(path: Path, columns: tuple[str, ...], what: str) -> list[dict[str, str]]:
    """The rows of a CSV file by their columns, whose names are read in small letters. Raises RosterError without these."""
    try:
        if path.stat().st_size > LARGEST:
            raise RosterError(f"{path} has more than {LARGEST >> 20} MB and is not {what}.")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise RosterError(f"{path} is missing; {what} is a CSV file with the columns {', '.join(columns)}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise RosterError(f"{path} cannot be read as {what}: {error}.") from error
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, restval="")
        found = [name.strip().lower() for name in reader.fieldnames or ()]
        lacking = [name for name in columns if name not in found]
        if lacking:
            told = f"it has {', '.join(found)}" if found else "it is empty"
            raise RosterError(f"{path} has no column {' and no '.join(map(repr, lacking))}; {told}.")
        reader.fieldnames = found
        return [{key: value or "" for key, value in row.items() if isinstance(key, str)} for row in reader]
    except csv.Error as error:
        raise RosterError(f"{path} cannot be read as {what}: {error}.") from error
