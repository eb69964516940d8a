"""Authoring: a stub is the reference without its body, a text that does not fit is refused, and what is released is in step."""

import ast
import inspect
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from autograder.authoring.examples import DIGITS, example, example_in_step, example_text, worked_cases
from autograder.authoring.new import new_exercise
from autograder.authoring.release import package, release_into, student_files
from autograder.check import case_from, same_outcome, value_from
from autograder.course import Course
from autograder.errors import UserError
from autograder.exercise import EXERCISES, Check, DrawnCase, Exercise
from autograder.exercise.discovery import ExerciseError
from autograder.exercise.notebooks import solved
from autograder.exercise.source import AuthoringError, check_id, question_id, solution_id, source_notebook
from autograder.exercise.stub import BEGIN, END, take_apart
from autograder.grading.judge import expected_values, outcomes, tolerances
from autograder.proof.mutants import comes_out_wrong
from autograder.runner.calling import Given, arrays_in

CHECKS = [check for exercise in EXERCISES.values() for check in exercise.checks]
EACH_CHECK = pytest.mark.parametrize("check", CHECKS, ids=[check.name for check in CHECKS])
EXERCISE = EXERCISES["01_vanilla_rnn"]
TEXT = EXERCISE.text()
PACKAGES = ("numpy", "matplotlib")
LARGEST = 108  # numbers in an input of a worked case: the gates of an LSTM, 4 x 3 x 3 x 3


# ---- stubs -----------------------------------------------------------------------------------------------------------


@EACH_CHECK
def test_a_stub_has_the_signature_without_types(check: Check) -> None:
    node = ast.parse(take_apart(check.reference, check.rename or None).marked).body[0]
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    assert node.name == check.function
    assert node.decorator_list == []
    written = (
        [node] if isinstance(node, ast.FunctionDef) else [one for one in node.body if isinstance(one, ast.FunctionDef)]
    )
    for one in written:
        reference = check.reference if one is node else vars(check.reference)[one.name]
        assert one.returns is None
        assert one.decorator_list == []
        assert not [argument.arg for argument in one.args.args if argument.annotation]
        assert [argument.arg for argument in one.args.args] == list(inspect.signature(reference).parameters)


@EACH_CHECK
def test_the_body_alone_stands_between_the_marks(check: Check) -> None:
    parts = take_apart(check.reference)
    written = parts.methods or (parts,)
    assert parts.marked.count(BEGIN) == parts.marked.count(END) == len(written)
    for part in written:
        reference = check.reference if part is parts else vars(check.reference)[part.name]
        before, _, rest = part.marked.partition(BEGIN)
        body, _, after = rest.partition(END)
        docstring = before[before.index('"""') :].strip()
        assert inspect.getdoc(reference) == inspect.cleandoc(ast.literal_eval(docstring))
        assert body.strip() == part.body.strip()
        assert after.strip() == ""
        for line in part.body.splitlines():
            assert line.strip() == "" or line.strip() not in before, f"{line!r} of the body stands before the mark"


@EACH_CHECK
def test_the_taken_apart_function_is_the_function(check: Check) -> None:
    """Put together again and run, it comes to what the reference does."""
    namespace: dict[str, Any] = {**vars(inspect.getmodule(inspect.unwrap(check.reference)))}
    exec(solved(check), namespace)
    cases = worked_cases(check)
    assert not comes_out_wrong(check, namespace[check.function], cases)


def test_a_function_can_be_taken_apart_under_another_name() -> None:
    assert take_apart(EXERCISE.checks[0].reference, "mine").solved.startswith("def mine(x, h_prev, W_x, W_h, b):\n")


# ---- texts -----------------------------------------------------------------------------------------------------------


def changed_text(folder: Path, old: str, new: str) -> Path:
    text = TEXT.read_text(encoding="utf-8")
    assert old in text
    path = folder / TEXT.name
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["solve", "check"])
def test_a_text_that_names_an_unknown_check_is_refused(tmp_path: Path, kind: str) -> None:
    path = changed_text(tmp_path, f":{kind}: rnn.step", f":{kind}: rnn.stpe")
    with pytest.raises(AuthoringError, match=r"01_vanilla_rnn\.md names the check rnn\.stpe"):
        source_notebook(EXERCISE, path)


@pytest.mark.parametrize("check", EXERCISE.checks, ids=lambda check: check.name)
@pytest.mark.parametrize("kind", ["solve", "check"])
def test_a_text_that_leaves_a_check_out_is_refused(tmp_path: Path, kind: str, check: Check) -> None:
    path = changed_text(tmp_path, f"```{{code-cell}}\n:{kind}: {check.name}\n```", "")
    missing = solution_id(check) if kind == "solve" else check_id(check)
    with pytest.raises(AuthoringError, match=rf"01_vanilla_rnn\.md has no cell {missing};"):
        source_notebook(EXERCISE, path)


