"""Which cells of a notebook are run: what `verify` leaves out, and that it leaves out nothing that a check needs."""

import re
from pathlib import Path

import nbformat
import pytest

from autograder.exercise import EXERCISES
from autograder.grading.core import run_cells, without_pictures

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("slug", EXERCISES)
def test_without_pictures_every_check_is_asked_and_matplotlib_is_not_imported(slug: str) -> None:
    exercise = EXERCISES[slug]
    cells = run_cells(exercise, nbformat.read(ROOT / f"exercises/{slug}/released/{slug}.ipynb", as_version=4))
    kept = without_pictures(cells)
    assert [cell.check for cell in kept if cell.check] == [check.name for check in exercise.checks]
    assert [cell.id for cell in cells[: len(kept)]] == [cell.id for cell in kept]
    imports = re.compile(r"^\s*(import|from) matplotlib", re.MULTILINE)
    assert any(imports.search(cell.source) for cell in cells)
    assert not any(imports.search(cell.source) for cell in kept)
