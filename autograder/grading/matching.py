"""Which cell of a hand-in is which, and what a student added to cells that are ours."""

from __future__ import annotations

import ast
import re
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from autograder.exercise import Exercise
from autograder.exercise.cells import check_id, solution_id
from autograder.grading.reading import DEFINITIONS, StudentCell, defined_functions

MOST_LINES = 1000  # to compare with ours; a cell with more is one that the student wrote
MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)
ADDS_NAMES = (*DEFINITIONS, ast.Import, ast.ImportFrom)


def is_solution(cell: Any) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def is_check(cell: Any) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("grade")) and not is_solution(cell)


def fits(released: Any, cell: StudentCell) -> bool:
    """Whether a cell may stand for a released one: code to write must be code; else ours is used, or text that is asked for."""
    return released.cell_type == cell.kind or not (is_solution(released) and released.cell_type == "code")


def same_name(released: Sequence[Any], cells: Sequence[StudentCell]) -> dict[int, list[int]]:
    """The submitted cells that bear the name of one cell to fill in, where they are several, by the place of that cell.

    Editors copy a cell with its metadata, and some with its id.
    """
    places = {cell.id: place for place, cell in enumerate(released) if is_solution(cell)}
    found = defaultdict[int, list[int]](list)
    for number, cell in enumerate(cells):
        place = places.get(cell.grade_id, places.get(cell.id))
        if place is not None and fits(released[place], cell):
            found[place].append(number)
    return {place: numbers for place, numbers in found.items() if len(numbers) > 1}


def counting(exercise: Exercise, original: Any, cells: Sequence[StudentCell], numbers: list[int]) -> int:
    """Which of several cells of one name fills in the released one.

    It is the one that the student's own check saw, when the notebook ran from top to bottom: the last above the check that
    defines the function. One that is as released counts only where there is nothing else; so it is with answers in words.
    """
    check = next((check for check in exercise.checks if solution_id(check) == original.id), None)
    end = len(cells)
    if check is not None:
        numbers = [one for one in numbers if check.function in defined_functions(cells[one].source)] or numbers
        end = next((place for place, cell in enumerate(cells) if check_id(check) in (cell.grade_id, cell.id)), end)
    numbers = [one for one in numbers if cells[one].source.strip() != original.source.strip()] or numbers
    return ([one for one in numbers if one < end] or numbers)[-1]


def matched(exercise: Exercise, released: Sequence[Any], cells: Sequence[StudentCell]) -> dict[int, int]:
    """Which released cell each submitted cell stands for, by their places: the first rule that finds one decides."""
    by_grade_id = {cell.metadata.get("nbgrader", {}).get("grade_id"): place for place, cell in enumerate(released)}
    by_id = {cell.id: place for place, cell in enumerate(released)}
    by_source = {cell.source.strip(): place for place, cell in enumerate(released)}
    by_function = {check.function: by_id[solution_id(check)] for check in exercise.checks}
    several = same_name(released, cells)
    found = {counting(exercise, released[place], cells, numbers): place for place, numbers in several.items()}

    def defined_in(cell: StudentCell) -> int | None:
        names = defined_functions(cell.source) & set(by_function) if cell.kind == "code" else ()
        return min({by_function[name] for name in names} - set(found.values()), default=None)

    rules: tuple[Callable[[StudentCell], int | None], ...] = (
        lambda cell: by_grade_id.get(cell.grade_id), lambda cell: by_id.get(cell.id),
        defined_in, lambda cell: by_source.get(cell.source.strip()),
    )  # fmt: skip
    for rule in rules:
        for number, cell in enumerate(cells):
            place = None if number in found else rule(cell)
            if place is not None and place not in found.values() and fits(released[place], cell):
                found[number] = place
    return found | answers_between(released, cells, found)


def answers_between(released: Sequence[Any], cells: Sequence[StudentCell], found: dict[int, int]) -> dict[int, int]:
    """Answers in words that bear no name any more: each is the first text between the cells that stand around it."""
    where, answers = {place: number for number, place in found.items()}, dict[int, int]()
    for place, original in enumerate(released):
        if place in where or not is_solution(original) or original.cell_type == "code" or place - 1 not in where:
            continue
        texts = range(where[place - 1] + 1, where.get(place + 1, len(cells) if place + 1 == len(released) else 0))
        number = next((one for one in texts if one not in found and cells[one].kind == "markdown"), None)
        if number is not None:
            answers[number] = place
    return answers


@dataclass
class Additions:
    """What a student wrote into a cell of ours: to run or read before and after it, and lines that take no effect.

    ``changed`` says whether lines of ours are missing there.
    """

    before: str = ""
    after: str = ""
    unused: str = ""
    changed: bool = False


@dataclass
class _Parts:
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


def additions(original: Any, cell: StudentCell) -> Additions:
    """The lines in which a cell differs from the released one.

    New lines of code that stand for themselves are to run. Of lines that took the place of code of ours only those are
    that define or import something: ours runs there, and to run both would be too much.
    """
    ours, theirs, code = original.source, cell.source.replace("\r\n", "\n"), cell.kind == "code"
    if ours.strip() == theirs.strip():
        return Additions()
    parts, begun, changed = _Parts(), False, False
    for kind, lines in differences(ours.strip().split("\n"), theirs.strip().split("\n")):
        if kind == "equal":
            begun = True
            continue
        changed = changed or kind != "insert"
        text = "\n".join(lines)
        if not text.strip():
            continue
        used, unused = (text, "") if not code else usable(text, kind != "insert" and original.cell_type == "code")
        (parts.after if begun else parts.before).append(used)
        parts.unused.append(unused)
    before, after, unused = ("\n".join(filter(None, part)) for part in (parts.before, parts.after, parts.unused))
    return Additions(before, after, unused, changed)


def differences(ours: list[str], theirs: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The student's lines in order, in runs that are as ours, inserted, or in the place of ours (also none at all)."""
    if len(theirs) > MOST_LINES:
        yield "replace", theirs
        return
    a, b = ([line.rstrip() for line in lines] for lines in (ours, theirs))
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        in_blanks = kind in ("delete", "replace") and not any(a[i1:i2])
        yield ("insert" if in_blanks else kind), theirs[j1:j2]


def usable(text: str, replaces: bool) -> tuple[str, str]:
    """Of a student's lines in a code cell of ours those that can run by themselves, and the others."""
    text = textwrap.dedent(text)  # they may have stood in a block of ours
    try:
        statements = ast.parse(MAGIC.sub(r"\1pass", text)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "", text
    if not replaces:
        return text, ""
    lines, kept = text.split("\n"), set[int]()
    for statement in statements:
        if isinstance(statement, ADDS_NAMES):
            first = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", ()))])
            kept |= set(range(first - 1, statement.end_lineno or first))
    used = "\n".join(line for number, line in enumerate(lines) if number in kept)
    return used, "\n".join(line for number, line in enumerate(lines) if number not in kept and line.strip())
