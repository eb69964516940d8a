"""Adopting nbgrader's source notebooks: what becomes of each kind of cell and test, and what is said of the rest."""

import json
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.authoring.adopt import Adopted, adopt
from autograder.exercise import DrawnCase, Exercise, Given
from autograder.exercise.discovery import ExerciseError, load
from autograder.exercise.drawing import alike
from autograder.exercise.source import source_notebook

RNG = np.random.default_rng(0)
SCALE = (
    "def scale(x, by=2.0):\n    '''Scale an array.'''\n    ### BEGIN SOLUTION\n    return x * by\n    ### END SOLUTION"
)


def solution(source, **says):
    return new_code_cell(source, metadata={"nbgrader": {"solution": True, "grade": False, "grade_id": "s"} | says})


def graded(source, points=2.0, **says):
    says = {"solution": False, "grade": True, "grade_id": "t", "points": points} | says
    return new_code_cell(source, metadata={"nbgrader": says})


def given(source):
    return new_code_cell(source, metadata={"nbgrader": {"solution": False, "grade": False, "locked": True}})


def written(folder: Path, *cells, name="03 - Scaling.ipynb", **metadata):
    folder.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=list(cells), metadata=metadata), folder / name)
    return folder / name


def adopted(tmp_path: Path, *cells) -> tuple[Exercise, Adopted]:
    found = adopt(written(tmp_path / "from", *cells), tmp_path / "exercises")
    exercise = load(found.folder)
    source_notebook(exercise, exercise.text())  # each check, question and cell of the text has what it needs
    return exercise, found


def worked(exercise: Exercise, function: str = "scale"):
    check = exercise.check_of(function)
    assert check is not None
    return [list(case.inputs.values()) for case in check.worked(RNG)]


def text_of(found: Adopted) -> str:
    return (found.folder / f"{found.folder.name}.md").read_text(encoding="utf-8")


COMPARISONS = [
    "assert scale(3.0) == 6.0",
    "assert 6.0 == scale(3.0)",
    "assert abs(scale(3.0) - 6.0) < 1e-9",
    "assert np.allclose(scale(3.0), 6.0, atol=1e-9)",
    "assert np.all(np.isclose(scale(3.0), 6.0))",
    "import math\nassert math.isclose(scale(3.0), 6.0)",
    "import pytest\nassert scale(3.0) == pytest.approx(6.0)",
    "from numpy.testing import assert_allclose\nassert_allclose(scale(3.0), 6.0)",
    "np.testing.assert_array_equal(scale(3.0), 6.0)",
    "out = scale(3.0)\nassert out == 6.0",
    "wanted, x = 6.0, 3.0\nassert scale(x) == wanted",
    "assert scale(by=2.0, x=3.0) == 6.0",
    "inputs = {'x': 3.0}\nassert scale(inputs['x']) == 6.0",
]


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_a_comparison_of_a_result_becomes_a_worked_case_with_the_inputs_at_their_places(tmp_path, comparison):
    exercise, found = adopted(tmp_path, solution(SCALE), graded(comparison))
    assert worked(exercise) in ([[3.0]], [[3.0, 2.0]])
    assert found.notes == []


def test_inputs_are_resolved_through_names_of_the_cell_and_of_given_cells_before_it(tmp_path):
    exercise, _ = adopted(
        tmp_path,
        given("import numpy\nfrom numpy import ones\nA = numpy.array([[1, 2], [3, 4]], dtype=float)"),
        solution(SCALE),
        graded(
            "b = A.T + ones((2, 2))\nassert scale(b, by=0.5).shape == (2, 2)\nassert (scale(b, 0.5) == b / 2).all()"
        ),
    )
    ((x, by),) = worked(exercise)
    np.testing.assert_array_equal(x, [[2.0, 4.0], [3.0, 5.0]])
    assert by == 0.5


