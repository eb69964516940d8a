"""`autograder check`: a notebook's own checks from a terminal say what they say in the notebook, in the sandbox."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.release import student_files, write_files
from autograder.exercise import EXERCISES
from autograder.exercise.cells import notebook_bytes
from autograder.exercise.notebooks import fill_in, insert_before, reference_sources
from autograder.grading import visible
from autograder.grading.visible import NoSuchNotebook, look_at

EXERCISE = EXERCISES["01_vanilla_rnn"]
RELEASED = EXERCISE.released / "01_vanilla_rnn.ipynb"
CHANGED = {
    "affine": "def affine(h, W_y, b_y):\n    return h @ W_y.T\n",
    "perplexity": "def perplexity(y, targets, mask=None):\n    return 1 / 0\n",
}


def notebook(without: str = "", **changed: str):
    sources = reference_sources(EXERCISE) | changed
    sources.pop(without, None)
    return fill_in(EXERCISE, nbformat.read(RELEASED, as_version=4), sources)


def look(path: Path) -> visible.Looked:
    return look_at(path, list(EXERCISES), EXERCISES.__getitem__)


def test_it_says_what_the_notebook_says(tmp_path: Path) -> None:
    mixed = notebook(without="embed", **CHANGED)
    path = tmp_path / "final (1).ipynb"
    path.write_bytes(notebook_bytes(mixed))
    looked = look(path)
    assert looked.protected
    assert not looked.right
    write_files(student_files(EXERCISE, RELEASED), tmp_path / "folder")
    functions = "\n\n".join(
        cell.source for cell in mixed.cells if cell.cell_type == "code" and "plt." not in cell.source
    )
    program = functions.replace("check(", "print(check(")
    lines = [f"{line})" if line.startswith("print(check(") else line for line in program.splitlines()]
    lines = [line for line in lines if "pyplot" not in line]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=tmp_path / "folder", capture_output=True, text=True, check=True
    )
    assert "\n".join(looked.said) == done.stdout.strip()
    for said in ("embedding.embed: not attempted.", "when the bias b_y is left out", "ZeroDivisionError"):
        assert said in done.stdout


def test_all_right_is_right_and_anything_else_is_not(tmp_path: Path) -> None:
    path = tmp_path / "mine.ipynb"
    path.write_bytes(notebook_bytes(notebook()))
    assert look(path).right
    path.write_bytes(RELEASED.read_bytes())
    looked = look(path)
    assert not looked.right
    assert all(": not attempted." in said for said in looked.said)


def test_a_function_that_never_ends_is_told_and_the_others_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "mine.ipynb"
    path.write_bytes(notebook_bytes(notebook(embed="def embed(ids, W_e):\n    while True:\n        pass\n")))
    said = look(path).said
    assert [text.partition(".\n")[0].split(": ")[1] for text in said] == [
        "right",
        "right",
        "timeout",
        "right",
        "right",
        "right",
    ]


def test_it_runs_where_nothing_of_the_host_is_seen(tmp_path: Path) -> None:
    spy = notebook()
    secret = tmp_path / "secret"
    secret.write_text("secret")
    insert_before(spy, "check-rnn-step", f"seen = open({str(secret)!r}).read()", "spy")
    spy.cells[-1].source = ""
    path = tmp_path / "mine.ipynb"
    path.write_bytes(notebook_bytes(spy))
    assert look(path).right


def test_without_a_sandbox_it_runs_all_the_same_and_says_so(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(visible, "has_sandbox", lambda: False)
    path = tmp_path / "mine.ipynb"
    path.write_bytes(notebook_bytes(notebook(without="embed")))
    looked = look(path)
    assert (looked.protected, looked.right) == (False, False)
    assert [": right." in said for said in looked.said] == [True, True, False, True, True, True]


@pytest.mark.parametrize("content", ["", "{}", '{"cells": []}'])
def test_a_file_that_shows_no_checks_is_refused_in_a_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "mine.ipynb").write_text(content)
    with pytest.raises(NoSuchNotebook, match=r"cannot be checked|shows no checks"):
        look(tmp_path / "mine.ipynb")
