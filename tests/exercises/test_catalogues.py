"""Each exercise says in German and in Spanish all that it says in English, with the same names and numbers."""

import re

import numpy as np
import pytest

from autograder import languages
from autograder.course import Course
from autograder.exercise import EXERCISES, Exercise
from tests.autograder.given import speaking

OTHERS = [language for language in languages.spoken() if language != "en"]
EACH = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
NAMES = re.compile(r"\b(?:[a-zA-Z]+_[a-z0-9_]+|np\.\w+|float(?:32|64)|NaN|\d+\.\d+)\b|\([TNHDV](?:, [TNHDV1-4])+\)")


def test_german_and_spanish_are_spoken() -> None:
    assert OTHERS == ["de", "es"]


@pytest.mark.parametrize("language", OTHERS)
@EACH
def test_a_catalogue_translates_every_sentence_and_no_other(exercise: Exercise, language: str) -> None:
    entries = {one.id: one for one in languages.read(exercise.folder / "locale" / f"{language}.po") if one.id}
    assert set(entries) == set(exercise.sentences())
    translated = languages.translated(exercise.folder / "locale" / f"{language}.po")
    assert set(translated) == set(entries), "each sentence has a translation with the same placeholders, none is fuzzy"


@pytest.mark.parametrize("language", OTHERS)
@EACH
def test_names_shapes_and_numbers_are_the_same(exercise: Exercise, language: str) -> None:
    for sentence, told in languages.translated(exercise.folder / "locale" / f"{language}.po").items():
        assert set(NAMES.findall(sentence)) <= set(NAMES.findall(told)), (sentence, told)


@EACH
def test_the_titles_of_cases_do_not_depend_on_the_draw(exercise: Exercise) -> None:
    known = set(exercise.sentences())
    for check in exercise.checks:
        for seed in range(3):
            assert {case.title for case in check.draw(np.random.default_rng(seed))} <= known


@pytest.mark.parametrize(("language", "told"), [("de", "wenn der Bias b fehlt"), ("es", "sesgo b")])
def test_a_course_in_another_language_names_mistakes_in_it(language: str, told: str, tmp_path) -> None:
    course = Course.create(tmp_path / "course")
    (course.root / "course.toml").write_text(f'language = "{language}"\n')
    course = Course.open(course.root)
    with speaking(language):
        exercise = course.exercise("01_vanilla_rnn")
        message = exercise.check("rnn.step").misconceptions[0].message
        assert told in languages.calling.SENTENCES[message]
