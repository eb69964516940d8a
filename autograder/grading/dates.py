"""A date that would take every mark away is pointed out before any mark is written: it is rather a slip of the keyboard."""

from collections.abc import Mapping
from datetime import UTC, datetime

from autograder.course import Course, CourseError
from autograder.grading.attempts import MOMENT
from autograder.grading.gradebook import GradeWriter

FEWEST = 3  # hand-ins; of two, both may well be late


def takes_all(course: Course, slug: str, arrivals: Mapping[str, str]) -> bool:
    """Whether the date in the settings leaves no hand-in anything of its points; ``arrivals`` says when each came."""
    said, late = course.settings.of(slug), course.settings.late
    if said.due is None or len(arrivals) < FEWEST:
        return False
    for student, moment in arrivals.items():
        came = datetime.strptime(moment, MOMENT).replace(tzinfo=UTC)
        by_how_much = (came - said.extensions.get(student, said.due)).total_seconds()
        if late.penalty(max(by_how_much, 0.0), 1.0) < 1:
            return False
    return True


def require_marks_left(course: Course, writer: GradeWriter, slug: str, arrivals: Mapping[str, str]) -> None:
    """Raise CourseError if a date takes every mark away that is not taken already."""
    if not takes_all(course, slug, arrivals) or writer.all_taken(slug):
        return
    said, settings = course.settings.of(slug), course.settings
    line = settings.lines.get(f"exercise.{slug}.due")
    raise CourseError(
        f"{settings.path}, line {line}: by this date, {said.due:%Y-%m-%d %H:%M %Z}, each of the {len(arrivals)} hand-ins of "
        f"{slug} is so late that it loses all its points; mend the date, or add --yes if it is so. No mark was written."
    )