def test_a_result_of_another_function_is_an_input_computed_by_the_reference(tmp_path):
    exercise, _ = adopted(
        tmp_path,
        solution(SCALE),
        solution("def both(x):\n    return scale(x), x"),
        graded("a, b = both(np.ones(2))\nassert np.allclose(scale(a), 4)"),
    )
    assert [case[0].tolist() for case in worked(exercise)] == [[2.0, 2.0]]
    assert exercise.check("scaling.both").earlier == ("scale",)


SLOPE = "def slope(f, x):\n    return (f(x + 0.5) - f(x - 0.5))"
PROGRAMS = {
    "assert slope(lambda x: np.sin(x) * 0, 1.0) == 0": "value = lambda x: np.sin(x) * 0",
    "square = lambda x: x * x\nassert slope(square, 1.0) == 2": "value = lambda x: x * x",
    "def half(x):\n    y = float(x)\n    return y / 2\nassert slope(half, 1.0) == 0.5": (
        "def half(x):\n    y = float(x)\n    return y / 2\nvalue = half"
    ),
}


@pytest.mark.parametrize(("test", "program"), PROGRAMS.items())
def test_a_function_as_an_input_is_carried_as_a_program(tmp_path, test, program):
    exercise, found = adopted(tmp_path, solution(SLOPE), graded(test))
    ((f, x),) = worked(exercise, "slope")
    assert (type(f), f.source, f.arrays, x) == (Given, program, {}, 1.0)
    assert [type(case.inputs["f"]) for case in exercise.checks[0].draw(RNG)] == [Given]
    assert exercise.checks[0].reference(f.made(None), 1.0) in (0.0, 0.5, 2.0)
    assert found.notes == []


def test_a_dict_of_arrays_is_an_input_and_a_part_of_one_too(tmp_path):
    given_first = given("parts = {'W': np.array([1.0]), 'b': 2.0}")
    tests = graded("assert scale(parts['b']) == 4\nassert scale(parts)['W'] == 2")
    exercise, _ = adopted(tmp_path, given_first, solution(SCALE), tests)
    assert worked(exercise) == [[2.0], [{"W": np.array([1.0]), "b": 2.0}]]


def test_a_decorator_goes_with_the_function_below_it(tmp_path):
    source = f"import numpy as np\n\n{SCALE}\n\n@np.vectorize\ndef half(x):\n    return x / 2"
    path = written(tmp_path, solution(source), graded("assert scale(1) == 2\nassert half(2) == 1"))
    reference = (adopt(path, tmp_path / "exercises").folder / "reference.py").read_text()
    assert "    return x * by\n\n\n@np.vectorize\ndef half(x):\n" in reference


REFUSED = {
    "assert scale(np.random.rand(3)).sum() > 0": "its inputs are random numbers",
    "data = np.load('data/x.npy')\nassert scale(data) == 3": "np.load is not written out",
    "assert scale(lambda x: x + answer) == 3": "lambda x: x + answer is not written out",
    "def f(x):\n    return answer\nassert scale(f) == 3": "f is not written out",
    "assert scale(lambda x: x + np.random.rand()) == 3": "its inputs are random numbers",
    "assert scale(np.array(['a', 'b'])) == 3": "an array of text cannot be handed over",
    "assert scale({1: 2.0}) == 3": "a dict can be handed over only if its keys are text",
    "assert scale({1.0, 2.0}) == 3": "{1.0, 2.0} is not written out",
    "assert scale(2.0, np.float32) == 3": "np.float32 is not written out",
    "assert scale(3) == 'six'": "it returns text, which no check compares yet",
    "assert scale(3) is None": "it returns nothing, which no check compares yet",
    "assert scale(1) == 2j": "it returns complex numbers, which no check compares yet",
    "assert scale(1, 2, 3) == 2": "its call of scale cannot be read",
    "assert answer == 42": "it is not about a function's result",
    "try:\n    scale('a')\nexcept ValueError:\n    pass": "whether an error is raised is not compared",
    "with pytest.raises(ValueError):\n    scale('a')": "whether an error is raised is not compared",
    "x = [1.0]\nx.append(2.0)\nassert scale(x) == 3": "x is not written out",
    "a = np.zeros(2)\na[0] = 1\nassert scale(a)[0] == 2": "a is not written out",
    "for x in [3.0]:\n    assert scale(x) == 2 * x": "it is no plain comparison",
    "inputs = {'x': 3.0}\nassert scale(**inputs) == 6.0": "its call of scale cannot be read",
    "### AUTOTEST scale(3.0)": "there is nothing in it that can be read as Python",
    "answer = 1\n### HASHED AUTOTEST scale(3.0)": "there is nothing in it that can be read as Python",
    "%%bash\nls": "there is nothing in it that can be read as Python",
}


