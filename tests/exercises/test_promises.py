"""What the exercises' texts promise is asked for: each promise stands beside the challenge that rejects whoever breaks it."""

import re
from dataclasses import replace

import pytest

from autograder.exercise import EXERCISES, Exercise
from autograder.proof.promises import broken, challenges, plain, promises

EACH_EXERCISE = pytest.mark.parametrize(
    "exercise", [one.without_training() for one in EXERCISES.values()], ids=list(EXERCISES)
)
# In the paragraph on what always holds these words make a promise of a sentence; the others name letters and shapes.
PROMISING = re.compile(r"\b(never|stays?|dtype|new arrays?|rounded|single precision|double precision)\b")


@EACH_EXERCISE
def test_every_promise_is_asked_for(exercise: Exercise) -> None:
    table = promises(exercise)
    assert broken(exercise, table) == []
    for one in table:
        titles = {case.title for case in challenges(exercise, exercise.check(one.check))}
        assert set(one.challenges) <= titles, one
    for check in exercise.checks:
        assert len(check.promises) >= 4, check.name


def sentences_that_always_hold(exercise: Exercise) -> list[str]:
    text = exercise.text().read_text(encoding="utf-8")
    paragraph = re.search(r"\*\*What always holds\.\*\*(.+?)\n\s*\n", text, re.DOTALL)
    assert paragraph is not None
    return re.split(r"(?<=[.;]) ", plain(paragraph[1]))


@EACH_EXERCISE
def test_what_always_holds_is_promised_by_some_check(exercise: Exercise) -> None:
    listed = [plain(words).rstrip(".") for check in exercise.checks for words in check.promises]
    for sentence in sentences_that_always_hold(exercise):
        if PROMISING.search(sentence):
            assert any(words in sentence or sentence.rstrip(".") in words for words in listed), sentence


@pytest.mark.parametrize(
    ("words", "version", "told"),
    [
        ("words that stand nowhere", "rounded", "no text says so"),
        ("time-major", "no such version", "there is no wrong version"),
        ("time-major", "no gradient", "no challenge rejects"),
    ],
)
def test_a_promise_without_words_version_or_challenge_is_refused(words: str, version: str, told: str) -> None:
    exercise = EXERCISES["01_vanilla_rnn"]
    check = replace(exercise.checks[0], promises={words: version})
    changed = replace(exercise, checks=(check,))
    (problem,) = broken(changed, promises(changed))
    assert told in problem
