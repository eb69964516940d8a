"""The tasks that ask for memory are what they say: what is asked can be read from the input, and only from where it stands."""

import math
from itertools import pairwise

import numpy as np
import pytest
from book_paths import BOOK  # noqa: F401  makes the book's modules importable
from experiments import memory, tasks
from experiments.applications import captions, messages, moving_digit
from experiments.data import digits
from experiments.messages import BLANKS


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_first_step_asks_for_the_sign_of_the_first_input_and_has_noise_of_mean_zero(rng) -> None:
    x, targets, mask = tasks.first_step(rng, 30, 500)
    assert x.shape == (31, 500, 2)
    np.testing.assert_array_equal(x[0, :, 0], 2 * targets - 1)
    assert not x[1:, :, 0].any()
    assert abs(x[:, :, 1].mean()) < 4 / math.sqrt(3 * 31 * 500)
    assert mask.all()


def test_adding_marks_one_number_in_each_half_and_asks_for_their_sum(rng) -> None:
    x, targets, _ = tasks.adding(rng, 51, 400)
    assert (x[:25, :, 1].sum(axis=0) == 1).all()
    assert (x[25:, :, 1].sum(axis=0) == 1).all()
    np.testing.assert_allclose((x[:, :, 0] * x[:, :, 1]).sum(axis=0), targets, rtol=1e-6)
    assert abs(np.mean((targets - 1) ** 2) - memory.baseline("adding", 51)) < 0.03


def test_copying_asks_for_the_symbols_when_the_cue_has_come(rng) -> None:
    delay = 15
    x, targets, _ = tasks.copying(rng, delay, 6)
    words = x.argmax(axis=2)
    assert len(words) == delay + 20
    np.testing.assert_array_equal(words[:10], targets[-10:])
    assert (words[-11] == tasks.CUE).all()
    assert (targets[:-10] == tasks.BLANK).all()
    assert memory.baseline("copying", delay) == pytest.approx(10 * math.log(8) / (delay + 20))


@pytest.mark.parametrize("T", [20, 50])
def test_temporal_order_has_two_marks_and_four_answers(T: int, rng) -> None:
    x, targets, _ = tasks.temporal_order(rng, T, 300)
    words = x.argmax(axis=2)
    for n in range(300):
        places = np.flatnonzero(words[:, n] < 2)
        assert len(places) == 2
        assert places[0] < T // 5 < places[1]
        assert targets[n] == 2 * words[places[0], n] + words[places[1], n]
    assert set(targets) == {0, 1, 2, 3}


def test_every_task_has_all_cells_lengths_and_five_seeds() -> None:
    runs = [(s["task"], s["length"], s["variant"], s["seed"]) for s in memory.all_runs()]
    assert len(set(runs)) == len(runs) == 14 * 6 * 5


@pytest.mark.parametrize("distance", messages.DISTANCES)
def test_in_a_message_the_word_that_decides_lies_as_far_back_as_said(distance: int, rng) -> None:
    after = 0
    for _ in range(60):
        words = messages.message(rng, distance)
        today = words.index("it") + 5
        assert BLANKS[words[today]] == words[-1]
        assert len(words[today + 1 : -1]) == distance
        assert sum(word in BLANKS for word in words) == 2
        after += words.index("yesterday") > today
    assert (0 < after < 60) == (distance >= messages.AFTER + messages.messages.distance(0))


def test_a_digit_moves_by_one_point_a_frame(rng, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving_digit, "NOISE", 0.0)
    x, way, _ = moving_digit.videos(rng, digits.load()[0], 40)
    steps = list(moving_digit.DIRECTIONS.values())
    frames = x.reshape(moving_digit.FRAMES, 40, moving_digit.SIDE, moving_digit.SIDE)
    for n in range(40):
        for before, after in pairwise(frames[:, n]):
            np.testing.assert_array_equal(np.roll(before, steps[way[n]], axis=(0, 1)), after)


def test_captions_say_where_the_digits_are() -> None:
    assert captions.caption(3, 8, beside=True) == "three left of eight"
    assert captions.caption(3, 8, beside=False) == "three above eight"
    assert captions.caption(6, 6, beside=True) == "two sixes in a row"
    read, write, mask = captions.words_of(["three above eight", "two sixes in a row"])
    assert [captions.WORDS[one] for one in read[:, 0]][:4] == ["<start>", "three", "above", "eight"]
    assert [captions.WORDS[one] for one in write[:4, 0]] == ["three", "above", "eight", "<end>"]
    assert mask.sum(axis=0).tolist() == [4, 6]
