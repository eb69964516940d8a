"""Finding exercises: each is a folder that holds its text and its checks, and is loaded when it is asked for.

    04_name/04_name.md    what an author writes
    04_name/checks.py     or a package checks/, which declares EXERCISE

The checks are loaded as part of a package made of the folder, so ``from .reference import f`` finds what lies beside them.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.machinery
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from autograder.errors import UserError
from autograder.exercise.declaration import Exercise

OWN = Path(__file__).resolve().parents[2] / "exercises"
"""The folder of the exercises that come with the grader: it lies beside the package."""
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
        """The names, if each is that of an exercise. None is loaded.

        Raises
        ------
        ExerciseError
            If there is no exercise of such a name; the message lists those that there are.
        """
        for slug in slugs:
            if slug not in self:
                there = f"The exercises are: {', '.join(self)}" if self else f"There is none in {self.folders[0]}"
                raise ExerciseError(f"There is no exercise {slug!r}. {there}.")
        return slugs


EXERCISES = Exercises(OWN)


@functools.cache
def load(folder: Path) -> Exercise:
    """The exercise that a folder declares.

    Raises
    ------
    ExerciseError
        If its checks cannot be imported, or declare none; the message says where.
    """
    module = imported(folder, package_of(folder))
    exercise = getattr(module, "EXERCISE", None)
    if not isinstance(exercise, Exercise):
        raise ExerciseError(f"{module.__file__} declares no exercise; end it with EXERCISE = Exercise(…).")
    return replace(exercise, slug=folder.name, folder=folder)


def package_of(folder: Path) -> str:
    """The name of a package made of a folder, whose own name need not be one that Python takes."""
    name = f"exercise_{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}_{folder.name}"
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        package.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
        package.__spec__.submodule_search_locations = [str(folder)]
        sys.modules[name] = package
    return name


def part_of(exercise: Exercise, name: str) -> ModuleType:
    """A module of an exercise's folder, as ``checks.step``."""
    return importlib.import_module(f"{package_of(exercise.folder)}.{name}")


def imported(folder: Path, package: str) -> ModuleType:
    try:
        return importlib.import_module(f"{package}.checks")
    except UserError:
        raise
    except ModuleNotFoundError as error:
        missing = (error.name or "").removeprefix(f"{package}.")
        raise ExerciseError(f"The checks of {folder.name} import {missing}, which is not there; install it.") from error
    except Exception as error:  # the file is Python: anything can be wrong with it
        raise ExerciseError(f"{where(folder, error)}: {type(error).__name__}: {error}.".replace("..", ".")) from error


def where(folder: Path, error: Exception) -> str:
    """The file and line of the folder in which an error arose."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    lines = [one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).is_relative_to(folder)]
    return f"{lines[-1].filename}, line {lines[-1].lineno}" if lines else f"The checks of {folder.name}"
