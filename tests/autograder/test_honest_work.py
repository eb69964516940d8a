"""Honest work in an unexpected place or form: it counts, or what became of it is said; nothing disappears."""

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.course import Course
from autograder.exercise import EXERCISES
from autograder.exercise.cells import check_id
from autograder.grading import intake
from autograder.grading.core import run_cells
from autograder.grading.files import LARGEST_NOTEBOOK, MOST_PARTS, Unreadable
from autograder.grading.inbox import look
from autograder.grading.reading import parse
from autograder.grading.rebuilding import Rebuilt, rebuild
from tests.autograder.given import course_with_committed
from tests.autograder.test_intake import (
    EXERCISE,
    MINE,
    RELEASED,
    SLUG,
    assert_as_released_but_for_solutions,
    assert_filled,
    assert_malformed,
    blank,
    built,
    cell_of,
    code,
    filled,
    hand_in,
    handed,
    ids,
    markdown,
    path_of,
    place,
    taken,
)  # fmt: skip

IMPORTS, QUESTION = "code-03", "text-04"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return course_with_committed(tmp_path / "c", EXERCISE)


def edited(cell_id: str, before: str = "", after: str = "") -> dict[str, Any]:
    """The filled notebook with lines written into a cell before and after what stood there."""
    notebook = filled()
    cell = cell_of(notebook, cell_id)
    cell["source"] = before + "".join(cell["source"]) + after
    return notebook


def beside(rebuilt: Rebuilt, cell_id: str) -> tuple[str, str]:
    """The sources of the student's cells directly before and after a cell, or nothing."""
    at, cells = ids(rebuilt).index(cell_id), rebuilt.notebook.cells
    around = [cells[at + step] if 0 <= at + step < len(cells) else None for step in (-1, 1)]
    before, after = (one.source if one is not None and one.id.startswith("added-") else "" for one in around)
    return before, after


def said(rebuilt: Rebuilt) -> str:
    return "\n".join(rebuilt.notes)


# ---- lines in cells of ours ------------------------------------------------------------------------------------------


def test_an_import_added_to_the_first_cell_runs_right_after_it() -> None:
    rebuilt = handed(edited(IMPORTS, after="\nfrom math import exp"))
    assert_filled(rebuilt)
    assert_as_released_but_for_solutions(rebuilt)
    assert beside(rebuilt, IMPORTS) == ("", "from math import exp")
    assert "a cell of your own beside it" in said(rebuilt)


@pytest.mark.parametrize("line", ["import numpy as np, math", "%matplotlib inline", "!ls"])
def test_a_changed_import_and_a_magic_are_run(line: str) -> None:
    notebook = filled()
    cell = cell_of(notebook, IMPORTS)
    ours = "".join(cell["source"])
    cell["source"] = ours.replace("import numpy as np", line) if "numpy" in line else f"{ours}\n{line}"
    assert beside(handed(notebook), IMPORTS) == ("", line)


def test_a_function_written_above_a_check_counts_and_so_does_one_in_place_of_it() -> None:
    for keep in (True, False):
        notebook = edited("check-rnn-forward", before=MINE.format("forward"))
        cell_of(notebook, "forward")["source"] = cell_of(blank(), "forward")["source"]
        if not keep:
            cell_of(notebook, "check-rnn-forward")["source"] = MINE.format("forward")
        rebuilt = handed(notebook)
        assert_as_released_but_for_solutions_and_blanks(rebuilt)
        assert beside(rebuilt, "check-rnn-forward")[0].strip() == MINE.format("forward").strip()
        assert (rebuilt.unchanged, rebuilt.malformed) == ([], {})
        assert "forward is defined in a cell of your own" in said(rebuilt)


def assert_as_released_but_for_solutions_and_blanks(rebuilt: Rebuilt) -> None:
    assert_as_released_but_for_solutions(rebuilt)
    assert built(rebuilt, "forward").source == ""


def test_a_function_in_the_first_cell_is_not_undone_by_the_untouched_cell_below() -> None:
    notebook = edited(IMPORTS, after="\n\n" + MINE.format("step"))
    cell_of(notebook, "step")["source"] = cell_of(blank(), "step")["source"]
    rebuilt = handed(notebook)
    assert built(rebuilt, "step").source == ""
    assert rebuilt.unchanged == []


