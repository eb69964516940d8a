"""Releasing: the students' notebooks, their worked cases and their checks, from the text and the reference."""

import io
import logging
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

import nbformat

from autograder import check as check_module
from autograder import languages, structure
from autograder.authoring.examples import example_in_step
from autograder.course import Course, write_atomically
from autograder.errors import UserError
from autograder.exercise import Exercise
from autograder.exercise.cells import check_id, notebook_bytes, question_id
from autograder.exercise.first_cell import PYTHON
from autograder.exercise.source import AuthoringError, source_notebook
from autograder.grading.gradebook import GradeWriter
from autograder.runner import calling
from autograder.runner.calling import _, marked

GENERATED = '# Generated from {path}.py by "autograder release"; do not edit.\n'
ZIP_DATE = (2020, 1, 1, 0, 0, 0)
README = marked("""{title}

It needs Python {python} or newer, and {packages} or newer. It was tried with {tried}.

1. Open a terminal in this folder, and make an environment that holds what the notebook needs:

       python3 -m venv .venv
       .venv/bin/pip install -r requirements.txt

   On Windows:

       py -m venv .venv
       .venv\\Scripts\\pip install -r requirements.txt

   Where python3 --version (on Windows: py --version) says an older one, get a newer one from python.org first.

2. Open the notebook in this folder:

       .venv/bin/jupyter lab {slug}.ipynb

   On Windows:

       .venv\\Scripts\\jupyter lab {slug}.ipynb

   VS Code or PyCharm: open this folder, open the notebook in it, and choose the Python in .venv as its kernel.
   Colab: upload the zip file with the folder button at the left, and run in a cell of its own, before the others:

       !unzip -o {slug}.zip
       %cd {slug}

3. Fill in the functions. The cell after each one checks it at once.
4. Hand in the file {slug}.ipynb. Nothing else is needed.

Keep the other files and folders beside the notebook: the checks and its cells read them.
""")

# Those that NumPy suffices for were solved with the oldest and the newest of these. With NumPy 1 a float32 array divided by
# np.sqrt(2) stays float32, and from 2.0 on it becomes float64, as in the grader: with an older one a check would call right
# what earns nothing.
TRIED = {
    "python": ("Python", "3.11.7", "3.13.0"),
    "numpy": ("NumPy", "2.0.0", "2.5.5"),
    "matplotlib": ("Matplotlib", "3.8.4", "3.11.2"),
    "torch": ("PyTorch", "2.13.0", "2.13.0"),
}
OLDER_THAN_TRIED = {"torch": "2.4"}  # as before; the README says which one was tried


def release_into(course: Course, exercise: Exercise) -> Path:
    """Write nbgrader's source, let nbgrader make the release version and enter the checks into the gradebook.

    Nothing is done where the same source was released before, and both the release and its gradebook are there. What cannot
    be released leaves the release before it as it was.
    """
    source = course.root / "source" / exercise.slug / f"{exercise.slug}.ipynb"
    written = notebook_bytes(source_notebook(exercise, exercise.text(course.settings.language)))
    released = course.released(exercise.slug)
    entered = is_entered(course, exercise)
    if entered and released.is_file() and source.is_file() and source.read_bytes() == written:
        return released
    with put_back_on_failure(course, released.parent, source.parent):
        released.unlink(missing_ok=True)  # if what follows is broken off, it is done again
        write_atomically(source, written)
        logging.getLogger("traitlets").setLevel(logging.ERROR)
        result = course.nbgrader().generate_assignment(exercise.slug, force=True)
        if not result["success"]:
            lines = [line for line in (result.get("error") or result.get("log") or "").strip().splitlines() if line]
            said = lines[-1] if lines else "it says no more"
            raise AuthoringError(f"nbgrader could not release {exercise.slug}: {said}")
    notebook = nbformat.read(released, as_version=4)
    notebook.metadata = {key: notebook.metadata[key] for key in ("kernelspec", "language_info")}
    write_atomically(released, notebook_bytes(notebook))
    return released


@contextmanager
def put_back_on_failure(course: Course, *folders: Path) -> Iterator[None]:
    """Have folders be as they were if what is done meanwhile fails: nbgrader takes away what it could not make anew."""
    with tempfile.TemporaryDirectory(prefix=".release-", dir=course.root) as kept:
        there = [(folder, Path(kept, str(number))) for number, folder in enumerate(folders) if folder.is_dir()]
        for folder, copy in there:
            shutil.copytree(folder, copy, symlinks=True)
        try:
            yield
        except BaseException:
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)
            for folder, copy in there:
                shutil.move(copy, folder)
            raise


