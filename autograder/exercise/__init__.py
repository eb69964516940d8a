"""Exercises: how one is declared, found in its folder, read from its text, and filled in by program.

What an exercise's ``checks.py`` needs is imported from here.
"""

from autograder.exercise.declaration import Check, DrawnCase, Exercise, Misconception, Question, Trained
from autograder.exercise.discovery import EXERCISES, Exercises
from autograder.runner.calling import Given

__all__ = [
    "EXERCISES", "Check", "DrawnCase", "Exercise", "Exercises", "Given", "Misconception", "Question", "Trained",
]  # fmt: skip