def test_an_unknown_exercise_is_said_with_those_that_there_are() -> None:
    assert EXERCISES.known([EXERCISE.slug]) == [EXERCISE.slug]
    with pytest.raises(ExerciseError, match=r"There is no exercise '02_none'\. The exercises are: .*01_vanilla_rnn"):
        EXERCISES.known([EXERCISE.slug, "02_none"])


def test_the_source_notebook_has_each_solution_and_check_with_its_points() -> None:
    notebook = source_notebook(EXERCISE, TEXT)
    cells = {cell.id: cell for cell in notebook.cells}
    assert len(cells) == len(notebook.cells), "two cells have the same id"
    for check in EXERCISE.checks:
        solution, graded = cells[solution_id(check)].metadata.nbgrader, cells[check_id(check)].metadata.nbgrader
        assert (solution.solution, solution.grade, solution.locked) == (True, False, False)
        assert (graded.solution, graded.grade, graded.locked, graded.points) == (False, True, True, check.points)
        assert cells[check_id(check)].source == f'check("{check.name}", {check.function})'
        assert cells[solution_id(check)].source == take_apart(check.reference).marked


def test_reading_a_text_twice_gives_the_same_notebook() -> None:
    assert source_notebook(EXERCISE, TEXT) == source_notebook(EXERCISE, TEXT)


# ---- worked cases ----------------------------------------------------------------------------------------------------


TRAINED = [check for check in CHECKS if check.trained]
CALLED = [check for check in CHECKS if not check.trained]


@pytest.mark.parametrize("check", TRAINED, ids=[check.name for check in TRAINED])
def test_of_a_trained_model_students_see_its_shapes_and_what_is_asked_for(check: Check) -> None:
    content = json.loads(example_text(check, PACKAGES))
    assert check.trained is not None
    assert set(content) == {"generated", "function", "read", "variable", "asked", "shapes"}
    assert {name: tuple(shape) for name, shape in content["shapes"].items()} == check.trained.shapes
    assert f"{check.trained.threshold:g}" in content["asked"]
    assert worked_cases(check) == []


@pytest.mark.parametrize("check", CALLED, ids=[check.name for check in CALLED])
def test_worked_cases_come_back_as_they_were_written(check: Check) -> None:
    content = json.loads(example_text(check, PACKAGES))
    assert content == json.loads(json.dumps(example(check, PACKAGES))), "the text is not its content"
    cases = worked_cases(check)
    assert [entry["title"] for entry in content["cases"]] == [case.title for case in cases]
    for entry, case, wanted in zip(content["cases"], cases, expected_values(check, cases), strict=True):
        assert list(entry["inputs"]) == list(case.inputs)
        for name, value in case.inputs.items():
            assert_same(value_from(entry["inputs"][name]), value, 0.0, f"{name} of {case.title!r}")
        assert_same(value_from(entry["expected"]), wanted, 10.0 ** (1 - DIGITS), f"the result of {case.title!r}")
    for entry, mistake in zip(content["mistakes"], check.misconceptions, strict=True):
        assert (entry["name"], entry["message"]) == (mistake.name, mistake.message)
        theirs = outcomes(check, mistake.function, cases)
        for one, two, allowed in zip(entry["cases"], theirs, tolerances(check, cases), strict=True):
            back = case_from(one, check.tensors)
            assert same_outcome(back, two, allowed), f"{mistake.name} does not come back"


def assert_same(read: Any, value: Any, tolerance: float, what: str) -> None:
    """A value as it was: arrays with their dtype and shape, containers with what they hold, programs with their arrays."""
    if isinstance(value, Given):
        assert read.source == value.source, what
        read, value = read.arrays, value.arrays
    if isinstance(value, dict):
        assert list(read) == list(value), what
        read, value = list(read.values()), list(value.values())
    if isinstance(value, tuple | list):
        assert len(read) == len(value), what
        for one, two in zip(read, value, strict=True):
            assert_same(one, two, tolerance, what)
    elif isinstance(value, np.ndarray):
        assert (read.dtype, read.shape) == (value.dtype, value.shape), what
        assert np.allclose(read, value, rtol=tolerance, atol=0, equal_nan=True), f"{what} is not exact"
    else:
        assert read == value, what


def numbers_in(value: Any) -> int:
    return sum(array.size for _, array in arrays_in(value.arrays if isinstance(value, Given) else value, ""))


@EACH_CHECK
def test_worked_cases_hold_no_source_of_the_reference(check: Check) -> None:
    programs = {
        value.source for case in worked_cases(check) for value in case.inputs.values() if isinstance(value, Given)
    }
    text = example_text(check, PACKAGES)
    for program in programs:  # an input, and none of the reference
        text = text.replace(json.dumps(program, ensure_ascii=False), "")
    for one in CHECKS:
        for line in take_apart(one.reference).body.splitlines():
            assert len(line.strip()) < 12 or line.strip() not in text, f"{line!r} stands in the worked cases"
    assert "def " not in text
    assert "lambda" not in text


