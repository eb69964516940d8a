"""Encoder, decoder and beam search step by step, and what the networks of the applications learn from and with."""

import datetime
import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from solutions.with_numpy import decoding, encoder_decoder, gru, recurrent, step_by_step
from solutions.with_numpy.dates import letters_to_read, letters_to_write, some_dates
from solutions.with_numpy.heads import many_to_one
from solutions.with_numpy.moving_digit import moving_digits
from solutions.with_numpy.padding import mask_of
from solutions.with_torch.applications import Reader, Translator, fit, reading_loss, writing_loss

START, END, V = 0, 1, 4
SEEDS = pytest.mark.parametrize("seed", range(5))


def translator(seed: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Random weights, a source of unequal lengths and its mask."""
    rng = np.random.default_rng(seed)
    weights = {name: 2 * array for name, array in encoder_decoder.initial_weights("gru", 5, V, 3, 6, rng).items()}
    return weights, rng.integers(5, size=(7, 3)), mask_of(np.array([7, 2, 4]), 7)


@SEEDS
def test_the_encoder_step_by_step_comes_to_what_whole_sequences_do(seed: int) -> None:
    weights, source, mask = translator(seed)
    own = encoder_decoder.part(weights, "encoder")
    (wanted,), _ = encoder_decoder.encode(source, weights, "gru", mask)

    def step(x: np.ndarray, h: np.ndarray) -> np.ndarray:
        cell = {name: array for name, array in own.items() if name != "W_e"}
        return recurrent.forward("gru", x[None], (h,), cell)[0][0]

    h_0 = np.zeros_like(wanted)
    h = step_by_step.encode(own["W_e"][source], mask, h_0, step)
    assert np.allclose(h, wanted, atol=1e-14)
    assert not h_0.any(), "the first state was written to"
    other = np.where(mask, source, 4 - source)
    assert np.array_equal(step_by_step.encode(own["W_e"][other], mask, h_0, step), h), "padding was read"


@SEEDS
def test_forced_scores_are_those_of_whole_sequences(seed: int) -> None:
    weights, source, mask = translator(seed)
    target = np.random.default_rng(seed).integers(V, size=(5, 3))
    given = np.concatenate([np.full((1, 3), START), target[:-1]])
    wanted, _ = encoder_decoder.forward(source, given, weights, "gru", mask)
    states, _ = encoder_decoder.encode(source, weights, "gru", mask)
    y = step_by_step.forced_scores(target, states, START, encoder_decoder.next_scores(weights, "gru"))
    assert np.allclose(y, wanted, atol=1e-14)


def one_sentence(seed: int) -> tuple[Any, Any]:
    weights, source, _ = translator(seed)
    states, _ = encoder_decoder.encode(source[:, :1], weights, "gru")
    return encoder_decoder.next_scores(weights, "gru"), states


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_the_search_in_one_batch_finds_what_the_search_one_by_one_finds(seed: int, width: int) -> None:
    next_scores, states = one_sentence(seed)
    ids, log_p = step_by_step.beam_search(next_scores, states, START, END, 6, width)
    found = decoding.beam(next_scores, states, START, END, 6, width)
    assert len(ids) == len(log_p) == len(found)
    for mine, value, (theirs, wanted) in zip(ids, log_p, found, strict=True):
        assert mine[: len(theirs)].tolist() == theirs
        assert (mine[len(theirs) :] == END).all()
        assert value == pytest.approx(wanted, abs=1e-12)


def test_a_search_ends_with_the_last_sequence_and_keeps_the_dtype_of_the_states() -> None:
    p = np.array([[0.0, 0.0, 0.6, 0.4], [0.25, 0.25, 0.25, 0.25], [0.0, 0.55, 0.0, 0.45], [0.0, 1.0, 0.0, 0.0]])

    def next_scores(ids: np.ndarray, states: Any) -> Any:
        return np.log(np.maximum(p[ids], 1e-30)).astype(np.float32), states

    nothing = (np.zeros((1, 1), np.float32),)
    ids, log_p = step_by_step.beam_search(next_scores, nothing, START, END, 9, 3)
    assert ids.tolist() == [[3, END, END], [2, END, END], [2, 3, END]]
    assert np.allclose(np.exp(log_p), [0.4, 0.33, 0.27])
    assert log_p.dtype == np.float32


IMAGES = 2.0 * (np.random.default_rng(0).random((5, 8, 8)) > 0.5)


def test_a_digit_moves_a_point_a_frame_until_its_film_ends() -> None:
    x, mask, targets = moving_digits(IMAGES, np.random.default_rng(0), 400)
    assert (x.shape, x.dtype, mask.shape, targets.shape) == ((8, 400, 144), np.float32, (8, 400), (400,))
    assert set(targets.tolist()) == {0, 1, 2, 3}
    assert set(mask.sum(axis=0).tolist()) == {3, 4, 5, 6, 7, 8}
    frames = x.reshape(8, 400, 12, 12)
    steps = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    goes_on = []
    for n, t in itertools.product(range(400), range(7)):
        moved = np.roll(frames[t, n], steps[targets[n]], axis=(0, 1))
        error = np.sqrt(np.mean((frames[t + 1, n] - moved) ** 2))
        if mask[t + 1, n]:
            assert error < 0.55, f"film {n}, frame {t + 1}: the noise alone comes to 0.42"
        else:
            goes_on.append(error < 0.55)
    assert 0.05 < np.mean(goes_on) < 0.5, "what stands behind a film's end is another film"


def test_dates_are_written_in_three_ways_and_every_tenth_day_is_kept_apart() -> None:
    texts, isos = some_dates(np.random.default_rng(0), 3000)
    kept_texts, kept = some_dates(np.random.default_rng(0), 3000, held_out=True)
    assert all(datetime.date.fromisoformat(iso).toordinal() % 10 == 0 for iso in kept)
    assert all(datetime.date.fromisoformat(iso).toordinal() % 10 > 0 for iso in isos)
    assert {iso[:4] for iso in isos} == {iso[:4] for iso in kept} == {str(year) for year in range(2000, 2050)}
    ways = set()
    for text, iso in zip(texts + kept_texts, isos + kept, strict=True):
        for way in ("%d %B %Y", "%B %d, %Y", "%Y %b %d"):
            try:
                assert datetime.datetime.strptime(text, way).date().isoformat() == iso
            except ValueError:
                continue
            ways.add(way)
            assert "0" not in text.replace(iso[:4], "").split()[0][:1], "the day has no zero in front"
            break
        else:
            raise AssertionError(text)
    assert len(ways) == 3


def test_letters_become_numbers_and_back() -> None:
    texts, isos = some_dates(np.random.default_rng(1), 50)
    ids, mask = letters_to_read(texts)
    assert ids.min() >= 0
    assert ids.max() <= 90
    assert not ids[~mask].any()
    assert ["".join(chr(32 + one) for one in ids[mask[:, n], n]) for n in range(50)] == texts
    target = letters_to_write(isos, END + 11)
    assert target.shape == (11, 50)
    assert (target[-1] == END + 11).all()
    assert ["".join("0123456789-"[one] for one in column[:-1]) for column in target.T] == isos


@SEEDS
def test_the_reading_loss_is_that_of_the_scores_at_the_right_last_step(seed: int) -> None:
    torch.manual_seed(seed)
    rng, model = np.random.default_rng(seed), Reader(3, 5, 4)
    x, mask, targets = (
        rng.normal(size=(6, 3, 3)).astype(np.float32),
        mask_of(np.array([6, 2, 4]), 6),
        np.array([3, 0, 2]),
    )
    loss = reading_loss(model, torch.from_numpy(x), torch.from_numpy(mask), torch.from_numpy(targets))
    w = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    ours = gru.from_pytorch(*(w[f"gru.{kind}_l0"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")))
    h, _ = gru.forward(x, np.zeros((3, 5), np.float32), *ours)
    y = many_to_one(h, mask, w["scores.weight"], w["scores.bias"])
    assert loss.item() == pytest.approx(-decoding.log_softmax(y)[range(3), targets].mean(), abs=1e-6)


@SEEDS
def test_the_writing_loss_is_that_of_forced_scores_after_the_right_last_letter(seed: int) -> None:
    torch.manual_seed(seed)
    model = Translator(91, 13, 4, 6)
    texts, isos = some_dates(np.random.default_rng(seed), 5)
    (source, mask), target = letters_to_read(texts), letters_to_write(isos, 12)
    loss = writing_loss(model, *map(torch.from_numpy, (source, mask, target)), 11)
    w = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    read, write = (gru.from_pytorch(*(w[f"{name}.{kind}_l0"] for kind in kinds)) for name in ("encoder", "decoder"))

    def next_scores(ids: np.ndarray, states: Any) -> Any:
        h, _ = gru.step(w["embed_out.weight"][ids], states[0], *write)
        return h @ w["scores.weight"].T + w["scores.bias"], (h,)

    h_0 = np.zeros((5, 6), np.float32)
    h = step_by_step.encode(w["embed_in.weight"][source], mask, h_0, lambda x, h: gru.step(x, h, *read)[0])
    y = step_by_step.forced_scores(target, (h,), 11, next_scores)
    right = np.take_along_axis(decoding.log_softmax(y), target[..., None], axis=2)
    assert loss.item() == pytest.approx(-right.mean(), abs=1e-5)


def test_the_update_gates_of_a_translator_begin_open() -> None:
    model = Translator(91, 13, 4, 6)
    for one in (model.encoder, model.decoder):
        assert (one.get_parameter("bias_hh_l0")[6:12] == 1).all()
        assert not (one.get_parameter("bias_hh_l0")[:6] == 1).any()


def test_fit_lowers_the_loss_in_place_tells_of_it_and_ends_calmly(capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    model, rng = nn.Linear(2, 1), np.random.default_rng(0)

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.from_numpy(rng.normal(size=(16, 2)).astype(np.float32))
        return x, x.sum(dim=1, keepdim=True)

    losses = fit(model, lambda one, x, y: ((one(x) - y) ** 2).mean(), batch, updates=200, rate=0.05)
    assert len(losses) == 200
    assert losses[-1] < 1e-3 * losses[0]
    assert torch.allclose(model.weight, torch.ones(1, 2), atol=0.02)
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == ["update 100", "update 200"]
