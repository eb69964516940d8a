"""What is checked: one module an exercise, each with its checks, challenges and misconceptions."""

from autograder.checks import applications, bptt, gradients, gru, language_model, lstm, pytorch, vanilla_rnn
from autograder.checks.declaration import Check, DrawnCase, Exercise, Misconception, Question, Trained

MODULES = (vanilla_rnn, bptt, gradients, lstm, gru, language_model, pytorch, applications)
EXERCISES: dict[str, Exercise] = {module.EXERCISE.slug: module.EXERCISE for module in MODULES}

__all__ = ["EXERCISES", "Check", "DrawnCase", "Exercise", "Misconception", "Question", "Trained"]