def test_a_copy_of_an_untouched_cell_defines_nothing() -> None:
    notebook = blank()
    notebook["cells"].append(code("".join(cell_of(notebook, "step")["source"])))
    assert "step" in handed(notebook).unchanged


def test_changed_lines_of_ours_are_shown_and_not_run() -> None:
    notebook = filled()
    cell_of(notebook, "check-rnn-step")["source"] = 'check("rnn.step", other_step)'
    rebuilt = handed(notebook)
    assert_as_released_but_for_solutions(rebuilt)
    assert beside(rebuilt, "check-rnn-step") == ("", '    check("rnn.step", other_step)')
    assert (
        'check-rnn-step counts as it was released; what you changed in it was not run: check("rnn.step", other_step)'
        in said(rebuilt)
    )
    shown = next(cell for cell in rebuilt.notebook.cells if cell.id.startswith("added-"))
    assert shown.cell_type == "markdown"


def test_lines_taken_out_of_a_given_cell_are_said() -> None:
    notebook = filled()
    cell = cell_of(notebook, IMPORTS)
    cell["source"] = "".join(cell["source"]).replace("    import matplotlib.pyplot as plt\n", "")
    assert said(handed(notebook)) == "The given cell code-03 counts as it was released; lines of it were missing."


def test_merged_cells_count_once_each() -> None:
    """A check with the next function, two functions, and three given cells, each merged as JupyterLab does it."""
    notebook = filled()
    for first, second in (("check-rnn-step", "forward"), ("embed", "check-embedding-embed"), ("text-01", "text-02")):
        one, two = cell_of(notebook, first), cell_of(notebook, second)
        one["source"] = "".join(one["source"]) + "\n\n" + "".join(two["source"])
        notebook["cells"].remove(two)
    rebuilt = handed(notebook)
    assert_as_released_but_for_solutions(rebuilt)
    assert (rebuilt.malformed, rebuilt.unchanged) == ({}, [])
    assert beside(rebuilt, "check-rnn-step")[1].strip() == MINE.format("forward").strip()
    assert sum(cell.source.count("mine forward") for cell in rebuilt.notebook.cells) == 1
    assert [one for one in ids(rebuilt) if one.startswith("added-")] == [f"added-{place(notebook, 'check-rnn-step')}"]
    assert "missing" not in said(rebuilt)


def test_an_untouched_function_merged_into_a_given_cell_is_untouched() -> None:
    notebook = blank()
    stub, check = cell_of(notebook, "forward"), cell_of(notebook, "check-rnn-step")
    check["source"] = "".join(check["source"]) + "\n\n" + "".join(stub["source"])
    notebook["cells"].remove(stub)
    rebuilt = handed(notebook)
    assert rebuilt.notebook == handed(blank()).notebook
    assert "forward" in rebuilt.unchanged


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_function_in_a_text_cell_is_named_with_the_way_back(kind: str) -> None:
    notebook = filled()
    cell_of(notebook, "embed")["cell_type"] = kind
    rebuilt = handed(notebook)
    assert set(rebuilt.malformed) == {"embed"}
    assert rebuilt.malformed["embed"].startswith("embed is defined in a text cell, which is not run. Select")
    assert "return 'mine embed'" in "".join(cell.source for cell in rebuilt.notebook.cells)


def test_a_raw_cell_is_shown() -> None:
    notebook = filled()
    notebook["cells"].append(code("my words") | {"cell_type": "raw"})
    assert handed(notebook).notebook.cells[-1].source == "    my words"


def test_an_answer_in_the_cell_of_the_question_is_kept_below_it() -> None:
    rebuilt = handed(edited(QUESTION, after="\n\n**My answer:** it vanishes."))
    assert_as_released_but_for_solutions(rebuilt)
    assert beside(rebuilt, QUESTION) == ("", "\n**My answer:** it vanishes.")


