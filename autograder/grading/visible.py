"""A notebook's own checks, run as its student runs them: the same check.py, the same sentences, in the sandbox."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.authoring.release import student_files, write_files
from autograder.errors import UserError
from autograder.exercise import Exercise
from autograder.grading.executor import RunCell, Task, execute
from autograder.grading.files import LARGEST_FILE, Unreadable, read_file
from autograder.grading.judge import how_it_ended
from autograder.grading.reading import parse
from autograder.grading.transcript import Transcript
from autograder.runner.calling import _
from autograder.sandbox import bubblewrap, scratch
from autograder.sandbox.limits import Limits

ASKED = re.compile(r"^check\(\s*[\"']([\w.]+)[\"']", re.MULTILINE)
PROMPT = re.compile(r"^Out\[\d+\]: ?")


class NoSuchNotebook(UserError):
    """A file whose checks cannot be run; the message says why."""


@dataclass(frozen=True)
class Looked:
    """What the checks said, whether all of them were right, and whether the notebook ran in a sandbox."""

    said: tuple[str, ...]
    right: bool
    protected: bool


def look_at(notebook: Path, slugs: Sequence[str], load: Callable[[str], Exercise]) -> Looked:
    """Run a notebook, of one of the exercises named, with the files that students have beside it.

    Raises NoSuchNotebook if it cannot be read, or shows no check of an exercise.
    """
    try:
        data, _changed = read_file(notebook.resolve().parent, (notebook.name,), LARGEST_FILE)
        sources = [cell.source for cell in parse(data) if cell.kind == "code"]
    except (Unreadable, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise NoSuchNotebook(f"{notebook} cannot be checked: {why}") from error
    asked = {place: found[1] for place, source in enumerate(sources) if (found := ASKED.search(source))}
    exercise = exercise_of(notebook, set(asked.values()), slugs, load)
    protected = has_sandbox()
    with scratch.folder("check") as folder:
        files = student_files(exercise, notebook)
        write_files(files, Path(folder))
        beside = tuple((Path(folder, name), name) for name in files if not name.endswith(".ipynb"))
        cells = tuple(RunCell(f"cell-{place}", source) for place, source in enumerate(sources))
        limits = replace(Limits(), **exercise.limits)
        transcript = execute(Task(exercise.packages, cells, {}, limits, beside, protected, own_check=True))
    said = {name: told(transcript, f"cell-{place}", name) for place, name in asked.items()}
    is_right = all(text.startswith(f"{name}: {_('right')}.") for name, text in said.items())
    return Looked(tuple(said.values()), is_right, protected)


def told(transcript: Transcript, cell: str, name: str) -> str:
    """What stands below a check's cell when it has run."""
    output, ended = transcript.output(cell), transcript.ended.get(cell)
    if ended is not None:
        return f"{name}: {_(ended)}.\n{how_it_ended(name, ended, transcript.limits.get(cell))}"
    if output.error is not None:
        return f"{name}: {_('error')}.\n{': '.join(filter(None, output.error))}"
    return PROMPT.sub("", output.text).strip() or f"{name}: {_('not reached')}."


def exercise_of(notebook: Path, names: set[str], slugs: Sequence[str], load: Callable[[str], Exercise]) -> Exercise:
    """The exercise whose checks a notebook shows: the one that the file's name says, if it does, else the first that has them."""
    for slug in sorted(slugs, key=lambda slug: slug not in notebook.stem) if names else ():
        exercise = load(slug)
        if names <= {check.name for check in (*exercise.checks, *exercise.left_out)}:
            return exercise
    raise NoSuchNotebook(f"{notebook} shows no checks of one of the exercises {', '.join(slugs)}.")


def has_sandbox() -> bool:
    try:
        bubblewrap.probe()
    except bubblewrap.SandboxUnavailable:
        return False
    return True
