"""A course with the sample class in its inbox, graded once for all the tests that look at it."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.authoring.release import release_into
from autograder.course import Course
from autograder.exercise import EXERCISES, Exercise
from autograder.grading.class_run import ClassResult, grade_class
from autograder.grading.gradebook import Row
from autograder.sandbox import forks
from tests.autograder import toy_course
from tests.autograder.sample_class import write_class

ROOT = Path(__file__).parents[2]
sys.path.append(
    str(ROOT / "autograder" / "runner")
)  # inside the sandbox, the runner's modules import each other by plain name


@pytest.fixture(scope="session")
def exercise() -> Exercise:
    return EXERCISES["01_vanilla_rnn"]


@pytest.fixture(scope="session")
def released_course(tmp_path_factory: pytest.TempPathFactory, exercise: Exercise) -> Course:
    """A course into which the exercise is released; tests must not write to it."""
    course = Course.create(tmp_path_factory.mktemp("released") / "course")
    release_into(course, exercise)
    return course


@pytest.fixture
def course(tmp_path: Path, released_course: Course) -> Course:
    """A course of the test's own, with the exercise released into it and an empty inbox."""
    shutil.copytree(released_course.root, tmp_path / "course")
    course = Course.open(tmp_path / "course")
    course.inbox.mkdir()
    return course


@dataclass(frozen=True)
class GradedClass:
    """The sample class, graded: the course, what came of it, and what the machine looked like around it."""

    course: Course
    result: ClassResult
    tree_before: dict[str, str]

    @property
    def rows(self) -> dict[str, Row]:
        return {row.student: row for row in self.result.rows}


@pytest.fixture(scope="session")
def graded_toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy course, in which ada doubled, bob squared and cid gave back the input; tests must not write to it."""
    root = tmp_path_factory.mktemp("toy") / "course"
    toy_course.write_toy(root)
    assert toy_course.run("release", toy_course.SLUG, "--course", root).exit_code == 0
    for student, double in (("ada", toy_course.RIGHT), ("bob", toy_course.SQUARED), ("cid", toy_course.PLAIN)):
        toy_course.hand_in(root, student, double=double)
    assert toy_course.run("grade", toy_course.SLUG, "--course", root).exit_code == 0
    return root


@pytest.fixture
def toy(tmp_path: Path, graded_toy: Path) -> Path:
    """The folder of a toy course of the test's own, graded."""
    shutil.copytree(graded_toy, tmp_path / "course")
    return tmp_path / "course"


def tree(folder: Path) -> dict[str, str]:
    """Every file of a folder with a digest of its content; links are named, not followed."""
    import hashlib

    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"link to {os.readlink(path)}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif not path.is_dir():
            found[name] = "special"
    return found


@pytest.fixture(scope="session")
def graded_class(tmp_path_factory: pytest.TempPathFactory, exercise: Exercise) -> GradedClass:
    course = Course.create(tmp_path_factory.mktemp("class") / "course")
    release_into(course, exercise)
    write_class(course, exercise)
    before = tree(course.inbox)
    return GradedClass(course, grade_class(course, exercise), before)


def run_autograder(*arguments: str, seconds: int = 600, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a user types it; ``seconds`` bounds what would never end."""
    return subprocess.run(
        [sys.executable, "-m", "autograder", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
        timeout=seconds,
    )


@pytest.fixture
def autograder():
    return run_autograder


@pytest.fixture(params=["forked", pytest.param("anew", marks=pytest.mark.slow)])
def each_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test where runners are forked, and, among the slow tests, where each is started anew."""
    if request.param == "anew":
        monkeypatch.setenv(forks.SWITCH, "no")
