"""The whole class, and writing it into a course's inbox."""

import shutil
from pathlib import Path

import nbformat

from autograder.checks import Exercise
from autograder.course import Course
from autograder.sample_class import accidents, cheats, honest
from autograder.sample_class.sample import Desk, Sample

SAMPLES: tuple[Sample, ...] = (*honest.SAMPLES, *accidents.SAMPLES, *cheats.SAMPLES)
SLUG = "01_vanilla_rnn"


def write_sample(sample: Sample, exercise: Exercise, released: Path, inbox: Path) -> None:
    """Make one submission; what lay in its folder before goes."""
    folder = inbox / sample.student / exercise.slug
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    sample.make(Desk(exercise, nbformat.read(released, as_version=4), folder))


def write_class(course: Course, exercise: Exercise, students: frozenset[str] | None = None) -> None:
    """Fill a course's inbox with the sample class (or the named ones), from the notebook released into it."""
    for sample in SAMPLES:
        if students is None or sample.student in students:
            write_sample(sample, exercise, course.released(exercise.slug), course.inbox)
