"""What students' editors make of a notebook: whatever they leave of ids and metadata, every answer is found and counts."""

import json
from typing import Any

import nbformat
import pytest

from autograder.exercise import EXERCISES
from autograder.exercise.cells import notebook_bytes
from autograder.exercise.notebooks import fill_in, reference_sources
from autograder.grading.reading import parse
from autograder.grading.rebuilding import Rebuilt, rebuild
from autograder.proof.editors import EDITORS, HEAD, NOT_SEEN, Editor, table

EXERCISE = EXERCISES["03_gradients"]  # it also asks a question in words
RELEASED = nbformat.read(EXERCISE.released / f"{EXERCISE.slug}.ipynb", as_version=4)
QUESTION, ANSWER = "answer-vanish-or-explode", "They vanish: the spectral norm is below one."


def solved() -> dict[str, Any]:
    notebook = fill_in(EXERCISE, RELEASED, reference_sources(EXERCISE))
    next(cell for cell in notebook.cells if cell.id == QUESTION).source = ANSWER
    content: dict[str, Any] = json.loads(notebook_bytes(notebook))
    return content


def taken_in(data: bytes) -> Rebuilt:
    return rebuild(EXERCISE, RELEASED, parse(data))


PLAIN = taken_in(json.dumps(solved()).encode())


@pytest.mark.parametrize("editor", EDITORS, ids=lambda editor: editor.name)
def test_whatever_an_editor_leaves_the_notebook_that_is_graded_is_the_same(editor: Editor) -> None:
    """So is the grade: nothing else of a hand-in is run or judged."""
    for form in editor.forms():
        data = editor.saved(solved(), form)
        assert json.loads(data)["nbformat_minor"] == form.minor
        assert data != json.dumps(solved()).encode()
        rebuilt = taken_in(data)
        assert (rebuilt.unchanged, rebuilt.malformed, rebuilt.notes) == ([], {}, []), form
        assert rebuilt.notebook == PLAIN.notebook, form


def test_the_plain_notebook_holds_every_answer() -> None:
    sources = {cell.id: cell.source for cell in PLAIN.notebook.cells}
    assert sources | reference_sources(EXERCISE) | {QUESTION: ANSWER} == sources
    assert list(sources) == [cell.id for cell in RELEASED.cells]


def test_an_answer_in_words_that_nothing_points_to_is_said_to_be_missing() -> None:
    """Without ids and metadata it is known by the cells around it."""
    notebook = solved()
    at = next(number for number, cell in enumerate(notebook["cells"]) if cell["id"] == QUESTION)
    for cell in notebook["cells"]:
        cell["metadata"], cell["id"] = {}, "x"
    notebook["cells"].append(notebook["cells"].pop(at))
    rebuilt = taken_in(json.dumps(notebook).encode())
    assert ANSWER in {cell.source for cell in rebuilt.notebook.cells if cell.id.startswith("added-")}
    (told,) = rebuilt.notes
    assert told.startswith(f"The cell {QUESTION}, for an answer in words, was not found")


def test_every_row_is_shown_whole() -> None:
    rows = table()
    assert [row[0] for row in rows] == [*(editor.name for editor in EDITORS), *NOT_SEEN]
    assert {len(row) for row in rows} == {len(HEAD)}
    assert "format 4.1, 4.2 or 4.4" in next(row for row in rows if row[0] == "Kaggle")[3]