def test_an_answer_in_words_counts_in_a_code_cell_too() -> None:
    exercise = EXERCISES["03_gradients"]
    content = json.loads((exercise.released / "03_gradients.ipynb").read_bytes())
    released = nbformat.reads(json.dumps(content), as_version=4)
    cell = next(cell for cell in content["cells"] if cell["id"] == "answer-vanish-or-explode")
    cell |= {"cell_type": "code", "source": "It vanishes."}
    rebuilt = rebuild(exercise, released, parse(json.dumps(content).encode()))
    answer = built(rebuilt, "answer-vanish-or-explode")
    assert (answer.cell_type, answer.source) == ("markdown", "It vanishes.")
    assert "it counts all the same" in said(rebuilt)


ATTACKS = {
    "another question": 'check = lambda *a: print("right")\ncheck("rnn.step", step)',
    "points in the cell": "import sys\nsys.modules['check'].check = print",
    "the cell's own id": "get_ipython().run_cell('check-rnn-step')",
}


@pytest.mark.parametrize("lines", ATTACKS.values(), ids=ATTACKS)
def test_lines_in_a_check_cell_do_not_change_what_is_asked(lines: str) -> None:
    """The grader's own question stays one cell of its own, without source; the lines are the student's code like any other."""
    honest, attack = handed(filled()), handed(edited("check-rnn-step", before=lines + "\n", after="\n" + lines))
    assert_as_released_but_for_solutions(attack)
    asked, theirs = ([cell for cell in run_cells(EXERCISE, one.notebook) if cell.check] for one in (honest, attack))
    assert theirs == asked
    assert [cell.check for cell in theirs] == [check.name for check in EXERCISE.checks]
    run = run_cells(EXERCISE, attack.notebook)
    assert len({cell.id for cell in run}) == len(run)
    assert not any(cell.source for cell in run if cell.id == check_id(EXERCISE.checks[0]))


def test_very_long_lines_in_a_given_cell_are_compared_in_time() -> None:
    """What is compared is bounded: the time of a comparison grows faster than the number of lines."""
    notebook = edited(IMPORTS, before="\n" * 30_000, after="\nimport numpy as np" * 3000)
    rebuilt = handed(notebook)
    assert_as_released_but_for_solutions(rebuilt)


# ---- pictures and outputs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "picture",
    ["![a.png](data:image/png;base64,{})", '<img src="data:image/png;base64,{}">', "[a]: <data:image/png;base64,{}>\n"],
)
def test_words_after_a_pasted_picture_are_read(picture: str) -> None:
    notebook = filled()
    notebook["cells"] += [markdown(f"before {picture.format('A' * 200_000)} after {number}") for number in range(9)]
    rebuilt = handed(notebook)
    added = [cell.source for cell in rebuilt.notebook.cells if cell.id.startswith("added-")]
    assert [source.split()[-2:] for source in added] == [["after", str(number)] for number in range(9)]
    assert said(rebuilt) == "Pictures in text cells are left out (9); only words are read."


def test_many_pictures_that_never_end_are_read_in_time() -> None:
    """Each character is looked at a few times at most, or this would take hours."""
    text = "![a](data:image/png" * 100_000
    notebook = filled()
    notebook["cells"].append(markdown(text))
    assert "A cell holds more than 16 KB; the rest of it is left out." in handed(notebook).notes


def test_outputs_of_any_size_cost_nothing() -> None:
    notebook = filled()
    output = {"output_type": "stream", "name": "stdout", "text": ['a "]}[{\\ line\n'] * 10}
    cell_of(notebook, "step")["outputs"] = [output | {"text": "x" * (LARGEST_NOTEBOOK + 1)}, output]
    cell_of(notebook, "text-02")["attachments"] = {"a.png": {"image/png": "A" * 1000}}
    rebuilt = handed(notebook)
    assert_filled(rebuilt)
    assert_as_released_but_for_solutions(rebuilt)
    assert said(rebuilt) == "Pictures in text cells are left out (1); only words are read."


