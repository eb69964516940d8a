"""Text as numbers and back, the made-up messages, and the language model that the exercise trains beside the general one."""

import io
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pytest

from solutions.with_numpy import gru_language_model, language_model, text
from solutions.with_numpy.clipping import global_norm
from solutions.with_numpy.decoding import fill_blank
from solutions.with_numpy.loss import perplexity

WORDS = ["<padding>", "<unknown>", "meet", "for", "tea"]
MEALS = {"morning": "breakfast", "afternoon": "lunch", "evening": "dinner"}


def test_every_word_has_one_place_after_padding_and_unknown() -> None:
    assert text.vocabulary_of(["for tea", "meet for"]) == ["<padding>", "<unknown>", "for", "meet", "tea"]
    assert text.vocabulary_of([]) == ["<padding>", "<unknown>"]


def test_texts_become_columns_of_places_padded_at_the_end() -> None:
    ids, mask = text.encode(["meet for chess", "tea"], WORDS)
    assert ids.tolist() == [[2, 4], [3, 0], [1, 0]]
    assert mask.tolist() == [[True, True], [True, False], [True, False]]
    assert (ids.dtype.kind, mask.dtype.kind) == ("i", "b")


def test_decoding_gives_the_known_words_back() -> None:
    ids, _ = text.encode(["meet for chess", "tea"], WORDS)
    assert [text.decode(column, WORDS) for column in ids.T] == ["meet for <unknown>", "tea"]


@pytest.mark.parametrize("seed", range(20))
def test_the_second_time_of_day_decides_the_meal(seed: int) -> None:
    words = text.message(np.random.default_rng(seed)).split()
    first, second = (word for word in words if word in MEALS)
    assert first != second
    assert words[-5:] == ["let's", "meet", "for", MEALS[second], "<end>"]
    assert 1 <= len(words) - 12 <= 3, "one to three small words"


def test_streams_are_messages_one_after_the_other() -> None:
    vocabulary = text.vocabulary_of([text.message(np.random.default_rng(seed)) for seed in range(300)])
    ids = text.streams(np.random.default_rng(0), 60, 3, vocabulary)
    assert ids.shape == (60, 3)
    assert text.decode(ids[:7, 0], vocabulary).startswith("it is not ")
    assert text.decode(ids[:2, 1], vocabulary) == "is not"
    for column in ids.T:
        words = text.decode(column, vocabulary).split()
        after = [words[place + 1] for place, word in enumerate(words[:-1]) if word == "<end>"]
        assert after
        assert set(after) == {"it"}


def test_the_allowed_word_with_the_highest_score_is_filled_in_after_the_last_word() -> None:
    y = np.zeros((3, 2, 5))
    y[2, 0, [1, 2, 4]] = 9.0, 1.0, 2.0  # word 1 is not allowed
    y[0, 1, [2, 4]] = 2.0, 1.0
    y[1:, 1, 4] = 9.0  # padding
    mask = np.array([[True, True], [True, False], [True, False]])
    assert fill_blank(y, mask, np.array([4, 2])).tolist() == [4, 2]
    assert fill_blank(np.zeros((3, 2, 5)), mask, np.array([4, 2])).tolist() == [4, 4]


def model(seed: int, T: int = 6, N: int = 3, V: int = 7) -> tuple[dict[str, Any], Any, Any]:
    rng = np.random.default_rng(seed)
    weights = language_model.initial_weights("gru", V, 4, 5, rng)
    weights["b_y"] = rng.normal(size=V)
    return weights, rng.integers(V, size=(T + 1, N)), np.tanh(rng.normal(size=(N, 5)))


@pytest.mark.parametrize("seed", range(5))
def test_scores_loss_and_gradients_are_those_of_the_general_language_model(seed: int) -> None:
    weights, words, h = model(seed)
    y, states, _ = gru_language_model.scores(words, h, weights)
    general, (last,), _, _ = language_model.scores(words, (h,), weights, "gru")
    assert np.allclose(y, general, atol=1e-12)
    assert np.allclose(states[-1], last, atol=1e-12)
    L, gradients, h_T = gru_language_model.loss_and_gradients(words[:-1], words[1:], h, weights)
    L_general, expected, (last,) = language_model.loss_and_gradients(words[:-1], words[1:], (h,), weights, "gru")
    assert pytest.approx(L_general, abs=1e-12) == L
    assert gradients.keys() == expected.keys()
    for name, gradient in gradients.items():
        assert np.allclose(gradient, expected[name], atol=1e-12), name
    assert np.allclose(h_T, last, atol=1e-12)


def test_single_precision_stays_single() -> None:
    weights, words, h = model(0)
    single = {name: array.astype(np.float32) for name, array in weights.items()}
    new, h_T, _ = gru_language_model.update(single, words, h.astype(np.float32), 0.1, 0.1)
    assert {array.dtype for array in (*new.values(), h_T)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("limit", [1e-3, 1e3])
def test_an_update_goes_down_and_never_farther_than_the_limit(limit: float) -> None:
    weights, words, h = model(1)
    kept = {name: array.copy() for name, array in weights.items()}
    new, h_T, L = gru_language_model.update(weights, words, h, 0.05, limit)
    moved = global_norm({name: new[name] - weights[name] for name in weights})
    assert moved <= 0.05 * limit * (1 + 1e-9)
    again, _, _ = gru_language_model.loss_and_gradients(words[:-1], words[1:], h, new)
    assert again < L
    assert np.array_equal(h_T, gru_language_model.scores(words[:-1], h, weights)[1][-1])
    assert all(np.array_equal(weights[name], kept[name]) for name in weights), "the weights were written to"


def test_training_is_one_update_after_the_other_with_the_states_carried_on() -> None:
    weights, words, _ = model(2, T=9)
    with redirect_stdout(io.StringIO()) as said:
        trained = gru_language_model.train(weights, words, 4, 0.5, 1.0)
    assert "loss" in said.getvalue()
    h: Any = np.zeros((3, 5))
    expected = weights
    for start, rate in ((0, 0.5), (4, 0.5 * 0.6)):  # the word that is left over is no block
        expected, h, _ = gru_language_model.update(expected, words[start : start + 5], h, rate, 1.0)
    assert all(np.array_equal(trained[name], expected[name]) for name in weights)


def test_training_learns_a_text_that_repeats() -> None:
    words = np.tile(np.arange(5), 400)[:, None]
    weights = language_model.initial_weights("gru", 5, 4, 8, np.random.default_rng(0))
    with redirect_stdout(io.StringIO()):
        weights = gru_language_model.train(weights, words, 5, 2.0, 0.5)
    y, _, _ = gru_language_model.scores(words[:20], np.zeros((1, 8)), weights)
    assert perplexity(y[5:], words[6:21]) < 1.1
