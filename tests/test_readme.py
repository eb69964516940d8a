"""What the README says in figures is so."""

from pathlib import Path

from autograder.exercise import EXERCISES

README = " ".join((Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8").split())
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def test_it_counts_exercises_functions_questions_and_known_mistakes() -> None:
    checks = [check for exercise in EXERCISES.values() for check in exercise.checks]
    questions = sum(len(exercise.questions) for exercise in EXERCISES.values())
    mistakes = sum(len(check.misconceptions) for check in checks)
    models = sum(check.trained is not None for check in checks)
    assert f"{WORDS[len(EXERCISES)].capitalize()} exercises ask for {len(checks)} graded functions" in README
    assert f"{WORDS[models]} trained model{'' if models == 1 else 's'}" in README
    assert f"{WORDS[questions]} questions graded by hand" in README
    assert f"{mistakes} known mistakes" in README