@pytest.mark.parametrize(("source", "why"), REFUSED.items())
def test_what_cannot_be_turned_is_listed_with_its_cell_and_the_reason(tmp_path, source, why):
    exercise, found = adopted(tmp_path, solution(SCALE), graded("assert scale(1.0) == 2.0"), graded(source, 0))
    assert worked(exercise) == [[1.0]]
    assert [note for note in found.notes if note.startswith("Cell 3 (t), ") and why in note]


def test_a_test_of_a_property_gives_its_inputs_and_is_listed_if_no_comparison_has_them(tmp_path):
    tests = "assert scale(1.0) > 0\nassert scale(2.0) > 0\nassert scale(2.0) == 4.0\nassert len(scale([1])) == 2"
    exercise, found = adopted(tmp_path, solution(SCALE), graded(tests))
    assert worked(exercise) == [[1.0], [2.0], [[1]]]
    assert ["scale(1.0)" in note or "scale([1])" in note for note in found.notes if "property" in note] == [True, True]


def test_hidden_tests_are_drawn_for_grading_and_not_shown_to_students(tmp_path):
    tests = (
        "assert scale(1) == 2\n###BEGIN HIDDEN TESTS\nassert scale(7) == 14\n### END HIDDEN TESTS\nassert scale(3) == 6"
    )
    exercise, _ = adopted(tmp_path, solution(SCALE), graded(tests))
    assert worked(exercise) == [[1], [3]]
    assert [7] in [list(case.inputs.values()) for case in exercise.checks[0].draw(RNG)]


def test_where_all_tests_are_hidden_they_are_worked_cases_and_that_is_said(tmp_path):
    tests = "### BEGIN HIDDEN TESTS\nassert scale(7) == 14\n### END HIDDEN TESTS"
    exercise, found = adopted(tmp_path, solution(SCALE), graded(tests))
    assert worked(exercise) == [[7]]
    assert "all its tests are hidden" in found.notes[0]


def test_points_are_summed_over_cells_and_shared_within_one(tmp_path):
    exercise, found = adopted(
        tmp_path,
        solution(SCALE + "\n\ndef half(x):\n    return x / 2"),
        graded("assert scale(1) == 2", 1.5),
        graded("assert scale(2) == 4\nassert half(2) == 1", "3", grade_id="two"),  # old schemas have text here
    )
    assert {check.function: check.points for check in exercise.checks} == {"scale": 3.0, "half": 1.5}
    assert [
        note for note in found.notes if "Cell 3 (two)" in note and "its points (3) are shared by half, scale" in note
    ]


def test_a_function_without_points_is_worth_one_and_that_is_said(tmp_path):
    exercise, found = adopted(tmp_path, solution(SCALE), graded("assert scale(1) == 2", None))
    assert exercise.points == 1
    assert "no test of it has points" in found.notes[0]


def test_the_reference_has_the_imports_numbers_and_helpers_that_it_needs_and_no_marks(tmp_path):
    exercise, found = adopted(
        tmp_path,
        given("from math import pi, e\nimport os\nFACTOR = 3.0\ndef helper(x):\n    return x * FACTOR  # of ours"),
        solution("def area(r):\n    ###BEGIN SOLUTION\n    return pi * helper(r)\n    ###END SOLUTION\n"),
        graded("assert area(1.0) > 3"),
    )
    text = (found.folder / "reference.py").read_text()
    assert exercise.checks[0].reference(1.0) == pytest.approx(9.42477796)
    assert "# of ours" in text
    assert "SOLUTION" not in text
    assert "import os" not in text


