"""Which submissions are named as the same: those that differ in names and comments, not those that hints lead to one form."""

import re
from pathlib import Path

import nbformat
import pytest

from autograder.course import Course
from autograder.exercise import Exercise
from autograder.exercise.cells import notebook_bytes
from autograder.exercise.notebooks import fill_in, reference_sources
from autograder.grading.intake import take_in_all
from autograder.grading.similarity import Pair, compare, form_of, is_common

STEP = """
def step(x, h_prev, W_x, W_h, b):
    a = np.zeros_like(h_prev)
    for n, row in enumerate(x):
        a[n] = row @ W_x.T + h_prev[n] @ W_h.T + b
    return np.tanh(a)
"""
RENAMED = '''
def step(x, state, w_in, w_rec, bias):
    """My own work."""
    result: np.ndarray = np.zeros_like(state)  # all sequences
    for i, current in enumerate(x):
        result[i] = current @ w_in.T + state[i] @ w_rec.T + bias

    return np.tanh(result)
'''


HELPER = """
def halves(values):
    first, second = [], []
    for value in values:
        first.append(value / 2 if value > 0 else value * 3)
        second.append(np.exp(first[-1]) - 1)
    return np.array(first), np.array(second)
"""


def test_names_comments_docstrings_and_annotations_are_no_difference() -> None:
    assert form_of(STEP) == form_of(RENAMED)
    assert form_of(STEP) == form_of(STEP.replace("(x, h_prev, W_x, W_h, b)", "(x: 'T', h_prev, W_x, W_h, b) -> 'T'"))


@pytest.mark.parametrize(("before", "after"), [
    ("np.tanh", "np.sin"), ("row @ W_x.T", "W_x @ row"), ("h_prev[n]", "h_prev[0]"), ("+ b", "- b"), ("return np", "a = np"),
    ("zeros_like(h_prev)", "zeros_like(x)"), ("W_h.T + b", "W_x.T + b"),
])  # fmt: skip
def test_what_the_code_does_is(before: str, after: str) -> None:
    changed = STEP.replace(before, after)
    assert changed != STEP
    assert form_of(STEP) != form_of(changed)


@pytest.mark.parametrize(
    "source", ["def f(:", "(" * 5000, "\0", "x = " + "-" * 100_000 + "1"], ids=["syntax", "depth", "zero", "signs"]
)
def test_what_is_no_python_is_said_to_be_none(source: str) -> None:
    with pytest.raises(ValueError, match="it is no Python"):
        form_of(source)


def test_no_code_is_no_form() -> None:
    assert form_of("# nothing yet\n") is None


@pytest.mark.parametrize(
    ("count", "of", "common"), [(2, 5, False), (3, 300, False), (4, 12, True), (30, 300, False), (31, 300, True)]
)
def test_a_form_that_many_have_is_common(count: int, of: int, common: bool) -> None:
    assert is_common(count, of) == common


@pytest.fixture
def handed_in(course: Course, exercise: Exercise):
    released = nbformat.read(course.released(exercise.slug), as_version=4)

    def hand_in(student: str, sources: dict[str, str], own: str = "") -> None:
        notebook = fill_in(exercise, released, sources)
        if own:
            notebook.cells.append(nbformat.v4.new_code_cell(own))
        path = course.inbox / student / exercise.slug / f"{exercise.slug}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(notebook_bytes(notebook))

    return hand_in


def renamed(source: str, suffix: str) -> str:
    """The same with other names for what it binds."""
    names = set(re.findall(r"^ +(\w+) =|for (\w+) in", source, re.MULTILINE))
    for name in {one for pair in names for one in pair if one}:
        source = re.sub(rf"\b{name}\b", f"{name}_{suffix}", source)
    return f"# {suffix}\n{source}"


def test_a_rare_form_a_whole_notebook_and_the_reference_are_named(
    course: Course, exercise: Exercise, handed_in
) -> None:
    reference = reference_sources(exercise)
    some = {name: source for name, source in reference.items() if name != "step"}
    handed_in("ada", some | {"step": STEP})
    handed_in("ben", some | {"step": RENAMED})
    handed_in("cleo", {name: renamed(source, "mine") for name, source in reference.items()})
    for number in range(5):  # what hints lead to
        handed_in(f"other{number}", {name: reference[name] for name in ("affine", "embed")})
    handed_in("blank", {})
    handed_in("broken", {"step": "def step(x:\n"})
    take_in_all(course, exercise)
    found = compare(course, exercise)
    assert found.students == 10
    assert found.pairs[0].students == ("ada", "ben")
    assert "step" in found.pairs[0].rare
    assert len(found.pairs[0].same) == found.pairs[0].of == len(reference)
    assert not any(student.startswith(("other", "blank")) for pair in found.pairs for student in pair.students)
    assert found.as_reference["cleo"] == ("forward", "cross_entropy"), "step is one line"
    assert "step" not in found.as_reference.get("ada", ())
    assert found.unread == {"broken": ("step",)}


def test_the_same_cells_of_their_own_are_found(course: Course, exercise: Exercise, handed_in) -> None:
    handed_in("ada", {}, HELPER)
    handed_in("ben", {}, HELPER.replace("first", "result").replace("values", "numbers"))
    handed_in("cleo", {}, HELPER.replace("/ 2", "/ 4"))
    take_in_all(course, exercise)
    assert compare(course, exercise).pairs == [
        Pair(("ada", "ben"), ("cells of their own",), ("cells of their own",), 1)
    ]


def test_the_command_says_that_it_is_for_somebody_to_look_at(
    course: Course, exercise: Exercise, handed_in, autograder, tmp_path: Path
) -> None:
    nobody = autograder("similar", "--course", str(course.root))
    assert (nobody.returncode, nobody.stdout) == (0, "Nobody handed in.\n")
    handed_in("ada", {"step": STEP})
    handed_in("ben", {"step": RENAMED})
    take_in_all(course, exercise)
    done = autograder("similar", "--course", str(course.root))
    slug = exercise.slug
    assert done.stdout.splitlines() == [
        f"{slug}: ada and ben: 1 of 1 the same; like hardly anybody else: step",
        f"{slug}: 1 pair to look at among 2 submissions.",
    ]
