"""Releasing: the students' notebooks, their worked cases and their checks, from the text and the reference."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import nbformat
from sqlalchemy.exc import SQLAlchemyError

from autograder import check as check_module
from autograder import languages
from autograder.authoring.examples import example_in_step
from autograder.authoring.source import AuthoringError, source_notebook
from autograder.cells import check_id, notebook_bytes, question_id
from autograder.checks import EXERCISES, Exercise
from autograder.course import Course, write_atomically
from autograder.grading.gradebook import GradeWriter
from autograder.runner import calling
from autograder.runner.calling import _, marked

EXERCISES_FOLDER = Path(__file__).parents[2] / "exercises"
GENERATED = '# Generated from {path} by "make exercises"; do not edit.\n'
ZIP_DATE = (2020, 1, 1, 0, 0, 0)
README = marked("""{title}

1. Install Python 3.11 or newer, then what the notebook needs:  pip install -r requirements.txt
2. Open the notebook in this folder:                            jupyter lab {slug}.ipynb
3. Fill in the functions. The cell after each one checks it at once.
4. Hand in the file {slug}.ipynb. Nothing else is needed.

Keep the other files and folders beside the notebook: the checks and its cells read them.
""")
PACKAGE_VERSIONS = {"numpy": "numpy>=2.0", "matplotlib": "matplotlib>=3.8", "torch": "torch>=2.4"}


def text_of(exercise: Exercise, folder: Path = EXERCISES_FOLDER) -> Path:
    path = folder / f"{exercise.slug}.md"
    if not path.is_file():
        raise AuthoringError(f"The text {path} is missing; an exercise is written there.")
    return path


def release_into(course: Course, exercise: Exercise, folder: Path = EXERCISES_FOLDER) -> Path:
    """Write nbgrader's source, let nbgrader make the release version and enter the checks into the gradebook.

    Nothing is done where the same source was released before, and both the release and its gradebook are there.
    """
    source = course.root / "source" / exercise.slug / f"{exercise.slug}.ipynb"
    written = notebook_bytes(source_notebook(exercise, text_of(exercise, folder)))
    released = course.released(exercise.slug)
    if source.is_file() and source.read_bytes() == written and released.is_file() and is_entered(course, exercise):
        return released
    released.unlink(missing_ok=True)  # if what follows is broken off, it is done again
    write_atomically(source, written)
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    with GradeWriter(course):  # begins the gradebook, or makes our tables in one that has only nbgrader's
        pass
    result = course.nbgrader().generate_assignment(exercise.slug, force=True)
    if not result["success"]:
        lines = [line for line in (result.get("error") or result.get("log") or "").strip().splitlines() if line]
        raise AuthoringError(f"nbgrader could not release {exercise.slug}: {lines[-1] if lines else 'it says no more'}")
    notebook = nbformat.read(released, as_version=4)
    notebook.metadata = {key: notebook.metadata[key] for key in ("kernelspec", "language_info")}
    write_atomically(released, notebook_bytes(notebook))
    return released


def is_entered(course: Course, exercise: Exercise) -> bool:
    """Whether the gradebook knows the exercise with all its checks and questions."""
    from nbgrader.api import Gradebook, MissingEntry

    try:
        with Gradebook(course.db_url, course.course_id) as gradebook:
            notebook = gradebook.find_notebook(exercise.slug, exercise.slug)
            names = {cell.name for cell in notebook.grade_cells}
    except (MissingEntry, SQLAlchemyError):
        return False
    wanted = {check_id(check) for check in exercise.checks} | {question_id(one) for one in exercise.questions}
    return names == wanted


def copy_of(module: ModuleType) -> bytes:
    """A module of the grader as students get it: the same, beside the other one and without the package around it."""
    path = Path(str(module.__file__))
    text = path.read_text(encoding="utf-8").replace(f"from {calling.__name__} import", "from calling import")
    return (GENERATED.format(path=path.relative_to(EXERCISES_FOLDER.parent).as_posix()) + text).encode()


def student_files(exercise: Exercise, released: Path) -> dict[str, bytes]:
    """Every file that a student gets, by its name in their folder."""
    files = {
        f"{exercise.slug}.ipynb": released.read_bytes(),
        "check.py": copy_of(check_module),
        "calling.py": copy_of(calling),
    }
    sentences = languages.for_students()
    if sentences is not None:
        files[languages.FOR_STUDENTS] = sentences
    for check in exercise.checks:
        name = f"examples/{check.name}.json"
        files[name] = example_in_step(check, EXERCISES_FOLDER / name).encode()
    return files


def write_exercise(files: dict[str, bytes], folder: Path = EXERCISES_FOLDER) -> list[Path]:
    """Write the files of ``student_files`` into the exercises folder; return those whose bytes changed."""
    changed = []
    if languages.FOR_STUDENTS not in files:  # it would speak another language than the course does now
        (folder / languages.FOR_STUDENTS).unlink(missing_ok=True)
    for name, data in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != data:
            write_atomically(path, data)
            changed.append(path)
    return changed


def package(exercise: Exercise, files: dict[str, bytes]) -> bytes:
    """The students' zip, from the files of ``student_files`` and what every student needs beside them."""
    files = dict(files)
    packages = sorted(PACKAGE_VERSIONS[name] for name in exercise.packages)
    files["requirements.txt"] = ("\n".join([*packages, "jupyterlab>=4"]) + "\n").encode()
    files["README.txt"] = _(README).format(title=exercise.title, slug=exercise.slug).encode()
    for name in (*exercise.files, *exercise.data):
        files[name] = (EXERCISES_FOLDER / name).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(f"{exercise.slug}/{name}", ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return buffer.getvalue()


def known(slugs: Iterable[str]) -> list[str]:
    """The names, if each is that of an exercise. None is loaded.

    Raises
    ------
    AuthoringError
        If there is no exercise of such a name; the message lists those that there are.
    """
    names = list(slugs)
    for slug in names:
        if slug not in EXERCISES:
            raise AuthoringError(f"There is no exercise {slug!r}. The exercises are: {', '.join(sorted(EXERCISES))}.")
    return names