def test_text_solutions_and_checks_stand_where_they_stood_with_the_table_and_the_imports(tmp_path):
    _, found = adopted(
        tmp_path,
        new_markdown_cell("# Scaling *by* a number\n\nPart A"),
        solution("from math import pi\n\n" + SCALE),
        new_markdown_cell("Try it."),
        given("scale(np.pi)"),
        graded("assert scale(1) == 2"),
    )
    text = text_of(found)
    order = ["Part A", "\n{{ points }}\n", "import numpy as np", "from check import check", "from math import pi"]
    order += [":solve: scaling.scale", "Try it.", "scale(np.pi)", ":check: scaling.scale"]
    assert [text.index(one) for one in order] == sorted(text.index(one) for one in order)
    assert "return x * by" not in text
    assert "assert" not in text


def test_an_answer_graded_by_hand_becomes_a_question_whose_rubric_is_the_model_answer(tmp_path):
    says = {"solution": True, "grade": True, "grade_id": "Why_so", "points": 3}
    exercise, found = adopted(
        tmp_path,
        solution(SCALE),
        graded("assert scale(1) == 2"),
        new_markdown_cell("It is.", metadata={"nbgrader": says}),
    )
    assert [(one.name, one.points) for one in exercise.questions] == [("why-so", 3)]
    assert '+++ {"question": "why-so"}\n\n**Rubric.** It is.' in text_of(found)


def test_a_task_becomes_text_and_a_question_whose_rubric_is_its_mark_scheme(tmp_path):
    source = "Plot it.\n=== BEGIN MARK SCHEME ===\nOne point for axes.\n=== END MARK SCHEME ===\nLabel it."
    says = {"solution": False, "grade": False, "task": True, "grade_id": "plot", "points": 4}
    exercise, found = adopted(
        tmp_path,
        solution(SCALE),
        graded("assert scale(1) == 2"),
        new_markdown_cell(source, metadata={"nbgrader": says}),
    )
    assert exercise.most == 6
    assert 'Plot it.\nLabel it.\n\n+++ {"question": "plot"}\n\n**Rubric.** One point for axes.' in text_of(found)


def test_what_no_test_asks_for_is_left_without_its_solution_and_listed(tmp_path):
    _, found = adopted(
        tmp_path,
        solution(SCALE),
        graded("assert scale(1) == 2"),
        solution("def plot(x):\n    '''Draw it.'''\n    ### BEGIN SOLUTION\n    secret(x)\n    ### END SOLUTION"),
        solution("class Net:\n    pass  # secret"),
        solution("answer = 'secret'"),
        solution("def own():\n    return 'secret'", grade=True, points=2, grade_id="by-hand"),
    )
    assert "secret" not in text_of(found)
    assert "def plot(x):\n    '''Draw it.'''\n    # YOUR CODE HERE" in text_of(found)
    assert [note.partition(",")[0] for note in found.notes] == [
        "Cell 3 (s)",
        "Cell 4 (s)",
        "Cell 5 (s)",
        "Cell 6 (by-hand)",
    ]
    assert "its points (2) were given by hand for code" in found.notes[-1]


def test_a_helper_of_the_solution_that_no_test_asks_for_is_given_and_listed(tmp_path):
    _, found = adopted(
        tmp_path,
        solution(
            "### BEGIN SOLUTION\ndef helper(x):\n    return 2 * x\n### END SOLUTION\n\ndef twice(x):\n    return helper(x)"
        ),
        graded("assert twice(2) == 4"),
    )
    assert "```{code-cell}\ndef helper(x):\n    return 2 * x\n```" in text_of(found)
    assert "students are given it" in found.notes[0]


