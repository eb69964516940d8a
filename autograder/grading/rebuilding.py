"""The notebook that is graded: the released one with a student's source in it.

Of a hand-in nothing is taken but source: that of the cells to fill in (by grade id, else by cell id, else by the function
that a cell defines), that of cells that the student added, in their place, what they wrote into cells of ours, beside these,
and text without markup. Everything else - checks, points, prose, metadata, outputs - comes from the released notebook.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.exercise import Exercise
from autograder.exercise.cells import solution_id
from autograder.grading.files import MERGE_MARK
from autograder.grading.matching import additions, is_check, is_solution, matched, same_name
from autograder.grading.reading import (
    LARGEST_SOURCE,
    LARGEST_TEXT,
    MOST_TEXT,
    StudentCell,
    defined_functions,
    without_markup,
)  # fmt: skip
from autograder.runner.calling import _

LONGEST_QUOTE = 200


@dataclass
class Rebuilt:
    """The notebook made of the released one and a student's source.

    ``unchanged`` names the functions whose cells are as released, ``malformed`` maps those whose cells are missing to what
    is wrong, and ``notes`` says what intake left out or put right.
    """

    notebook: Any
    unchanged: list[str] = field(default_factory=list)
    malformed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass
class Sorted:
    """A student's cells, sorted by the place of the released cell that they fill in, or that they stand before or after."""

    exercise: Exercise
    released: Sequence[Any]
    present: set[int] = field(default_factory=set)
    sources: dict[int, str] = field(default_factory=dict)
    before: dict[int, list[Any]] = field(default_factory=dict)
    after: dict[int, list[Any]] = field(default_factory=dict)
    in_text: set[str] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)

    def fill(self, place: int, cell: StudentCell) -> None:
        """Take the source of a cell that was to be filled in."""
        self.sources[place] = cell.source
        self.present |= {other for other, ours in self.missing() if stands_in(ours.source, cell.source)}
        if self.released[place].cell_type != cell.kind:
            self.notes.add(_("An answer in words stood in a cell that is no text cell; it counts all the same."))

    def set_beside(self, place: int, number: int, cell: StudentCell) -> None:
        """Take what was written into a cell of ours."""
        original = self.released[place]
        found = additions(original, cell)
        self.add(self.before, place, cell.kind, found.before, f"added-{number}-before")
        self.add(self.after, place, cell.kind, found.after, f"added-{number}")
        self.add(self.after, place, "raw", found.unused, f"added-{number}-unused")
        if found.before or found.after:
            self.notes.add(_("What you wrote into a given cell counts as a cell of your own beside it."))
        if original.cell_type == "code" and found.unused:
            told = _("The given cell {name} counts as it was released; what you changed in it was not run: {lines}")
            lines = " / ".join(line.strip() for line in found.unused.split("\n"))
            self.notes.add(told.format(name=original.id, lines=lines[:LONGEST_QUOTE]))
        elif original.cell_type == "code" and found.changed and not (found.before or found.after):
            told = _("The given cell {name} counts as it was released; lines of it were missing.")
            self.notes.add(told.format(name=original.id))

    def missing(self) -> list[tuple[int, Any]]:
        """The released cells for which no cell was handed in so far."""
        return [(place, ours) for place, ours in enumerate(self.released) if place not in self.present]

    def add(self, where: dict[int, list[Any]], place: int, kind: str, source: str, name: str) -> None:
        """Add a cell of the student's own, without what is ours in it."""
        for other, ours in self.missing():
            if stands_in(ours.source, source):
                self.present.add(other)
                self.sources[other] = ours.source
                source = f"\n{source}\n".replace(f"\n{ours.source.strip()}\n", "\n", 1).strip("\n")
        if not source.strip():
            return
        functions = {check.function for check in self.exercise.checks} if kind != "code" else set()
        in_text = functions & defined_functions(source)
        self.in_text |= in_text
        where.setdefault(place, []).append(added_cell("raw" if in_text else kind, source, name))

    def elsewhere(self) -> set[str]:
        """The functions that a student wrote, wherever they stand."""
        ours = {cell.source.strip() for cell in self.released}
        written = [*self.sources.values(), *(cell.source for cell in self.added() if cell.cell_type == "code")]
        return set().union(*(defined_functions(source) for source in written if source.strip() not in ours))

    def added(self) -> Iterable[Any]:
        return (cell for where in (self.before, self.after) for cells in where.values() for cell in cells)

    def as_released(self, place: int) -> bool:
        return place in self.sources and self.sources[place].strip() == self.released[place].source.strip()


def stands_in(ours: str, source: str) -> bool:
    """Whether a released cell's lines stand in other source."""
    return bool(ours.strip()) and f"\n{ours.strip()}\n" in f"\n{source}\n"


def rebuild(exercise: Exercise, released: Any, cells: list[StudentCell]) -> Rebuilt:
    """The released notebook with a student's source in it."""
    found = in_places(exercise, released.cells, cells)
    texts = [cell for cell in found.added() if cell.cell_type == "markdown"]
    if sum(len(cell.source) for cell in texts) > MOST_TEXT:
        found.notes.add(_("There were more than {most} KB of text; the rest is left out.").format(most=MOST_TEXT >> 10))
        shorten(texts)
    elsewhere = found.elsewhere()
    result = Rebuilt(nbformat.from_dict(released), notes=sorted(found.notes | told_of(cells)))
    result.notebook.cells = list(found.after.get(-1, []))
    for place in range(len(released.cells)):
        cell = released_cell(found, place, result, elsewhere)
        result.notebook.cells += [*found.before.get(place, []), cell, *found.after.get(place, [])]
    missing = [cell.id for _place, cell in found.missing() if is_check(cell)]
    if missing:  # last, since it costs nothing
        told = _("Check cells were missing ({names}); they count all the same.")
        result.notes.append(told.format(names=", ".join(missing)))
    return result


