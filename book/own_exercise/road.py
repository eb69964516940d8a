"""The page's road: its commands, run in a folder of their own, and the files that its reader types on the way."""

import os
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.exercise.source import graded_metadata
from autograder.sandbox import bubblewrap

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COURSE, SLUG = "my-class", "09_attention"
WIDTH = 88
BETWEEN = "# --- the cell that tests it, for two points\n"
WITHOUT_SANDBOX = """
import functools, sys
from autograder.grading import core
core.Settings = functools.partial(core.Settings, protected=False)
if "grade" in sys.argv:
    sys.argv.append("--unprotected")
from autograder.cli import main
main()
"""  # so that the book can be built where there is none; what runs is ours


class Road:
    """A folder in which the page's commands are run, one after the other."""

    def __init__(self, folder: Path, protected: bool | None = None) -> None:
        self.folder = folder.resolve()
        protected = has_sandbox() if protected is None else protected
        start = ["-m", "autograder"] if protected else ["-c", WITHOUT_SANDBOX]
        self.autograder = [sys.executable, *start]
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        self.environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        self.environment.pop("FORCE_COLOR", None)  # notebooks set it, and yellow on white cannot be read

    @property
    def exercise(self) -> Path:
        return self.folder / COURSE / "exercises" / SLUG

    def run(self, command: str, ends: int = 0) -> str:
        """What a command of the grader says on standard output, if it ends as it should; no path of this machine is in it."""
        name, *words = shlex.split(command)
        assert name == "autograder", command
        done = self.done([*self.autograder, *words])
        assert done.returncode == ends, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout.replace(str(self.folder), "…")

    def show(self, command: str, ends: int = 0) -> None:
        """Print a command as it is typed, and what it says."""
        said = "\n".join(map(wrapped, self.run(command, ends).splitlines()))
        print(f"$ {command}\n{said}")

    def done(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    def put(self, checks: str = "checks.py") -> None:
        """Bring the exercise to where the page's reader has it, with the finished checks or the first ones."""
        shutil.copy(HERE / checks, self.exercise / "checks.py")
        shutil.copy(HERE / "reference.py", self.exercise)
        shutil.copy(HERE / "text.txt", self.exercise / f"{SLUG}.md")
        shutil.copy(HERE / "alternatives" / "loops.py", self.exercise / "alternatives")

    def configure(self) -> None:
        """Give the course the settings that the page shows."""
        shutil.copy(HERE / "course.toml", self.folder / COURSE)

    def write_means(self) -> None:
        """Write the small source notebook that the page adopts."""
        solution, tests = (HERE / "means.txt").read_text().split(BETWEEN)
        cells = [new_markdown_cell("# Means"), new_code_cell("import numpy as np")]
        cells += [graded(solution, "row_means", None), graded(tests.strip(), "test_row_means", 2)]
        nbformat.write(new_notebook(cells=cells), self.folder / "means.ipynb")

    def hand_in(self) -> None:
        """Hand in the answer key for ada, and one without the root for grace."""
        done = self.done(["sh", "-e", str(HERE / "hand_in.sh")])
        assert done.returncode == 0, done.stderr


def wrapped(line: str) -> str:
    """A line as a narrow terminal shows it."""
    return textwrap.fill(line, WIDTH, subsequent_indent="    ") if len(line) > WIDTH else line


def graded(source: str, name: str, points: float | None) -> Any:
    """A cell of nbgrader's: a test with points, or a function to write."""
    return new_code_cell(source.strip(), metadata={"nbgrader": graded_metadata(name, points)})


def has_sandbox() -> bool:
    try:
        bubblewrap.probe()
    except bubblewrap.SandboxUnavailable:
        return False
    return True