def test_cells_of_the_first_schema_and_lines_of_ipython_are_read(tmp_path):
    exercise, _ = adopted(
        tmp_path,
        new_code_cell("%matplotlib inline\n" + SCALE, metadata={"nbgrader": {"solution": True, "grade_id": "s"}}),
        new_code_cell("assert scale(1) == 2", metadata={"nbgrader": {"grade": True, "grade_id": "t", "points": "1"}}),
    )
    assert worked(exercise) == [[1]]


def test_files_that_the_notebook_names_are_listed(tmp_path):
    _, found = adopted(tmp_path, given("d = open('data/d.csv')"), solution(SCALE), graded("assert scale(1) == 2"))
    assert found.notes == [
        "The notebook names the file data/d.csv: put it into data/, and enter it in 'data' in checks.py."
    ]


def test_nothing_of_the_notebook_is_run_when_it_is_adopted(tmp_path):
    trap = f"open({str(tmp_path / 'trap')!r}, 'w')"
    path = written(tmp_path, given(trap), solution(SCALE + f"\n{trap}"), graded(f"{trap}\nassert scale(1) == 2"))
    load(adopt(path, tmp_path / "exercises").folder)
    assert not (tmp_path / "trap").exists()


def test_what_is_drawn_is_of_the_same_kinds_and_shapes(tmp_path):
    inputs = {
        "a": np.ones((2, 3), np.float32),
        "n": 7,
        "x": 0.5,
        "l": [1, (2.0, "b")],
        "d": {"m": np.array([True])},
        "o": None,
    }
    (case,) = alike(RNG, [DrawnCase("one", inputs)])
    assert case.inputs["a"].dtype == np.float32
    assert case.inputs["a"].shape == (2, 3)
    assert 1 <= case.inputs["n"] <= 7
    assert 0.25 <= case.inputs["x"] <= 0.75
    assert [type(one) for one in (*case.inputs["l"], case.inputs["d"]["m"])] == [int, tuple, np.ndarray]
    assert case.inputs["o"] is None
    assert alike(RNG, [DrawnCase("one", {"a": np.array([1.0, np.inf])})])[0].inputs["a"].tolist() == [1.0, np.inf]


def refusal(path: Path, into: Path, slug: str | None = None) -> str:
    with pytest.raises(ExerciseError) as caught:
        adopt(path, into, slug)
    assert not into.exists() or [one.name for one in into.iterdir()] in ([], ["there"])
    return str(caught.value)


def test_a_notebook_that_cannot_be_adopted_is_refused_in_a_sentence_and_nothing_is_written(tmp_path):
    into, good = tmp_path / "exercises", written(tmp_path, solution(SCALE), graded("assert scale(1) == 2"))
    (into / "there").mkdir(parents=True)
    assert refusal(good, into, "there").endswith("is there already; give another name, or move it away.")
    assert "cannot be the name of an exercise" in refusal(good, into, "no/name")
    assert "there is nothing to adopt" in refusal(written(tmp_path, given(SCALE), name="a.ipynb"), into)
    assert "only notebooks in Python" in refusal(
        written(
            tmp_path, solution(SCALE), name="r.ipynb", kernelspec={"name": "ir", "display_name": "R", "language": "R"}
        ),
        into,
    )
    for name, text in {"b": "no notebook", "c": "[1]", "d": json.dumps({"cells": []})}.items():
        (tmp_path / name).write_text(text)
        assert "cannot be read as a notebook" in refusal(tmp_path / name, into)
    assert "cannot be read as a notebook" in refusal(tmp_path / "missing.ipynb", into)
    (tmp_path / "old").write_text(json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}))
    assert "is a notebook of format 3" in refusal(tmp_path / "old", into)


def test_the_name_is_made_of_the_files_name(tmp_path):
    _, found = adopted(tmp_path, solution(SCALE), graded("assert scale(1) == 2"))
    assert found.folder == tmp_path / "exercises" / "03_scaling"
    assert sorted(one.name for one in found.folder.iterdir() if one.is_file()) == [
        "03_scaling.md",
        "checks.py",
        "reference.py",
    ]
