"""What is checked: one module an exercise, each with its checks, challenges and misconceptions."""

from autograder.checks import vanilla_rnn
from autograder.checks.declaration import Check, DrawnCase, Exercise, Misconception, Question, Trained

EXERCISES: dict[str, Exercise] = {exercise.slug: exercise for exercise in (vanilla_rnn.EXERCISE,)}

__all__ = ["EXERCISES", "Check", "DrawnCase", "Exercise", "Misconception", "Question", "Trained"]
