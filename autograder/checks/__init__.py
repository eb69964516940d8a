"""What is checked: one module an exercise, each with its checks, challenges and misconceptions."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from autograder.checks.declaration import Check, DrawnCase, Exercise, Misconception, Question, Trained

MODULES = {
    "01_vanilla_rnn": "vanilla_rnn",
    "02_bptt": "bptt",
    "03_gradients": "gradients",
    "04_lstm": "lstm",
    "05_gru": "gru",
    "06_language_model": "language_model",
    "07_pytorch": "pytorch",
    "08_applications": "applications",
}


class Exercises(Mapping[str, Exercise]):
    """The exercises by their slugs. Each is loaded when it is asked for, since PyTorch takes seconds to import."""

    def __getitem__(self, slug: str) -> Exercise:
        exercise: Exercise = import_module(f"{__name__}.{MODULES[slug]}").EXERCISE
        return exercise

    def __contains__(self, slug: object) -> bool:
        return slug in MODULES

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


EXERCISES = Exercises()

__all__ = ["EXERCISES", "Check", "DrawnCase", "Exercise", "Misconception", "Question", "Trained"]
