"""A class in which nobody is to be graded, known without loading the exercise, which takes seconds where PyTorch is needed.

When a grading has come to its end, what the table needs of the exercise is kept with a digest of all that it follows from:
the modules behind it, its folder and the course's settings. While that digest holds, every hand-in is as it was taken in and
everyone is graded by these checks and has their pages, the table is all there is to make. In any other case, and wherever
anything is unclear, the class is graded as ever.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from autograder import languages, settings
from autograder.course import Course, write_atomically
from autograder.exercise import Check, Exercise, Question
from autograder.exercise.declaration import Misconception
from autograder.exercise.discovery import package_of
from autograder.grading import dates, intake, pages
from autograder.grading.class_run import ClassResult, only_one, version_here
from autograder.grading.core import decisive, version_of
from autograder.grading.gradebook import GradeWriter, Row
from autograder.grading.inbox import look

FOLDER = ".autograder-known"
OURS = ("autograder", "solutions")


def path_of(course: Course, slug: str) -> Path:
    return course.root / FOLDER / f"{slug}.json"


def digest_of(course: Course, folder: Path, files: list[str]) -> str:
    """A digest of files, of those that decide about an exercise, and of the course's settings."""
    here = Path(__file__).parents[1]
    paths = {Path(file) for file in files} | {path for path in decisive(folder) if path.is_file()}
    paths |= {course.root / settings.FILE, *here.glob("grading/*.py"), *here.glob("runner/*.py")}
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def remember(course: Course, exercise: Exercise) -> None:
    """Keep what the table needs of an exercise that is loaded."""
    packages = (*OURS, package_of(exercise.folder))
    loaded = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] in packages]
    files = {str(Path(file).resolve()) for file in (getattr(module, "__file__", None) for module in loaded) if file}
    files |= {check.reference.__code__.co_filename for check in exercise.checks if hasattr(check.reference, "__code__")}
    about = {
        "title": exercise.title, "files": exercise.files,
        "questions": [[one.name, one.title, one.points, one.section] for one in exercise.questions],
        "checks": [outline(check) for check in exercise.checks],
        "left_out": [outline(check) for check in exercise.left_out],
    }  # fmt: skip
    listed = sorted(files)
    known = {
        "files": listed, "digest": digest_of(course, exercise.folder, listed), "folder": str(exercise.folder),
        "version": version_of(exercise), "exercise": about,
    }  # fmt: skip
    write_atomically(path_of(course, exercise.slug), json.dumps(known).encode())


def outline(check: Check) -> dict[str, Any]:
    mistakes = [[mistake.name, mistake.message] for mistake in check.misconceptions]
    return {"name": check.name, "rename": check.function, "points": check.points, "section": check.section,
            "mistakes": mistakes}  # fmt: skip


def not_loaded(*_given: Any) -> Any:
    raise TypeError("This exercise is not loaded; only its outline is known.")


def outlined(about: dict[str, Any]) -> Check:
    mistakes = [Misconception(name, message, not_loaded) for name, message in about.pop("mistakes")]
    return Check(reference=not_loaded, draw=not_loaded, worked=not_loaded, axes="", misconceptions=mistakes, **about)


def recall(course: Course, slug: str) -> tuple[Exercise, str] | None:
    """What is known of an exercise, and the version of its checks; None if that need not hold any more."""
    try:
        known = json.loads(path_of(course, slug).read_bytes())
        folder = course.exercises.places[slug]
        if known["folder"] != str(folder) or known["digest"] != digest_of(course, folder, known["files"]):
            return None
        about = known["exercise"]
        exercise = Exercise(
            title=about["title"], packages=(), files=tuple(about["files"]), slug=slug, folder=folder,
            checks=tuple(map(outlined, about["checks"])), left_out=tuple(map(outlined, about["left_out"])),
            questions=tuple(Question(*question) for question in about["questions"]),
        )  # fmt: skip
        return exercise, str(known["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def whole_course(course: Course, tables: list[tuple[Exercise, list[Row]]]) -> list[tuple[Exercise, list[Row]]]:
    """The tables of all exercises that anybody is graded on, in the course's order; those that are there are not read again."""
    have = {exercise.slug: (exercise, rows) for exercise, rows in tables}
    with GradeWriter(course) as writer:
        graded = writer.graded_names() & set(course.exercises)
        names = [*course.chosen, *sorted(graded - set(course.chosen))]
        for slug in (name for name in names if name in graded and name not in have):
            known = recall(course, slug)
            exercise = known[0] if known else course.exercise(slug)
            have[slug] = exercise, writer.rows(exercise)
    return [have[name] for name in names if name in have and have[name][1]]


def settled(
    course: Course, slug: str, students: tuple[str, ...] = (), agreed: bool = False
) -> tuple[Exercise, ClassResult] | None:
    """The outline of an exercise and its table, if nobody is to be graded and no page to be made; else None.

    Nothing is changed but what follows from a date.
    """
    known = recall(course, slug)
    if known is None or not course.has_secret or not course.released(slug).is_file():
        return None
    exercise, version = known
    languages.add(exercise.folder, course.settings.language)
    with only_one(course), GradeWriter(course) as writer:
        inbox, desk = look(course, slug, students), intake.Desk(course, exercise)
        version = version_here(writer, exercise, version)
        graded = writer.up_to_date(slug, version)
        for hand_in in inbox.hand_ins:
            record = intake.as_before(desk, hand_in)
            if record is None or graded.get(hand_in.student) != record["signature"]:
                return None
        if writer.unfinished(slug):
            return None
        came = intake.arrivals(course, slug, [one.student for one in inbox.hand_ins])
        if not agreed:
            dates.require_marks_left(course, writer, slug, came)
        writer.apply_dates(slug, came)
        written = writer.pages_written(slug)
        if not all(done and pages.are_there(course, slug, student) for student, done in written.items()):
            return None
        unlike = writer.unlike_release(exercise)
        return exercise, ClassResult(rows=writer.rows(exercise), inbox=inbox, unlike_release=unlike)
