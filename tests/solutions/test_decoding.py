"""Decoding: greedy is a beam of one, a wide beam is an exhaustive search, and chance follows the probabilities."""

import itertools
from typing import Any

import numpy as np
import pytest

from solutions.with_numpy import decoding, encoder_decoder
from solutions.with_numpy.decoding import beam, choose, greedy, log_softmax, probabilities, sample

START, END, V = 0, 1, 4


def model(seed: int, N: int = 1) -> tuple[Any, Any]:
    """A small random translator, and its states for random sources."""
    rng = np.random.default_rng(seed)
    weights = encoder_decoder.initial_weights("gru", 5, V, 3, 4, rng)
    weights = {name: 2 * array for name, array in weights.items()}
    states, _ = encoder_decoder.encode(rng.integers(5, size=(3, N)), weights, "gru")
    return encoder_decoder.next_scores(weights, "gru"), states


def log_probability(next_scores: Any, states: Any, ids: tuple[int, ...]) -> float:
    total, last = 0.0, START
    for word in ids:
        y, states = next_scores(np.array([last]), states)
        total += float(log_softmax(y)[0, word])
        last = word
    return total


def every_sequence(longest: int) -> list[tuple[int, ...]]:
    """All that end with the end word, and those of the greatest length that do not."""
    found = []
    for length in range(1, longest + 1):
        for ids in itertools.product(range(V), repeat=length):
            if END not in ids[:-1] and (ids[-1] == END or length == longest):
                found.append(ids)
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_beam_as_wide_as_there_are_sequences_finds_the_best_of_all(seed: int, penalty: float) -> None:
    next_scores, states = model(seed)
    sequences = every_sequence(3)
    scored = {ids: log_probability(next_scores, states, ids) for ids in sequences}
    best = sorted(sequences, key=lambda ids: -scored[ids] / len(ids) ** penalty)
    found = beam(next_scores, states, START, END, 3, len(sequences), penalty)
    assert [tuple(ids) for ids, _ in found] == best
    for ids, log_p in found:
        assert log_p == pytest.approx(scored[tuple(ids)], abs=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_a_beam_of_one_is_greedy(seed: int) -> None:
    next_scores, states = model(seed)
    ((ids, log_p),) = beam(next_scores, states, START, END, 6, 1)
    assert ids == greedy(next_scores, states, START, END, 6)[:, 0].tolist()
    assert log_p == pytest.approx(log_probability(next_scores, states, tuple(ids)), abs=1e-12)


def test_a_wider_beam_can_find_what_greedy_misses() -> None:
    better = 0
    for seed in range(20):
        next_scores, states = model(seed)
        narrow, wide = (beam(next_scores, states, START, END, 4, width)[0][1] for width in (1, 8))
        better += wide > narrow + 1e-9
    assert better > 0, "in no model does the beam find more than greedy"


def test_a_beam_wants_one_sequence_and_some_width() -> None:
    next_scores, states = model(0, N=2)
    with pytest.raises(ValueError, match="the states must be those of one sequence, but are of 2"):
        beam(next_scores, states, START, END, 3, 2)
    with pytest.raises(ValueError, match="the argument width must be at least 1, but is 0"):
        beam(next_scores, (states[0][:1],), START, END, 3, 0)


def fixed(words: list[list[int]]) -> Any:
    """A model whose best word at step t for sequence n is words[n][t]."""

    def next_scores(ids: np.ndarray, states: Any) -> Any:
        (t,) = states
        y = np.zeros((len(words), V))
        for n, line in enumerate(words):
            y[n, line[int(t[n, 0])]] = 5.0
        return y, (t + 1,)

    return next_scores


def test_after_its_end_a_sequence_holds_the_end_word_alone_and_all_ended_stops() -> None:
    next_scores = fixed([[2, END, 3, 3, 3], [3, 3, 2, END, 2]])
    ids = greedy(next_scores, (np.zeros((2, 1)),), START, END, 5)
    assert ids.T.tolist() == [[2, END, END, END], [3, 3, 2, END]]
    assert greedy(next_scores, (np.zeros((2, 1)),), START, END, 2).T.tolist() == [[2, END], [3, 3]]
    assert greedy(next_scores, (np.zeros((2, 1)),), START, END, 0).shape == (0, 2)


def test_temperature_sharpens_and_flattens() -> None:
    y = np.array([1.0, 2.0, 4.0])
    assert np.allclose(probabilities(y), np.exp(y) / np.exp(y).sum(), atol=1e-15)
    cold, usual, hot = (probabilities(y, temperature)[2] for temperature in (0.1, 1.0, 10.0))
    assert cold > 0.999 > usual > hot > 1 / 3
    assert np.isfinite(probabilities(np.array([1e4, -1e4]), 0.01)).all()
    assert probabilities(y.astype(np.float32), 0.7).dtype == np.float32


def test_top_k_keeps_exactly_k_words_and_of_equal_ones_the_first() -> None:
    y = np.array([[1.0, 3.0, 3.0, 3.0], [0.0, -1.0, 2.0, 1.0]])
    p = probabilities(y, top_k=2)
    assert (p > 0).tolist() == [[False, True, True, False], [False, False, True, True]]
    assert np.allclose(p.sum(axis=1), 1, atol=1e-15)
    assert np.array_equal(probabilities(y, top_k=4), probabilities(y))
    assert np.array_equal(probabilities(y, top_k=9), probabilities(y))
    assert y[0, 0] == 1.0, "the scores were written to"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.0}, "temperature must be above 0, but is 0.0"),
        ({"temperature": -1.0}, "temperature must be above 0, but is -1.0"),
        ({"top_k": 0}, "top_k must be at least 1, but is 0"),
    ],
)
def test_temperatures_and_counts_beyond_their_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        probabilities(np.ones(3), **options)


