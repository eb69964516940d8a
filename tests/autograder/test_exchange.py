"""A JupyterHub's exchange, by nbgrader's own commands: an instructor and two students, from release to the page read."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.exercise import Exercise
from autograder.exercise.cells import notebook_bytes
from autograder.exercise.notebooks import fill_in, reference_sources
from autograder.grading.class_run import grade_class
from autograder.grading.intake import read_record, take_in_all
from autograder.grading.pages import feedback_path
from tests.autograder.lms_downloads import marked

NBGRADER = str(Path(sys.executable).parent / "nbgrader")
Command = Callable[..., subprocess.CompletedProcess[str]]


class Hub:
    """A course, an exchange folder, and a home for each student."""

    def __init__(self, course: Course, folder: Path) -> None:
        self.course, self.folder = course, folder
        self.exchange = folder / "exchange"
        self.exchange.mkdir()
        self.exchange.chmod(0o777)

    def run(self, home: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
        home.mkdir(parents=True, exist_ok=True)
        more = [
            f"--Exchange.root={self.exchange}",
            f"--Exchange.cache={home / 'cache'}",
            f"--course={self.course.course_id}",
        ]
        names = {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_DATA_DIR": str(home / "data")}
        return subprocess.run(
            [NBGRADER, *words, *more], cwd=cwd, env=os.environ | names, capture_output=True, text=True, check=False
        )

    def instructor(self, *words: str) -> subprocess.CompletedProcess[str]:
        done = self.run(self.folder / "instructor", self.course.root, *words)
        assert done.returncode == 0, done.stderr[-2000:]
        return done

    def student(self, name: str, *words: str, inside: str = "") -> Path:
        home = self.folder / name
        done = self.run(home, home / inside if inside else self.made(home), *words, f"--student={name}")
        assert done.returncode == 0, done.stderr[-2000:]
        return home

    def made(self, home: Path) -> Path:
        home.mkdir(exist_ok=True)
        return home


@pytest.fixture
def hub(course: Course, tmp_path: Path) -> Hub:
    return Hub(course, tmp_path)


def solved(exercise: Exercise, notebook: Path) -> None:
    import nbformat

    notebook.write_bytes(notebook_bytes(fill_in(exercise, nbformat.read(notebook, 4), reference_sources(exercise))))


def test_from_release_to_the_page_by_nbgraders_commands(hub: Hub, exercise: Exercise, autograder) -> None:
    slug, course = exercise.slug, hub.course
    assert autograder("release", slug, "--course", str(course.root)).returncode == 0
    hub.instructor("release_assignment", slug)
    for name in ("ada", "ben"):
        home = hub.student(name, "fetch_assignment", slug)
        fetched = {path.name for path in (home / slug).iterdir()}
        assert {f"{slug}.ipynb", "check.py", "calling.py", "structure.py", "examples"} <= fetched
    solved(exercise, hub.folder / "ada" / slug / f"{slug}.ipynb")
    at_home = "from check import check\nprint(sorted(path.name for path in __import__('pathlib').Path('examples').iterdir())[:1])"
    tried = subprocess.run(
        [sys.executable, "-c", at_home], cwd=hub.folder / "ada" / slug, capture_output=True, text=True, check=True
    )
    assert ".json" in tried.stdout, "the check works where it was fetched"
    for name in ("ada", "ben"):
        hub.student(name, "submit", slug)
    begun = time.time()
    hub.instructor("collect", slug)
    assert not course.submitted.exists()
    assert sorted(path.parts[-3] for path in course.inbox.glob(f"*/{slug}/*.ipynb")) == ["ada", "ben"]
    done = autograder("grade", "--course", str(course.root))
    assert done.returncode == 0, done.stderr
    record = read_record(course, "ada", slug)
    assert record is not None
    assert record["arrived_by"] == "jupyterhub"
    assert record["arrived"] <= time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(begun))
    hub.instructor("release_feedback", slug)
    for name, points in (("ada", "12"), ("ben", "0")):
        home = hub.student(name, "fetch_feedback", slug)
        (page,) = (home / slug / "feedback").rglob("*.html")
        assert page.read_bytes() == feedback_path(course, slug, name).read_bytes()
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8")))
        assert f"Feedback for {name} {points} of 12 points" in text


def submitted(hub: Hub, exercise: Exercise, name: str, text: str) -> Path:
    """What a student's account wrote into the exchange."""
    slug = exercise.slug
    folder = hub.exchange / hub.course.course_id / "inbound" / f"{name}+{slug}+2026-10-01 10:00:00.000000 UTC+x{name}"
    folder.mkdir(parents=True)
    (folder / f"{slug}.ipynb").write_bytes(marked(hub.course.released(slug).read_bytes(), text))
    (folder / "timestamp.txt").write_text("2026-10-01 10:00:00.000000 UTC")
    (folder / "submission_secret.txt").write_text(f"secret{name}")
    return folder


