"""Trained models are judged fairly: right runs lie well on the good side of the threshold, models without order on the other."""

import json
from pathlib import Path

import numpy as np
import pytest

from autograder.exercise import EXERCISES, Check

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
TRAINED = [
    pytest.param(slug, check, id=check.name)
    for slug, exercise in EXERCISES.items()
    for check in exercise.checks
    if check.trained
]


def kept(slug: str, check: Check) -> dict:
    path = BENCHMARKS / f"training_{slug.partition('_')[2]}.json"
    return json.loads(path.read_text())["checks"][check.name]


@pytest.mark.parametrize(("slug", "check"), TRAINED)
def test_right_runs_lie_four_standard_deviations_beyond_the_threshold(slug: str, check: Check) -> None:
    found, trained = kept(slug, check), check.trained
    assert trained is not None
    assert found["measure"] == trained.measure, f"measured with another score: run benchmarks/training.py {slug}"
    scores = np.array(found["right"])
    assert len(scores) >= 20
    distance = (scores.mean() - trained.threshold) * (1 if trained.higher else -1)
    assert distance >= 4 * scores.std(ddof=1)


@pytest.mark.parametrize(("slug", "check"), TRAINED)
def test_no_model_without_order_comes_near_the_threshold(slug: str, check: Check) -> None:
    """Ten points of a hundred where the score is a share; where it is an error or a perplexity, a tenth of the threshold."""
    best, trained = kept(slug, check)["without_order"], check.trained
    assert trained is not None
    if trained.higher:
        assert max(best) <= trained.threshold - 0.10
    else:
        assert min(best) >= 1.10 * trained.threshold


@pytest.mark.parametrize(("slug", "check"), TRAINED)
def test_training_takes_a_minute_at_most(slug: str, check: Check) -> None:
    """As it was when it was measured."""
    assert max(kept(slug, check)["seconds"]) <= 60
