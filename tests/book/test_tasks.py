"""The tasks that ask for memory are what they say: what is asked can be read from the input, and only from where it stands."""

import math
from itertools import pairwise

import numpy as np
import pytest
from book_paths import BOOK  # noqa: F401  makes the book's modules importable
from experiments import memory, parity, recall, tasks
from experiments.applications import captions, dates, messages, moving_digit, turns
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


def small_bag(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Weights of the bag of words, in float64, as a gradient check wants them."""
    weights = captions.initial_weights({"variant": "rnn", "H": 5, "D": 4}, rng)
    del weights["W_e"]
    return {name: array.astype(np.float64) for name, array in weights.items()}


def test_the_bag_of_words_of_captions_learns_by_its_gradient(rng) -> None:
    drawn = captions.draw(rng, digits.load()[0], 6)
    some, weights = drawn._replace(pictures=drawn.pictures.astype(np.float64)), small_bag(rng)
    _, gradients = captions.bag_loss_and_gradients(weights, some)
    assert gradients.keys() == weights.keys()
    for name, array in weights.items():
        place = np.unravel_index(np.abs(gradients[name]).argmax(), array.shape)
        losses = []
        for step in (1e-5, -1e-5):
            moved = {**weights, name: array.copy()}
            moved[name][place] += step
            losses.append(captions.bag_loss_and_gradients(moved, some)[0])
        slope = (losses[0] - losses[1]) / 2e-5
        assert gradients[name][place] == pytest.approx(slope, rel=1e-3, abs=1e-6), name


def test_the_bag_of_words_puts_the_smaller_digit_first_and_needs_no_order(rng) -> None:
    weights = {name: np.zeros_like(array) for name, array in small_bag(rng).items()}
    pictures = np.zeros((1, captions.SIDE**2))

    def caption_of(*words: str) -> str:
        weights["b_y"] = np.array([float(word in words) for word in captions.WORDS])
        return captions.in_a_usual_order(weights, pictures)[0]

    assert caption_of("eight", "above", "three") == caption_of("three", "above", "eight") == "three above eight"
    assert caption_of("one", "left", "of", "zero") == "zero left of one"
    assert caption_of("two", "sixes", "in", "a", "row") == "two sixes in a row"


def test_the_learning_rate_of_dates_stays_and_then_falls_to_zero() -> None:
    step = dates.falling({"falls_after": 2, "updates": 4, "learning_rate": 0.1})
    weights, state, moves = {"w": np.zeros(1)}, {}, []
    for _ in range(4):
        after, state = step(weights, {"w": np.ones(1)}, state)
        moves.append(float(weights["w"][0] - after["w"][0]))
        weights = after
    np.testing.assert_allclose(moves, [0.1, 0.1, 0.1, 0.05], rtol=1e-4)


def test_parity_says_at_each_step_whether_the_ones_so_far_are_odd(rng) -> None:
    x, odd = parity.sequences(rng, 9, 50)
    ones = np.zeros(50, dtype=int)
    for bits, answers in zip(x, odd, strict=True):
        assert (bits.sum(axis=1) == 1).all()
        ones += bits[:, 1].astype(int)
        np.testing.assert_array_equal(answers, ones % 2)


@pytest.mark.parametrize("pairs", [1, 5, recall.KEYS])
def test_recall_asks_for_the_value_that_stood_beside_the_key(pairs: int, rng) -> None:
    x, asked = recall.sequences(rng, pairs, 60)
    assert x.shape == (pairs + 1, 60, recall.KEYS + recall.VALUES)
    assert not x[-1, :, recall.KEYS :].any()
    for n in range(60):
        keys = x[:, n, : recall.KEYS].argmax(axis=1)
        assert len(set(keys[:-1])) == pairs
        (place,) = np.flatnonzero(keys[:-1] == keys[-1])
        assert x[place, n, recall.KEYS :].argmax() == asked[n]


def test_recordings_are_utterances_end_to_end_with_their_speakers_in_order(rng) -> None:
    spoken, who = [np.full((length, 12), length, np.float32) for length in (3, 4, 6)], np.array([5, 0, 8])
    data = turns.joined(rng, spoken, who, 40)
    for n, ends in enumerate(data.ends):
        lengths = np.diff([0, *ends])
        assert data.mask[:, n].sum() == ends[-1]
        np.testing.assert_array_equal(data.x[: ends[-1], n, 0], np.repeat(lengths, lengths))
        right = [{3: 6, 4: 1, 6: 9}[length] for length in lengths]
        assert data.targets[data.target_mask[:, n], n].tolist() == right
        assert turns.FEWEST <= len(right) <= turns.MOST
    assert turns.label_error_rate([[] for _ in data.ends], data) == 1
    one = turns.part(data, 3)
    assert one.x.shape == (data.ends[3][-1], 1, 12)
    assert one.mask.all()


@pytest.mark.parametrize("variant", turns.VARIANTS)
def test_the_models_of_recordings_learn_by_their_gradient(variant: str, rng) -> None:
    data = turns.joined(rng, [rng.normal(size=(length, 12)) for length in (3, 4)], np.array([1, 4]), 3)
    data = data._replace(x=data.x.astype(np.float64))
    weights = {name: array.astype(np.float64) for name, array in turns.initial_weights(variant, 4, rng).items()}
    _, gradients = turns.loss_and_gradients(weights, data)
    assert gradients.keys() == weights.keys()
    for name, array in weights.items():
        place = np.unravel_index(np.abs(gradients[name]).argmax(), array.shape)
        losses = []
        for step in (1e-5, -1e-5):
            moved = {**weights, name: array.copy()}
            moved[name][place] += step
            losses.append(turns.loss_and_gradients(moved, data)[0])
        assert gradients[name][place] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-4), name