def test_no_link_in_the_exchange_is_followed(hub: Hub, exercise: Exercise) -> None:
    """A student's link to another one's notebook, to a folder, and to a file of the instructor's."""
    slug = exercise.slug
    (hub.course.root / "key.txt").write_text("the instructor's")
    bob, mallory = submitted(hub, exercise, "bob", "bob's own"), submitted(hub, exercise, "mallory", "mine")
    (mallory / f"{slug}.ipynb").unlink()
    (mallory / f"{slug}.ipynb").symlink_to(bob / f"{slug}.ipynb")
    (mallory / "notes.txt").symlink_to(hub.course.root / "key.txt")
    (mallory / "all").symlink_to(bob)
    done = hub.instructor("collect", slug)
    assert "is no regular file" in done.stderr
    assert {path.name for path in (hub.course.inbox / "mallory" / slug).rglob("*")} == {
        "timestamp.txt",
        "submission_secret.txt",
    }
    assert b"bob's own" in (hub.course.inbox / "bob" / slug / f"{slug}.ipynb").read_bytes()


def test_a_time_that_a_student_wrote_into_the_exchange_says_nothing(hub: Hub, exercise: Exercise) -> None:
    folder = submitted(hub, exercise, "ada", "late")
    os.utime(folder / f"{exercise.slug}.ipynb", (0, 0))
    hub.instructor("collect", exercise.slug)
    take_in_all(hub.course, exercise)
    record = read_record(hub.course, "ada", exercise.slug)
    assert record is not None
    assert record["arrived"] > "2026-11-01"


@pytest.mark.parametrize("secret", ["", "../../up", "\udcff\udcfe", "two words", "x" * 10_000, None])
def test_a_secret_that_is_none_costs_its_own_student_alone(hub: Hub, exercise: Exercise, secret: str | None) -> None:
    slug = exercise.slug
    submitted(hub, exercise, "ada", "ada's")
    folder = submitted(hub, exercise, "mallory", "mallory's")
    if secret is None:
        (folder / "submission_secret.txt").unlink()
    else:
        (folder / "submission_secret.txt").write_bytes(secret.encode("utf-8", "surrogateescape"))
    hub.instructor("collect", slug)
    grade_class(hub.course, exercise)
    done = hub.instructor("release_feedback", slug)
    assert "mallory did not hand in" in done.stderr
    released = list((hub.exchange / hub.course.course_id / "feedback").iterdir())
    assert [path.read_bytes() for path in released] == [feedback_path(hub.course, slug, "ada").read_bytes()]


def test_collecting_again_takes_only_what_is_newer(hub: Hub, exercise: Exercise) -> None:
    submitted(hub, exercise, "ada", "first")
    hub.instructor("collect", exercise.slug)
    notebook = hub.course.inbox / "ada" / exercise.slug / f"{exercise.slug}.ipynb"
    mine = marked(notebook.read_bytes(), "mended by hand")
    notebook.write_bytes(mine)
    hub.instructor("collect", exercise.slug)
    assert notebook.read_bytes() == mine
    assert json.loads(mine)["cells"]