def in_places(exercise: Exercise, released: Sequence[Any], cells: list[StudentCell]) -> Sorted:
    """Sort a student's cells."""
    places = matched(exercise, released, cells)
    found, anchor = Sorted(exercise, released, set(places.values())), -1
    check_sources = {cell.source.strip() for cell in released if is_check(cell)}
    several = same_name(released, cells)
    found.notes |= {told_of_copies(released[place], len(numbers)) for place, numbers in several.items()}
    untouched = {
        number
        for place, numbers in several.items()
        for number in numbers
        if cells[number].source.strip() == released[place].source.strip()
    }
    for number, cell in enumerate(cells):
        if number in places:
            anchor = places[number]
            if is_solution(released[anchor]):
                found.fill(anchor, cell)
            else:
                found.set_beside(anchor, number, cell)
        elif cell.kind == "code" and cell.source.strip() in check_sources:
            found.notes.add(_("A check cell stood there more than once; it counts once."))
        elif number not in untouched:  # run after the student's own function, such a copy would undo it
            found.add(found.after, anchor, cell.kind, cell.source, f"added-{number}")
    return found


def told_of_copies(original: Any, count: int) -> str:
    """What is said where several cells bear the name of one that was to be filled in."""
    told = _(
        "The notebook has {count} cells with the name {name}, since a copied cell keeps its name. As when the notebook is run "
        "from top to bottom, the last one above its check counts. Delete the others if you hand in again."
    )
    if original.cell_type != "code":
        told = _(
            "The notebook has {count} cells with the name {name}, since a copied cell keeps its name. The last one with an "
            "answer counts. Delete the others if you hand in again."
        )
    return told.format(count=count, name=original.id)


def told_of(cells: Iterable[StudentCell]) -> set[str]:
    """What is to be said of single cells: what they hold that is not read, and merges that were not brought to an end."""
    notes, pictures = set(), 0
    for cell in cells:
        pictures += cell.pictures
        if cell.cut:
            most = (LARGEST_SOURCE if cell.kind == "code" else LARGEST_TEXT) >> 10
            notes.add(_("A cell holds more than {most} KB; the rest of it is left out.").format(most=most))
        mark = MERGE_MARK.search(cell.source)
        if mark is not None:
            told = _(
                "Line {line} of a cell, {mark}, marks a place where two versions were merged and did not fit together. Keep one "
                "version, delete ======= and the lines like this one, and hand in again."
            )
            line = cell.source.count("\n", 0, mark.start()) + 1
            notes.add(told.format(line=line, mark=mark.group().strip()[:LONGEST_QUOTE]))
    if pictures:
        notes.add(_("Pictures in text cells are left out ({count}); only words are read.").format(count=pictures))
    return notes


def shorten(cells: Iterable[Any]) -> None:
    """Keep the first MOST_TEXT characters of the added text: what renders Markdown takes time that grows faster than it."""
    left = MOST_TEXT
    for cell in cells:
        cell.source = cell.source[:left]
        left -= len(cell.source)


def added_cell(kind: str, source: str, name: str) -> Any:
    """A cell of the student's own. What is neither to be run nor Markdown is shown as it is."""
    if kind == "code":
        return new_code_cell(source, id=name)
    if kind == "raw":
        source = "\n".join(f"    {line}" for line in source.split("\n"))
    return new_markdown_cell(without_markup(source), id=name)


def released_cell(found: Sorted, place: int, result: Rebuilt, elsewhere: set[str]) -> Any:
    """A released cell; if it was to be filled in, with the student's source."""
    cell, source = nbformat.from_dict(found.released[place]), found.sources.get(place)
    if not is_solution(cell):
        return cell
    check = next((check for check in found.exercise.checks if solution_id(check) == cell.id), None)
    function = check.function if check is not None else ""
    untouched = bool(function) and found.as_released(place)
    if function in found.in_text - elsewhere and (source is None or untouched):
        told = _(
            "{function} is defined in a text cell, which is not run. Select that cell, press Esc and then Y, which makes it a "
            "code cell, and hand in again."
        ).format(function=function)
        result.notes.append(told)
        if source is None:
            result.malformed[function] = told
    elif function and source is None and function not in elsewhere:
        result.malformed[function] = _("The notebook has no cell that defines {function}.").format(function=function)
    if source is None:
        if not function:
            told = _(
                "The cell {name}, for an answer in words, was not found; other text of yours is shown where it stood."
            )
            result.notes.append(told.format(name=cell.id))
        cell.source = ""
        return cell
    if untouched and function in elsewhere:
        result.notes.append(
            _("{function} is defined in a cell of your own; that one counts.").format(function=function)
        )
        cell.source = ""
        return cell
    if untouched:
        result.unchanged.append(function)
    cell.source = source if cell.cell_type == "code" else without_markup(source)
    return cell