@pytest.mark.parametrize(
    "data",
    [b'"' + b'\\"' * LARGEST_NOTEBOOK, b"[" * (LARGEST_NOTEBOOK + 1), b'{"a":[{"outputs":[' + b" " * LARGEST_NOTEBOOK],
)
def test_large_files_that_are_no_notebooks_are_refused(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"not a notebook|Without its outputs"):
        parse(data)


def test_a_notebook_too_large_without_its_outputs_is_told_both_sizes(monkeypatch) -> None:
    notebook = filled()
    notebook["metadata"]["more"] = "x" * LARGEST_NOTEBOOK
    with pytest.raises(Unreadable, match=r"the notebook has 8\.1 MB; the most that is read is 8 MB"):
        handed(notebook)
    monkeypatch.setattr("autograder.grading.files.MOST_PARTS", 100)
    assert MOST_PARTS > 100
    with pytest.raises(Unreadable, match="more parts than any"):
        handed(notebook)


# ---- files -----------------------------------------------------------------------------------------------------------


def work(course: Course, path: str, data: bytes | None = None, written: int | None = None) -> None:
    """A file below a student's folder of the exercise: by default the filled notebook."""
    where = course.inbox / "ada" / SLUG / path
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_bytes(json.dumps(filled()).encode() if data is None else data)
    if written is not None:
        os.utime(where, (written, written))


def notes_of(course: Course) -> list[str]:
    intake.take_in_all(course, EXERCISE)
    notes: list[str] = taken(course).metadata["autograder"]["notes"]
    return notes


@pytest.mark.parametrize(
    "name",
    [
        f"{SLUG} (1).ipynb", f"Copy of {SLUG}.ipynb", f"ada_123_{SLUG}.IPYNB", f"{SLUG}/{SLUG}.ipynb", f"{SLUG}.json",
        f"{SLUG}.ipynb.txt", "a/b/work.ipynb",
    ],
)  # fmt: skip
def test_a_notebook_under_another_name_is_found_and_said(course: Course, name: str) -> None:
    work(course, name)
    work(course, f".ipynb_checkpoints/{SLUG}.ipynb", b"")
    work(course, f"__MACOSX/{SLUG}.ipynb", b"")
    assert notes_of(course) == [f"{SLUG}.ipynb is missing; {name} was taken in its place."]
    assert taken(course).metadata["autograder"]["malformed"] == {}


def test_the_right_name_comes_first_and_what_lies_beside_it_is_named(course: Course) -> None:
    work(course, f"{SLUG}.ipynb", written=1)
    work(course, f"{SLUG}_old.ipynb", b"{}", written=2)
    assert notes_of(course) == [f"Beside {SLUG}.ipynb there was also {SLUG}_old.ipynb; that was not read."]
    assert taken(course).metadata["autograder"]["malformed"] == {}


def test_of_several_other_names_the_last_written_is_taken_and_the_others_are_named(course: Course) -> None:
    work(course, "old.ipynb", b"{}", written=1)
    work(course, "new.ipynb", written=3)
    work(course, "data.json", b"{}", written=4)
    first, second = notes_of(course)
    assert first.endswith("new.ipynb was taken in its place.")
    assert second == "Beside new.ipynb there was also old.ipynb; that was not read."


def test_what_lies_there_instead_is_named(course: Course) -> None:
    work(course, "work.pdf", b"%PDF")
    intake.take_in_all(course, EXERCISE)
    assert_malformed(course, "ada", f"{SLUG}.ipynb is missing. In the folder there is only work.pdf.")