@EACH_CHECK
def test_worked_cases_are_small_enough_to_read(check: Check) -> None:
    """But for two: more words, steps or layers than a byte or a digit counts are not asked for otherwise."""
    sizes = [(max(map(numbers_in, case.inputs.values())), case.title) for case in worked_cases(check)]
    large = [one for one in sizes if one[0] > LARGEST]
    assert len(large) <= 2, large
    assert all(size < 1000 for size, _title in large), large


MAY_BE = "a result may be a number, an array of numbers or truth values, or a tuple, a list or a dict of such."


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (None, "NoneType"),
        ("six", "str"),
        (2j, "complex"),
        ((1.0, {"a": None}), "NoneType"),
        (np.ones(2) * 1j, "complex128"),
        (np.array(["six"]), "<U3"),
    ],
    ids=str,
)
def test_results_that_no_check_compares_are_told_with_the_check_and_what_they_may_be(result: Any, kind: str) -> None:
    def draw(rng: np.random.Generator) -> list[DrawnCase]:
        return [DrawnCase("a case", {"x": 1.0})]

    check = Check("own.weights", lambda x: result, draw, draw, axes="", points=1, rename="weights")
    with pytest.raises(UserError) as caught:
        example_text(check, PACKAGES)
    assert str(caught.value) == f"The reference of own.weights returns a value of type {kind}; {MAY_BE}"


@pytest.mark.parametrize("verb", ["release", "verify"])
def test_releasing_and_proving_such_an_exercise_end_in_one_sentence(verb: str, tmp_path: Path, autograder: Any) -> None:
    folder = new_exercise(tmp_path / "exercises", "09_own")
    Course.create(tmp_path)
    (folder / "reference.py").write_text("def weights(x):\n    return None\n", encoding="utf-8")
    said = autograder(verb, "09_own", "--course", str(tmp_path))
    assert said.returncode == 2
    assert said.stderr.endswith(f"The reference of own.weights returns a value of type NoneType; {MAY_BE}\n")
    assert len(said.stderr.splitlines()) == 1


# ---- what is released ------------------------------------------------------------------------------------------------


EACH_RELEASED = pytest.mark.parametrize(
    ("exercise", "check"),
    [(e, c) for e in EXERCISES.values() for c in e.checks],
    ids=lambda one: one.slug if isinstance(one, Exercise) else one.name,
)


@EACH_RELEASED
def test_the_committed_worked_cases_are_in_step(exercise: Exercise, check: Check) -> None:
    path = exercise.released / "examples" / f"{check.name}.json"
    assert example_in_step(check, exercise.packages, path) == path.read_text(encoding="utf-8"), "run 'make exercises'"


WITH_SINGLE = next(check for check in CHECKS if check.name == "lstm.forward")


def changed_by(share: float, dtype: str, where: str) -> dict[str, Any]:
    """The content of a file, with the results of the cases of one number type changed by a share of each array's largest."""
    content = json.loads(example_text(WITH_SINGLE, PACKAGES))
    cases = content["cases"] if where == "expected" else content["mistakes"][0]["cases"]
    for case, drawn in zip(cases, content["cases"], strict=True):
        if ('"float32"' in json.dumps(drawn["inputs"])) == (dtype == "float32"):
            for array in entries(case.get(where)):
                array["values"][0] += share * max(map(abs, array["values"]))
    return content


def entries(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, dict) and "values" in part:
        return [part]
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return [entry for one in inside for entry in entries(one)]


@pytest.mark.parametrize("where", ["expected", "returned"])
@pytest.mark.parametrize(("dtype", "share"), [("float32", 1e-6), ("float64", 1e-11)])
def test_what_processors_round_otherwise_leaves_the_worked_cases_as_they_are(
    where: str, dtype: str, share: float, tmp_path: Path
) -> None:
    path, content = tmp_path / "kept.json", changed_by(share, dtype, where)
    assert content != json.loads(example_text(WITH_SINGLE, PACKAGES)), "nothing was changed"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert example_in_step(WITH_SINGLE, PACKAGES, path) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("where", ["expected", "returned"])