def is_entered(course: Course, exercise: Exercise) -> bool:
    """Whether the gradebook, which is begun if there is none, knows the exercise with all its checks and questions.

    Raises AuthoringError if it knows others, on which somebody is graded: nbgrader cannot exchange them then.
    """
    from nbgrader.api import MissingEntry

    wanted = {*map(check_id, exercise.checks), *map(question_id, exercise.questions)}
    with GradeWriter(course) as writer, suppress(MissingEntry):
        notebook = writer.gradebook.find_notebook(exercise.slug, exercise.slug)
        there = {cell.name for cell in notebook.grade_cells}
        if there != wanted and notebook.submissions:
            differing = ", ".join(sorted(there ^ wanted))
            raise AuthoringError(
                f"Students are graded on {exercise.slug} already, so its functions and questions stay as they were released "
                f"({differing} is new, or gone); put them back, or release them under another name."
            )
        return there == wanted
    return False


def copy_of(module: ModuleType) -> bytes:
    """A module of the grader as students get it: the same, beside the other one and without the package around it."""
    path = Path(str(module.__file__))
    text = path.read_text(encoding="utf-8")
    for beside in (calling, structure):
        text = text.replace(f"from {beside.__name__} import", f"from {beside.__name__.rpartition('.')[2]} import")
    return (GENERATED.format(path=module.__name__.replace(".", "/")) + text).encode()


def student_files(exercise: Exercise, released: Path) -> dict[str, bytes]:
    """Every file that a student gets, by its name in their folder."""
    files = {f"{exercise.slug}.ipynb": released.read_bytes()} | common_files()
    if (sentences := languages.for_students()) is not None:
        files[languages.FOR_STUDENTS] = sentences
    for check in exercise.checks:
        name = f"examples/{check.name}.json"
        try:
            files[name] = example_in_step(check, exercise.packages, exercise.released / name).encode()
        except UserError:
            raise
        except Exception as error:  # the author's functions: anything can be wrong with them
            told = f"{type(error).__name__}: {str(error).rstrip('.')}"
            raise AuthoringError(f"The worked cases of {check.name} cannot be made: {told}.") from error
    for name in (*exercise.files, *exercise.data):
        files[name] = (exercise.folder / name).read_bytes()
    files["requirements.txt"] = (
        "\n".join([*map(requirement, sorted(exercise.packages)), "jupyterlab>=4"]) + "\n"
    ).encode()
    files["README.txt"] = readme(exercise).encode()
    return files


def requirement(package: str) -> str:
    """A package as pip takes it: of those that were tried, no older one than the oldest."""
    return f"{package}>={oldest_of(package)}" if package in TRIED else package


def oldest_of(package: str) -> str:
    """The oldest version of a package that students may have."""
    return OLDER_THAN_TRIED.get(package, TRIED[package][1])


def readme(exercise: Exercise) -> str:
    """What a student reads first: what it needs, how to make an environment, and what to hand in."""
    packages = sorted(exercise.packages)
    needed = [f"{TRIED[name][0]} {oldest_of(name)}" if name in TRIED else name for name in packages]
    tried = [f"{name} {newest}" if oldest == newest else
             _("{name} {oldest} to {newest}").format(name=name, oldest=oldest, newest=newest)
             for name, oldest, newest in (TRIED[one] for one in ("python", *packages) if one in TRIED)]  # fmt: skip
    return _(README).format(
        title=_(exercise.title),
        slug=exercise.slug,
        python=".".join(map(str, PYTHON)),
        packages=", ".join(needed),
        tried=", ".join(tried),
    )


def common_files() -> dict[str, bytes]:
    """What lies beside every notebook: the checks, how a function is called, and what the structure of wrong results shows."""
    return {"check.py": copy_of(check_module), "calling.py": copy_of(calling), "structure.py": copy_of(structure)}


def write_files(files: dict[str, bytes], folder: Path) -> list[Path]:
    """Write students' files into a folder by their names; return those whose bytes changed."""
    if languages.FOR_STUDENTS not in files:  # it would speak another language than the course does now
        (folder / languages.FOR_STUDENTS).unlink(missing_ok=True)
    paths = [(folder / name, data) for name, data in files.items()]
    changed = [(path, data) for path, data in paths if not path.is_file() or path.read_bytes() != data]
    for path, data in changed:
        write_atomically(path, data)
    return [path for path, _data in changed]


def keep(exercise: Exercise, files: dict[str, bytes]) -> list[Path]:
    """Keep what students get: what is an exercise's own in its folder, what is the same for all beside the exercises."""
    own = {name: data for name, data in files.items() if name.endswith((".ipynb", ".json"))}
    return write_files(own, exercise.released) + write_files(common_files(), exercise.folder.parent / "student")


def package(exercise: Exercise, files: dict[str, bytes]) -> bytes:
    """The students' zip, from the files of ``student_files``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(f"{exercise.slug}/{name}", ZIP_DATE)
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
