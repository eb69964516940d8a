"""A course folder: where hand-ins arrive, where grades are kept, and how nbgrader is told."""

import os
import re
import secrets
import sys
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder import languages, settings
from autograder.errors import UserError
from autograder.exercise import Exercise, Exercises
from autograder.exercise.discovery import OWN
from autograder.exercise.selection import chosen
from autograder.nbgrader_parts import part
from autograder.settings import DATABASE, CourseSettings

CONFIG = "nbgrader_config.py"
KEY_FILE = ".autograder-secret"
CONFIG_BEFORE = "nbgrader_config.before.py"
CONFIG_TEXT = '''"""nbgrader's settings for this course. They follow from course.toml; what you add below goes before it."""

from autograder.nbgrader_door import configure

c = get_config()  # noqa: F821
configure(c, __file__)
'''
# What the configuration of a course that an earlier version made holds besides the instructor's own lines.
MADE_BEFORE = re.compile(
    r'("""|import autograder|#|c = get_config|c\.(Collect|ZipCollect|Autograde|GenerateFeedback|ClearSolutions)|'
    r"c\.CourseDirectory\.(course_id|db_url)|\s*$)"
)


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
        for left in folder.rglob(".*.part"):
            left.unlink(missing_ok=True)


class Course:
    """The folders of one course."""

    def __init__(self, root: Path) -> None:
        self.root, self.inbox, self.submitted = root, root / "inbox", root / "submitted"
        self.autograded, self.feedback = root / "autograded", root / "feedback"

    @classmethod
    def create(cls, root: Path) -> Self:
        """Make the folder and its settings, where they are not there yet."""
        root = root.resolve()
        root.mkdir(parents=True, exist_ok=True)
        if not (root / CONFIG).exists():
            if not (root / settings.FILE).exists():
                name = re.sub(r"[^\w.+-]+", "-", root.name).strip("-._+")[:64] or "course"
                write_atomically(root / settings.FILE, settings.template(name).encode())
            write_atomically(root / CONFIG, CONFIG_TEXT.encode())
        return cls.open(root)

    @classmethod
    def open(cls, root: Path) -> Self:
        """The course in an existing folder; raises CourseError if there is none."""
        put_environment_on_path()
        root = root.resolve()
        if not (root / CONFIG).is_file():
            raise CourseError(f"There is no course in {root}; make one with 'autograder release --course {root}'.")
        course = cls(root)
        if not (root / settings.FILE).exists():
            course.move_settings()
        return course

    def move_settings(self) -> None:
        """Bring a course of an earlier version, whose settings stood in nbgrader's file alone, into today's form."""
        before = (self.root / CONFIG).read_text(encoding="utf-8")
        about = self.config.CourseDirectory
        text = settings.template(about.get("course_id", "course"), about.get("db_url"))
        own = [line for line in before.splitlines() if not MADE_BEFORE.match(line)]
        write_atomically(self.root / CONFIG_BEFORE, before.encode())
        write_atomically(self.root / CONFIG, "\n".join([CONFIG_TEXT, *own]).rstrip().encode() + b"\n")
        write_atomically(self.root / settings.FILE, text.encode())
        del self.__dict__["config"]
        sys.stderr.write(
            f"{self.root} was made by an earlier version: its settings stand in {settings.FILE} now, its old "
            f"{CONFIG} in {CONFIG_BEFORE}; grades and scores are as they were.\n"
        )

    @cached_property
    def settings(self) -> CourseSettings:
        """What course.toml says."""
        return settings.read(self.root)

    @cached_property
    def exercises(self) -> Exercises:
        """The exercises that can be given here: the course's own, those of the folders that it names, those that came along."""
        return Exercises(self.root / "exercises", *self.settings.folders, OWN)

    @property
    def chosen(self) -> list[str]:
        """The names of the exercises that this course gives; SettingsError if its settings name one that is not there."""
        said = self.settings
        keys = [("exercises", name) for name in said.exercises or ()]
        keys += [(f"exercise.{name}", name) for name in said.by_exercise]
        for key, name in keys:
            if name not in self.exercises:
                raise settings.unknown(said, key, name, self.exercises)
        return list(self.exercises if said.exercises is None else said.exercises)

    def exercise(self, slug: str) -> Exercise:
        """An exercise as this course gives it: with the functions and points that its settings say."""
        exercise = chosen(self.exercises[slug], self.settings)
        languages.add(exercise.folder, self.settings.language)
        return exercise

    @cached_property
    def config(self) -> Config:
        """nbgrader's settings, as nbgrader itself reads them."""
        try:
            config: Config = PyFileConfigLoader(CONFIG, path=str(self.root)).load_config()
        except Exception as error:  # the file is Python: anything can be wrong with it
            raise CourseError(f"The settings {self.root / CONFIG} cannot be read: {error}") from error
        config.CourseDirectory.root = str(self.root)
        if DATABASE in os.environ:
            config.CourseDirectory.db_url = os.environ[DATABASE]
        return config

    def nbgrader(self) -> Any:
        """nbgrader's API with this course's settings."""
        from nbgrader.apps import NbGraderAPI

        api = NbGraderAPI(config=self.config)
        api.log_level = "WARN"
        return api

    @cached_property
    def db_url(self) -> str:
        return str(part("nbgrader.coursedir").CourseDirectory(config=self.config, root=str(self.root)).db_url)

    @property
    def course_id(self) -> str:
        return str(self.config.CourseDirectory.get("course_id", "default_course"))

    def released(self, slug: str) -> Path:
        return self.root / "release" / slug / f"{slug}.ipynb"

    def require_released(self, slug: str) -> None:
        """Raise CourseError if an exercise is not released into the course."""
        if not self.released(slug).is_file():
            fix = f"run 'autograder release {slug} --course {self.root}'"
            raise CourseError(f"{slug} is not released into {self.root}; {fix}.")

    @property
    def has_secret(self) -> bool:
        return (self.root / KEY_FILE).exists()

    @cached_property
    def secret(self) -> bytes:
        """The key that proves what intake wrote; made once, readable by its owner alone."""
        path = self.root / KEY_FILE
        if not path.exists():
            write_atomically(path, secrets.token_bytes(32), mode=0o600)
        return path.read_bytes()
