"""What nbgrader loads at its own door: preprocessors through which its autograde calls the same core as our command."""

import re
from pathlib import Path
from typing import Any

import nbformat
from latex2mathml.converter import convert
from nbgrader.plugins import BasePlugin
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Dict

from autograder import languages, settings
from autograder.course import Course
from autograder.grading import challenge, intake
from autograder.grading.class_run import only_one, version_here
from autograder.grading.core import NotTakenIn, Settings, grade_submission, version_of
from autograder.grading.gradebook import GradeWriter
from autograder.grading.pages import enter_beside, is_rubric, shown_besides
from autograder.runner.calling import SENTENCES

DISPLAYED = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
LONGEST_FORMULA = 60  # letters of TeX
INLINE = re.compile(r"(?<![\\$`\w])\$([^\s$`][^$`\n]*?)\$(?![\w$])")


class LatePenalty(BasePlugin):  # type: ignore[misc]
    """Takes off for a late hand-in what the course's settings say."""

    late = Dict().tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float:
        return settings.Late(**self.late).penalty(total_seconds_late, score)


def course_of(preprocessor: Any) -> Course:
    """The course that nbgrader is working on: the converter above the exporter above this preprocessor knows."""
    above = preprocessor.parent
    while above is not None and not hasattr(above, "coursedir"):
        above = above.parent
    if above is None:
        raise NotTakenIn("This preprocessor works inside nbgrader's autograde alone.")
    course = Course.open(Path(above.coursedir.root))
    if not SENTENCES:  # in nbgrader's own process nobody has chosen a language yet
        languages.use(course.settings.language)
    return course


class ConfirmIntake(NbGraderPreprocessor):  # type: ignore[misc]
    """Lets nothing pass that intake did not write: its proof must fit the bytes in submitted/."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        about = resources["nbgrader"]
        data = intake.confirmed(course_of(self), about["student"], about["assignment"])
        if data is None:
            raise NotTakenIn(
                f"submitted/{about['student']}/{about['assignment']} was not written by intake, or was changed since; "
                "put hand-ins into inbox/ and run 'autograder intake'."
            )
        return nbformat.reads(data, as_version=4), resources


class GradeInSandbox(NbGraderPreprocessor):  # type: ignore[misc]
    """Runs the submission in the sandbox, judges it outside, and writes the grades: the same core as our command."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        about = resources["nbgrader"]
        course, student = course_of(self), about["student"]
        exercise = course.exercise(course.exercises.known([about["assignment"]])[0])
        with only_one(course), GradeWriter(course) as writer:
            version = version_here(writer, exercise, version_of(exercise))
            run = writer.begin(exercise.slug, version, challenge.new_seed(), anew=False)
            if student in writer.graded_in(run):  # a regrade draws new challenges
                run = writer.begin(exercise.slug, version, challenge.new_seed(), anew=True)
            graded = grade_submission(course, exercise, student, run.seed, Settings())
            writer.write(exercise, run, graded)
        return nbformat.reads(graded.notebook, as_version=4), resources


def displayed(tex: str) -> str:
    """A formula on lines of its own; one that is wider than a phone scrolls by itself, and the keyboard reaches it."""
    formula = convert(tex, display="block")
    return formula if len(tex) <= LONGEST_FORMULA else f'<div class="wide" tabindex="0">{formula}</div>'


class ShowMathematics(NbGraderPreprocessor):  # type: ignore[misc]
    """Turns the TeX of the released prose into MathML, which browsers draw without a script.

    What a student wrote stays as it is: it is not ours to trust to a converter. The template finds the marks and the course's
    language here too, since nbgrader makes its own exporter.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        course, about = course_of(self), resources["nbgrader"]
        with GradeWriter(course) as writer:
            marks = writer.marks(about["assignment"], about["student"])
        resources.update(shown_besides(course, marks))
        nb.cells = [cell for cell in nb.cells if not is_rubric(cell)]
        for cell in nb.cells:
            enter_beside(cell, marks)
        return super().preprocess(nb, resources)  # type: ignore[no-any-return]

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        if cell.cell_type == "markdown" and cell.get("id", "").startswith("text-"):
            cell.source = DISPLAYED.sub(lambda found: displayed(found[1].strip()), cell.source)
            cell.source = INLINE.sub(lambda found: convert(found[1].strip()), cell.source)
        return cell, resources
