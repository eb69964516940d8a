"""A class to try the grader on: honest work, accidents and cheats, each made from the released notebook, each with the grade it must get."""

from autograder.sample_class.sample import Sample
from autograder.sample_class.samples import SAMPLES, write_class

__all__ = ["SAMPLES", "Sample", "write_class"]