def test_words_are_drawn_by_the_inverse_of_the_cumulative_probability() -> None:
    p = np.tile([0.2, 0.0, 0.5, 0.3], (6, 1))
    u = np.array([0.0, 0.199, 0.2, 0.699, 0.7, np.nextafter(1.0, 0.0)])
    assert choose(p, u).tolist() == [0, 0, 2, 2, 3, 3]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_word_of_probability_zero_is_never_drawn(dtype: type) -> None:
    rng = np.random.default_rng(0)
    p = rng.random((2000, 50)).astype(dtype)
    p[:, -3:] = 0
    p[:, 0] = 0
    p /= p.sum(axis=1, keepdims=True)
    for u in (np.full(2000, np.nextafter(dtype(1), dtype(0))), np.zeros(2000, dtype), rng.random(2000).astype(dtype)):
        drawn = choose(p, u)
        assert (p[np.arange(2000), drawn] > 0).all()


def test_samples_follow_the_probabilities_and_the_same_numbers_give_the_same_words() -> None:
    y = np.array([0.0, 1.0, 2.0, -1.0])
    N = 20000

    def next_scores(ids: np.ndarray, states: Any) -> Any:
        return np.tile(y, (N, 1)), states

    u = np.random.default_rng(0).random((1, N))
    for options in ({}, {"temperature": 0.5}, {"top_k": 2}):
        ids = sample(next_scores, (np.zeros((N, 1)),), START, END, u, **options)
        shares, p = np.bincount(ids[0], minlength=V) / N, probabilities(y, **options)
        spread = np.sqrt(p * (1 - p) / N)
        assert (np.abs(shares - p) <= 5 * spread).all(), f"{options}: {shares} instead of {p}"
        again = sample(next_scores, (np.zeros((N, 1)),), START, END, u, **options)
        assert np.array_equal(ids, again)


def test_the_coldest_sample_is_greedy() -> None:
    next_scores, states = model(3, N=5)
    u = np.random.default_rng(0).random((6, 5))
    cold = sample(next_scores, states, START, END, u, temperature=1e-4)
    assert np.array_equal(cold, greedy(next_scores, states, START, END, 6))
    one = sample(next_scores, states, START, END, u, top_k=1)
    assert np.array_equal(one, cold)


def test_log_softmax_adds_up_to_one() -> None:
    y = np.random.default_rng(0).normal(size=(3, 4, 5)) * 1000
    assert np.allclose(np.exp(decoding.log_softmax(y)).sum(axis=-1), 1, atol=1e-12)
