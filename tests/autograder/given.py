"""What a notebook gives to students: what its first cell imports, and the functions that they need not write; its language."""

import functools
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any
from unittest.mock import patch

from autograder import languages
from autograder.course import Course, write_atomically
from autograder.exercise import EXERCISES, Exercise
from autograder.exercise.source import source_notebook
from autograder.runner.calling import SENTENCES


@functools.cache
def given_cells(slug: str) -> list[CodeType]:
    """The cells that import and define what students need not write, without the pictures."""
    cells = []
    for cell in source_notebook(EXERCISES[slug], EXERCISES[slug].text()).cells:
        if cell.cell_type == "code" and (cell.id.startswith("given-") or "import numpy as np" in cell.source):
            lines = [line for line in cell.source.splitlines() if "pyplot" not in line]
            cells.append(compile("\n".join(lines), cell.id, "exec"))
    return cells


def imported(exercise: Exercise) -> dict[str, Any]:
    """What the notebook's own first cells import and define: functions that students are given."""
    namespace: dict[str, Any] = {"__name__": "notebook"}
    beside = ModuleType("check")
    vars(beside)["check"] = None
    with patch.dict(sys.modules, check=beside):
        for cell in given_cells(exercise.slug):
            exec(cell, namespace)
    return namespace


def course_with_committed(folder: Path, exercise: Exercise) -> Course:
    """A course whose released notebook is the committed one; quicker than releasing it anew."""
    made, name = Course.create(folder), f"{exercise.slug}.ipynb"
    write_atomically(made.released(exercise.slug), (exercise.released / name).read_bytes())
    made.inbox.mkdir()
    return made


def speaking(language: str) -> AbstractContextManager[Any]:
    """Speak a language for a while."""
    return patch.dict(SENTENCES, languages.catalogue(language), clear=True)
