"""Finding exercises: each is a folder that holds its text and its checks, and is loaded when it is asked for.

    04_name/04_name.md    what an author writes
    04_name/checks.py     or a package checks/, which declares EXERCISE

The checks are loaded as part of a package made of the folder, so ``from .reference import f`` finds what lies beside them.
"""

import functools
import hashlib
import importlib
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from autograder.errors import UserError
from autograder.exercise.declaration import Check, Exercise

OWN = Path(__file__).resolve().parents[2] / "exercises"  # those that come with the grader, beside the package
SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class ExerciseError(UserError):
    """An exercise that is not there, or whose folder cannot be used as it is."""


def is_exercise(folder: Path) -> bool:
    """Whether a folder holds a text of its own name, and checks."""
    checks = folder / "checks.py", folder / "checks" / "__init__.py"
    return (folder / f"{folder.name}.md").is_file() and any(path.is_file() for path in checks)


class Exercises(Mapping[str, Exercise]):
    """The exercises of some folders by their names, in the order of the names; the first folder that has one counts."""

    def __init__(self, *folders: Path) -> None:
        self.folders = folders

    @functools.cached_property
    def places(self) -> dict[str, Path]:
        """The folder of each exercise. None is loaded, since that takes seconds where PyTorch is needed."""
        found: dict[str, Path] = {}
        for folder in self.folders:
            for path in folder.iterdir() if folder.is_dir() else ():
                if SLUG.fullmatch(path.name) and is_exercise(path):
                    found.setdefault(path.name, path.resolve())
        return dict(sorted(found.items()))

    def __getitem__(self, slug: str) -> Exercise:
        return load(self.places[slug])

    def __contains__(self, slug: object) -> bool:
        return slug in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)

    def known(self, slugs: list[str]) -> list[str]:
        """The names; none is loaded. Raises ExerciseError if there is no exercise of such a name, and lists those there are."""
        for slug in slugs:
            if slug not in self:
                there = f"The exercises are: {', '.join(self)}" if self else f"There is none in {self.folders[0]}"
                begun = (folder / slug for folder in self.folders if (folder / slug).is_dir())
                for folder in begun if SLUG.fullmatch(slug) else ():
                    there = f"The folder {folder} is there, but it needs a text {slug}.md, and checks.py or checks/"
                raise ExerciseError(f"There is no exercise {slug!r}. {there}.")
        return slugs


EXERCISES = Exercises(OWN)


@functools.cache
def load(folder: Path) -> Exercise:
    """The exercise that a folder declares.

    Raises ExerciseError if its checks cannot be imported, or declare none; the message says where.
    """
    package = package_of(folder)
    try:
        module = importlib.import_module(f"{package}.checks")
    except UserError:
        raise
    except ModuleNotFoundError as error:
        missing = (error.name or "").removeprefix(f"{package}.")
        raise ExerciseError(f"The checks of {folder.name} import {missing}, which is not there; install it.") from error
    except Exception as error:  # the file is Python: anything can be wrong with it
        told = error.msg if isinstance(error, SyntaxError) else str(error).replace(f"{package}.", "")
        raise ExerciseError(f"{where(folder, error)}: {type(error).__name__}: {told.rstrip('.')}.") from error
    exercise = getattr(module, "EXERCISE", None)
    if not isinstance(exercise, Exercise):
        raise ExerciseError(f"{module.__file__} declares no exercise; end it with EXERCISE = Exercise(…).")
    exercise = replace(exercise, slug=folder.name, folder=folder)
    for wrong in faults(exercise):
        raise ExerciseError(f"{module.__file__}: {wrong}.")
    return exercise


def faults(exercise: Exercise) -> Iterator[str]:
    """What cannot be meant in a declaration: no tuple where one comma is missing, a name twice, a file that is not there."""
    tuples = [(name, getattr(exercise, name), kind) for name, kind in exercise.TUPLES.items()]
    if isinstance(exercise.checks, tuple):
        tuples += [(f"earlier of {one.name}", one.earlier, str) for one in exercise.checks if isinstance(one, Check)]
    for name, value, kind in tuples:
        if not isinstance(value, tuple) or not all(isinstance(one, kind) for one in value):
            yield f"{name} is no tuple of {kind.__name__}; one thing alone needs a comma behind it, as in (ONE,)"
            return
    names = [check.function for check in exercise.checks] + [question.name for question in exercise.questions]
    yield from (f"{name} is asked for twice" for name in names if names.count(name) > 1)
    missing = (name for name in (*exercise.data, *exercise.files) if not (exercise.folder / name).is_file())
    yield from (f"the file {name} is not in the exercise's folder" for name in missing)


def package_of(folder: Path) -> str:
    """The name of a package made of a folder, whose own name need not be one that Python takes."""
    name = f"exercise_{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}_{folder.name}"
    if name not in sys.modules:
        package = sys.modules[name] = ModuleType(name)
        package.__path__ = [str(folder)]
    return name


def part_of(exercise: Exercise, name: str) -> ModuleType:
    """A module of an exercise's folder, as ``checks.step``."""
    return importlib.import_module(f"{package_of(exercise.folder)}.{name}")


def where(folder: Path, error: Exception) -> str:
    """The file and line of the folder in which an error arose."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    lines = [one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).is_relative_to(folder)]
    return f"{lines[-1].filename}, line {lines[-1].lineno}" if lines else f"The checks of {folder.name}"
