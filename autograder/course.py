"""A course folder: where hand-ins arrive, where grades are kept, and how nbgrader is told."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.errors import UserError

CONFIG = "nbgrader_config.py"
CONFIG_TEXT = '''"""nbgrader's settings for this course. Its own doors grade through the autograder's core."""

import autograder.nbgrader_door

c = get_config()  # noqa: F821

# What students handed in arrives here, and only 'autograder intake' (or 'autograder grade') takes it further.
c.CollectApp.CourseDirectory.submitted_directory = "inbox"
c.ZipCollectApp.CourseDirectory.submitted_directory = "inbox"

# Nothing of a submission is executed by nbgrader: the sandbox runs it and the judge decides.
c.Autograde.sanitize_preprocessors = ["autograder.nbgrader_door.ConfirmIntake"]
c.Autograde.autograde_preprocessors = ["autograder.nbgrader_door.GradeInSandbox"]

# Feedback pages hold no script and ask no other host for anything.
c.GenerateFeedback.preprocessors = ["nbgrader.preprocessors.GetGrades", "autograder.nbgrader_door.ShowMathematics"]
c.GenerateFeedback.HTMLExporter.template_name = "course_feedback"
c.GenerateFeedback.HTMLExporter.extra_template_basedirs = [str(autograder.nbgrader_door.TEMPLATES)]

c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
c.CourseDirectory.course_id = "rnn"
'''


class CourseError(UserError):
    """A course folder that cannot be used as it is; the message says what to do."""


def put_environment_on_path() -> None:
    """nbgrader calls alembic from PATH: put this environment's commands there."""
    folder = str(Path(sys.executable).parent)
    paths = os.environ.get("PATH", "").split(os.pathsep)
    if folder not in paths:
        os.environ["PATH"] = os.pathsep.join([folder, *paths])


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all, replacing what stands at its name (a link is replaced, not followed)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def remove_parts(*folders: Path) -> None:
    """Remove what a process that was killed while writing left behind."""
    for folder in folders:
        for part in folder.rglob(".*.part"):
            part.unlink(missing_ok=True)


@dataclass(frozen=True)
class Course:
    """The folders of one course."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> Course:
        """Make the folder and its settings, where they are not there yet."""
        put_environment_on_path()
        root = root.resolve()
        root.mkdir(parents=True, exist_ok=True)
        if not (root / CONFIG).exists():
            write_atomically(root / CONFIG, CONFIG_TEXT.encode())
        return cls(root)

    @classmethod
    def open(cls, root: Path) -> Course:
        """The course in an existing folder.

        Raises
        ------
        CourseError
            If there is none.
        """
        put_environment_on_path()
        root = root.resolve()
        if not (root / CONFIG).is_file():
            raise CourseError(f"There is no course in {root}; make one with 'autograder release --course {root}'.")
        return cls(root)

    @cached_property
    def config(self) -> Config:
        """nbgrader's settings, as nbgrader itself reads them."""
        try:
            config: Config = PyFileConfigLoader(CONFIG, path=str(self.root)).load_config()
        except Exception as error:  # the file is Python: anything can be wrong with it
            raise CourseError(f"The settings {self.root / CONFIG} cannot be read: {error}") from error
        config.CourseDirectory.root = str(self.root)
        return config

    def nbgrader(self) -> Any:
        """nbgrader's API with this course's settings."""
        from nbgrader.apps import NbGraderAPI

        api = NbGraderAPI(config=self.config)
        api.coursedir.root = str(self.root)
        api.log_level = "WARN"
        return api

    @cached_property
    def db_url(self) -> str:
        from nbgrader.coursedir import CourseDirectory

        return str(CourseDirectory(config=self.config, root=str(self.root)).db_url)

    @property
    def course_id(self) -> str:
        return str(self.config.CourseDirectory.get("course_id", "default_course"))

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def submitted(self) -> Path:
        return self.root / "submitted"

    @property
    def autograded(self) -> Path:
        return self.root / "autograded"

    @property
    def feedback(self) -> Path:
        return self.root / "feedback"

    def released(self, slug: str) -> Path:
        return self.root / "release" / slug / f"{slug}.ipynb"

    @cached_property
    def secret(self) -> bytes:
        """The key that proves what intake wrote; made once, readable by its owner alone."""
        path = self.root / ".autograder-secret"
        if not path.exists():
            write_atomically(path, secrets.token_bytes(32), mode=0o600)
        return path.read_bytes()
