"""The sample class of the first exercise, and handing all or some of it in."""

from autograder.course import Course
from autograder.exercise import EXERCISES, Exercise
from autograder.exercise.samples import Sample, samples_of, write_samples

SAMPLES = samples_of(EXERCISES["01_vanilla_rnn"])


def write_class(course: Course, exercise: Exercise, students: frozenset[str] | None = None) -> None:
    """Fill a course's inbox with the sample class, or the named ones, from the notebook released into it."""
    chosen = [sample for sample in SAMPLES if students is None or sample.student in students]
    write_samples(chosen, exercise, course.released(exercise.slug), course.inbox)


def write_sample(sample: Sample, exercise: Exercise, course: Course) -> None:
    write_samples([sample], exercise, course.released(exercise.slug), course.inbox)