def test_a_notebook_behind_a_link_is_not_taken_in_place_of_another(course: Course, tmp_path: Path) -> None:
    (tmp_path / "secret.ipynb").write_text(json.dumps(filled()))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "secret.ipynb").write_text(json.dumps(filled()))
    folder = path_of(course, "ada").parent
    folder.mkdir(parents=True)
    (folder / "mine.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (folder / "deep").symlink_to(tmp_path / "deep")
    intake.take_in_all(course, EXERCISE)
    assert_malformed(course, "ada", "is missing. The folder is empty.")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_any_encoding_of_an_editor_is_read(encoding: str) -> None:
    notebook = filled()
    notebook["cells"].append(markdown("Größe"))
    escaped = json.dumps(notebook)  # cp1252 has not all the characters of the notebook; in JSON they may be written so
    text = escaped.replace("Gr\\u00f6\\u00dfe", "Größe")
    rebuilt = rebuild(EXERCISE, RELEASED, parse(text.encode(encoding)))
    assert_filled(rebuilt)
    assert rebuilt.notebook.cells[-1].source == "Größe"


def test_marks_of_a_merge_are_named_with_their_line() -> None:
    text = json.dumps(filled(), indent=1).split("\n")
    text[4:4] = ["<<<<<<< HEAD", "=======", ">>>>>>> theirs"]
    with pytest.raises(Unreadable, match="Line 5 of the file, <<<<<<< HEAD, marks a place"):
        parse("\r\n".join(text).encode())


def test_marks_of_a_merge_inside_a_cell_are_named() -> None:
    notebook = edited("step", before="<<<<<<< local\n")
    assert "Line 1 of a cell, <<<<<<< local, marks a place" in said(handed(notebook))


@pytest.mark.parametrize(
    ("data", "what"),
    [(b"", "is empty"), (b"\n\0 ", "is empty"), (b"PK\x03\x04...", "zip archive"), (b" <!DOCTYPE html>", "web page")],
)
def test_what_is_no_notebook_is_called_by_its_name(data: bytes, what: str) -> None:
    with pytest.raises(Unreadable, match=what):
        parse(data)


# ---- the inbox -------------------------------------------------------------------------------------------------------


def test_everything_in_the_inbox_that_is_not_read_is_named_with_why(course: Course, tmp_path: Path) -> None:
    hand_in(course, "zed")
    (course.inbox / "zed" / "03_gradients").mkdir()
    for folder in ("bea", "cyd/vanilla_rnn", f"{SLUG}/dan", "empty", "-x", ".git", "__MACOSX/zed"):
        (course.inbox / folder).mkdir(parents=True)
    for file in (f"{SLUG}.ipynb", "work.zip", f"bea/{SLUG}.ipynb", ".DS_Store", "zed/.DS_Store"):
        (course.inbox / file).write_text("")
    (course.inbox / "link").symlink_to(tmp_path)
    inbox = look(course, SLUG)
    assert [one.student for one in inbox.hand_ins] == ["zed"]
    assert {path: why.split(";")[0] for path, why in inbox.refused.items()} == {
        "-x": "this cannot be a student's name: letters, digits and ._@+- are read, 64 at most, a letter or digit first",
        SLUG: "it is called like an exercise and holds dan",
        f"{SLUG}.ipynb": "it is a file",
        f"bea/{SLUG}.ipynb": "it lies beside the folders of the exercises",
        "cyd/vanilla_rnn": "no exercise is called so",
        "empty": "the folder is empty, or cannot be opened",
        "link": "it is a link",
        "work.zip": "it is a file",
    }
    assert inbox.refused["cyd/vanilla_rnn"].endswith(f"is inbox/cyd/{SLUG}/ meant?")


def test_a_named_student_without_a_folder_is_named_and_others_are_not(course: Course) -> None:
    hand_in(course, "zed")
    (course.inbox / "work.zip").write_text("")
    inbox = look(course, SLUG, ("zed", "zoe"))
    assert ([one.student for one in inbox.hand_ins], inbox.refused) == (
        ["zed"],
        {"zoe": "there is no folder of that name"},
    )


def test_students_who_differ_in_case_alone_are_named(course: Course) -> None:
    for name in ("ada", "Ada", "bob"):
        hand_in(course, name)
    assert look(course, SLUG).alike == [("Ada", "ada")]


def test_grade_and_intake_say_what_they_did_not_read_and_end_with_one(course: Course, autograder) -> None:
    (course.inbox / "bea").mkdir()
    (course.inbox / "bea" / f"{SLUG}.ipynb").write_text("")
    for verb in ("intake", "grade"):
        result = autograder(verb, "--course", str(course.root))
        assert result.returncode == 1, result.stderr
        assert (
            result.stderr.count(f"not read: inbox/bea/{SLUG}.ipynb: it lies beside the folders of the exercises") == 1
        )
