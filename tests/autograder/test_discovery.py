"""Exercises are found in folders, each loaded alone, and what is wrong with one is said in a sentence with its place."""

import subprocess
import sys
from pathlib import Path

import pytest

from autograder.authoring.new import new_exercise
from autograder.course import Course
from autograder.exercise import EXERCISES, Exercises
from autograder.exercise.discovery import OWN, ExerciseError, load

TEXT = "# A text\n"
DECLARED = """from autograder.exercise import Check, Exercise
def f(x): return x
CHECK = Check("own.f", f, lambda rng: [], lambda rng: [], axes="N", points=1)
EXERCISE = Exercise(title="Own", {})
"""


def folder_with(tmp_path: Path, checks: str, name: str = "09_own") -> Path:
    folder = tmp_path / name
    folder.mkdir(parents=True)
    (folder / f"{name}.md").write_text(TEXT, encoding="utf-8")
    (folder / "checks.py").write_text(checks, encoding="utf-8")
    return folder


def test_the_courses_own_exercises_are_the_folders_beside_the_grader() -> None:
    assert list(EXERCISES) == sorted(path.name for path in OWN.iterdir() if path.name[0] == "0")
    assert len(EXERCISES) == 8
    assert all(exercise.folder == OWN / slug for slug, exercise in EXERCISES.items())


def test_an_exercise_is_a_folder_with_a_text_of_its_name_and_checks(tmp_path: Path) -> None:
    new_exercise(tmp_path, "09_right")
    (tmp_path / "10_no_text").mkdir()
    (tmp_path / "10_no_text" / "checks.py").write_text("")
    (tmp_path / "11_no_checks").mkdir()
    (tmp_path / "11_no_checks" / "11_no_checks.md").write_text(TEXT)
    folder_with(tmp_path, "", "no name")
    (tmp_path / "12_a_file").write_text(TEXT)
    assert list(Exercises(tmp_path)) == ["09_right"]


def test_the_first_folder_that_has_an_exercise_counts(tmp_path: Path) -> None:
    first, second = new_exercise(tmp_path / "a", "09_own"), new_exercise(tmp_path / "b", "09_own")
    assert Exercises(tmp_path / "a", tmp_path / "b").places == {"09_own": first}
    assert Exercises(tmp_path / "b", tmp_path / "a")["09_own"].folder == second


def test_a_courses_own_exercises_come_before_those_of_its_folders_and_those_that_came_along(tmp_path: Path) -> None:
    course = Course.create(tmp_path / "course")
    (course.root / "course.toml").write_text('folders = ["../shared"]\n')
    ours = new_exercise(course.root / "exercises", "01_vanilla_rnn")
    shared = new_exercise(tmp_path / "shared", "02_bptt")
    new_exercise(tmp_path / "shared", "01_vanilla_rnn")
    places = Course.open(course.root).exercises.places
    assert (places["01_vanilla_rnn"], places["02_bptt"], places["03_gradients"]) == (ours, shared, OWN / "03_gradients")


def test_the_same_module_names_in_two_folders_stay_apart(tmp_path: Path) -> None:
    one, two = new_exercise(tmp_path / "a", "09_own"), new_exercise(tmp_path / "b", "09_own")
    (two / "reference.py").write_text((two / "reference.py").read_text().replace("N, T", "N, K"))
    first, second = (load(path).checks[0].reference for path in (one, two))
    assert "(N, T)" in str(first.__doc__)
    assert "(N, K)" in str(second.__doc__)


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        ("import no_such_package", r"The checks of 09_own import no_such_package, which is not there; install it\."),
        ("from .reference import f", r"The checks of 09_own import reference, which is not there"),
        ("x = 1\nx.y", r"checks\.py, line 2: AttributeError: 'int' object has no attribute 'y'\."),
        ("def f(:\n", r"checks\.py, line 1: SyntaxError: "),
        ("", r"checks\.py declares no exercise; end it with EXERCISE = Exercise\(…\)\."),
        (
            DECLARED.format("checks=(CHECK), packages=()"),
            r"checks\.py: checks is no tuple of Check; one thing alone needs a comma",
        ),
        (DECLARED.format('checks=(CHECK,), packages=("numpy")'), r"packages is no tuple of str; .* as in \(ONE,\)\."),
        (
            DECLARED.replace("axes", 'earlier=("g"), axes').format("checks=(CHECK,), packages=()"),
            r"earlier of own\.f is no tuple",
        ),
        (DECLARED.format("checks=(CHECK, CHECK), packages=()"), r"f is asked for twice\."),
        (
            DECLARED.format('checks=(CHECK,), packages=(), data=("rows.npz",)'),
            r"the file rows\.npz is not in the exercise's folder",
        ),
    ],
)
def test_what_is_wrong_with_a_folder_is_said_with_its_place(checks: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ExerciseError, match=said) as caught:
        load(folder_with(tmp_path, checks))
    assert "\n" not in str(caught.value)


def test_naming_the_exercises_loads_none_of_them() -> None:
    program = "import sys; from autograder.exercise import EXERCISES; list(EXERCISES); "
    program += "print('torch' in sys.modules, any(n.startswith('exercise_') for n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_folder_that_lacks_something_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "")
    (folder / "09_own.md").unlink()
    with pytest.raises(
        ExerciseError, match=r"09_own is there, but it needs a text 09_own\.md, and checks\.py or checks/\."
    ):
        Exercises(tmp_path).known(["09_own"])
