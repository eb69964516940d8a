"""A new exercise, from `autograder new` to a graded hand-in, with the package installed as a user would, in an empty folder."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from autograder.authoring.new import new_exercise
from autograder.exercise.discovery import ExerciseError, load

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the package as `pip install .` puts it there, not the checkout; what it needs is this environment's."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    inside = subprocess.run(
        [folder / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    copy = tmp_path_factory.mktemp("source")
    subprocess.run(
        f"git ls-files -co --exclude-standard -z | xargs -0 cp --parents -t {copy}", shell=True, cwd=ROOT, check=True
    )
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", inside,
         "."],
        cwd=copy, check=True, capture_output=True,
    )  # fmt: skip
    Path(inside, "what-it-needs.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "python"


def run(python: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["JUPYTER_PATH"] = str(Path(sys.prefix, "share", "jupyter"))  # where nbconvert keeps its templates
    return subprocess.run(
        [python, "-m", "autograder", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_from_new_to_a_graded_hand_in_without_an_edit_outside_its_folder(installed: Path, tmp_path: Path) -> None:
    where = subprocess.run(
        [installed, "-c", "import autograder; print(autograder.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert str(ROOT) not in where.stdout
    for words in (
        ["new", "09_attention"],
        ["release", "09_attention"],
        ["verify", "09_attention"],
        ["mutants", "09_attention"],
    ):
        done = run(installed, tmp_path, *words, "--course", "my-class")
        assert done.returncode == 0, done.stdout + done.stderr
    course = tmp_path / "my-class"
    released = course / "release" / "09_attention"
    assert {path.name for path in released.iterdir()} == {
        "09_attention.ipynb", "check.py", "calling.py", "structure.py", "examples", "requirements.txt", "README.txt",
    }  # fmt: skip
    notebook = json.loads((released / "09_attention.ipynb").read_text())
    alternative = (course / "exercises" / "09_attention" / "alternatives" / "loops.py").read_text()
    for student, source in (("ada", alternative), ("grace", None)):
        for cell in notebook["cells"]:
            if cell["id"] == "weights" and source:
                cell["source"] = source
        path = course / "inbox" / student / "09_attention" / "09_attention.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook))
        notebook = json.loads((released / "09_attention.ipynb").read_text())
    done = run(installed, tmp_path, "grade", "09_attention", "--course", "my-class", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["exercises"][0]["rows"]
    assert {row["student"]: (row["points"], row["status"]) for row in rows} == {
        "ada": (2, "right"),
        "grace": (0, "not attempted"),
    }
    done = run(
        installed, tmp_path, "check", "my-class/inbox/ada/09_attention/09_attention.ipynb", "--course", "my-class"
    )
    assert (done.returncode, "attention.weights: right." in done.stdout) == (0, True), done.stdout + done.stderr


def test_the_installed_grader_has_the_courses_own_exercises(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "release", "01_vanilla_rnn", "--course", "c")
    assert done.returncode == 0, done.stderr
    assert "01_vanilla_rnn: 6 checks, 12 points" in done.stdout


@pytest.mark.parametrize("name", ["", "a/b", "..", "-x", "a b", "x" * 65, "ä"])
def test_a_name_that_cannot_be_a_folders_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ExerciseError, match="cannot be the name of an exercise"):
        new_exercise(tmp_path / "exercises", name)
    assert not (tmp_path / "exercises").exists()


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    folder = new_exercise(tmp_path, "09_own")
    (folder / "checks.py").write_text("mine")
    with pytest.raises(ExerciseError, match="is there already"):
        new_exercise(tmp_path, "09_own")
    assert (folder / "checks.py").read_text() == "mine"


def test_it_has_one_function_one_mistake_and_one_other_right_way(tmp_path: Path) -> None:
    exercise = load(new_exercise(tmp_path, "12-self_attention"))
    assert (exercise.title, exercise.slug) == ("Self attention", "12-self_attention")
    assert [check.name for check in exercise.checks] == ["self_attention.weights"]
    assert len(exercise.checks[0].misconceptions) == len(exercise.alternatives) == 1