@pytest.mark.parametrize(("dtype", "share"), [("float32", 1e-4), ("float64", 1e-7)])
def test_another_number_makes_the_worked_cases_anew(where: str, dtype: str, share: float, tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_text(json.dumps(changed_by(share, dtype, where)), encoding="utf-8")
    assert example_in_step(WITH_SINGLE, PACKAGES, path) == example_text(WITH_SINGLE, PACKAGES)


@pytest.mark.parametrize("change", ["message", "title", "mistakes", "cases", "no file", "no JSON", "no object"])
def test_another_word_makes_the_worked_cases_anew(change: str, tmp_path: Path) -> None:
    path, content = tmp_path / "kept.json", json.loads(example_text(WITH_SINGLE, PACKAGES))
    if change == "message":
        content["mistakes"][0]["message"] += "!"
    elif change == "title":
        content["cases"][0]["title"] += "!"
    elif change in ("mistakes", "cases"):
        content[change].pop()
    if change != "no file":
        path.write_text({"no JSON": "{", "no object": "[]"}.get(change, json.dumps(content)), encoding="utf-8")
    assert example_in_step(WITH_SINGLE, PACKAGES, path) == example_text(WITH_SINGLE, PACKAGES)


def test_no_worked_case_is_left_of_a_check_that_is_gone() -> None:
    for exercise in EXERCISES.values():
        kept = {path.stem for path in (exercise.released / "examples").iterdir()}
        assert kept == {check.name for check in exercise.checks}


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.slug)
def test_the_committed_stubs_are_the_references_without_their_bodies(exercise: Exercise) -> None:
    notebook = nbformat.read(exercise.released / f"{exercise.slug}.ipynb", as_version=4)
    cells = {cell.id: cell.source for cell in notebook.cells}
    for check in exercise.checks:
        marked = take_apart(check.reference, check.rename or None).marked
        stub = re.sub(rf"{BEGIN}.*?{END}", "raise NotImplementedError", marked, flags=re.S)
        assert re.sub(r"\n\s*### .*", "", cells[solution_id(check)]).rstrip() == stub, "run 'make exercises'"
    text = "\n".join(cells.values())
    assert BEGIN not in text
    assert END not in text


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.slug)
def test_the_committed_notebook_holds_the_texts_cells(exercise: Exercise) -> None:
    notebook = nbformat.read(exercise.released / f"{exercise.slug}.ipynb", as_version=4)
    source = source_notebook(exercise, exercise.text())
    solutions = {solution_id(check) for check in exercise.checks} | {question_id(one) for one in exercise.questions}
    ours = [(cell.id, "" if cell.id in solutions else cell.source) for cell in notebook.cells]
    assert ours == [(cell.id, "" if cell.id in solutions else cell.source) for cell in source.cells]


def test_the_released_files_are_the_committed_ones(released_course: Course) -> None:
    files = student_files(EXERCISE, released_course.released(EXERCISE.slug))
    for name in ("check.py", "calling.py", "structure.py"):
        assert (EXERCISE.folder.parent / "student" / name).read_bytes() == files[name], (
            f"{name} differs: run 'make exercises'"
        )
    own = [name for name in files if name.endswith((".ipynb", ".json"))]
    assert len(own) == 1 + len(EXERCISE.checks)
    for name in own:
        assert (EXERCISE.released / name).read_bytes() == files[name], f"{name} differs: run 'make exercises'"


def test_the_students_zip_is_the_same_twice_and_holds_all_they_need(released_course: Course) -> None:
    released = released_course.released(EXERCISE.slug)
    first, second = (package(EXERCISE, student_files(EXERCISE, released)) for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        names = {name.removeprefix(f"{EXERCISE.slug}/") for name in archive.namelist()}
        needs = archive.read(f"{EXERCISE.slug}/requirements.txt").decode()
    examples = {f"examples/{check.name}.json" for check in EXERCISE.checks}
    assert names == examples | {
        f"{EXERCISE.slug}.ipynb",
        "check.py",
        "calling.py",
        "structure.py",
        "requirements.txt",
        "README.txt",
    }
    assert "torch" not in needs
    assert needs.startswith("matplotlib")


def test_every_exercise_has_the_slug_under_which_it_is_found() -> None:
    assert [exercise.slug for exercise in EXERCISES.values()] == list(EXERCISES)


def test_a_text_in_the_courses_language_is_taken_where_there_is_one(tmp_path: Path) -> None:
    folder = new_exercise(tmp_path / "course" / "exercises", "09_own")
    text = (folder / "09_own.md").read_text(encoding="utf-8")
    (folder / "09_own.de.md").write_text(
        text.replace("Run this cell first.", "Führe diese Zelle zuerst aus."), encoding="utf-8"
    )
    for language, said in (
        ("de", "Führe diese Zelle zuerst aus."),
        ("es", "Run this cell first."),
        ("en", "Run this cell first."),
    ):
        course = Course.create(tmp_path / "course")
        (course.root / "course.toml").write_text(f'language = "{language}"\n', encoding="utf-8")
        course = Course.open(course.root)
        released = release_into(course, course.exercise("09_own")).read_text(encoding="utf-8")
        assert said in released, language
