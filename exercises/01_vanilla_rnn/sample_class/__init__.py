"""A class to try the grader on: honest work, accidents and attacks, each with the grade it must get."""

from autograder.exercise.samples import Sample

from . import accidents, attacks, honest

SAMPLES: tuple[Sample, ...] = (*honest.SAMPLES, *accidents.SAMPLES, *attacks.SAMPLES)
