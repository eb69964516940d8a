"""Building the book as `make book` does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from book_paths import ROOT

from autograder.authoring.release import package, student_files
from autograder.exercise import EXERCISES

DOWNLOADS = ROOT / "_build" / "student"
JUPYTER_BOOK = ["-c", "from jupyter_book.cli.main import main; main()"]
BUILD = [*JUPYTER_BOOK, *["build", "book", "--config", "_config.yml", "-W", "--keep-going", "-n", "--path-output"]]
ASKED = ("ANSWERS", "BOOK_URL", "REPOSITORY_URL", "REPOSITORY_BRANCH")


def write_downloads() -> None:
    """The zip files that the book links to, from the committed notebooks: what the tests of releasing hold in step."""
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    for exercise in EXERCISES.values():
        files = student_files(exercise, exercise.released / f"{exercise.slug}.ipynb")
        path, made = DOWNLOADS / f"{exercise.slug}.zip", package(exercise, files)
        if not path.is_file() or path.read_bytes() != made:  # a file as young as its chapter has its chapter read again
            path.write_bytes(made)


def build_book(output: Path, **asked: str) -> None:
    """Build into output/_build, with what is asked for by name and nothing that the environment happens to ask for."""
    write_downloads()
    environment = {name: value for name, value in os.environ.items() if name not in ASKED}
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, *BUILD, str(output)],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"The book does not build:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
