"""Numerical gradients, clipping, optimisers beside torch's, truncated backpropagation, and the training loop."""

import functools
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from solutions.with_numpy import language_model, optimisers, recurrent, rnn
from solutions.with_numpy.clipping import clip_by_global_norm, clip_by_value, global_norm
from solutions.with_numpy.gradient_check import (
    GradientMismatch,
    check_gradients,
    numerical_gradient,
    relative_error,
)
from solutions.with_numpy.training import Progress, train
from solutions.with_numpy.truncated_bptt import truncated_backward, truncated_segments, truncation_error
from tests.solutions.cells import NAMES, draw
from tests.solutions.draws import Sizes

# ---- numerical gradient ----------------------------------------------------------------------------------------------


def test_central_differences_of_a_cubic_have_the_error_that_theory_gives() -> None:
    a = np.array([[1.0, -2.0], [0.5, 3.0]])
    gradient = numerical_gradient(lambda v: float((v**3).sum()), a, step=1e-2)
    assert np.abs(gradient - 3 * a**2 - 1e-4).max() < 1e-10, "the error of a cubic is the square of the step"
    assert a.tolist() == [[1.0, -2.0], [0.5, 3.0]]


def test_single_precision_is_refused_for_differences() -> None:
    with pytest.raises(TypeError, match="array must be float64, but its dtype is float32"):
        numerical_gradient(lambda v: float(v.sum()), np.ones(2, np.float32))


def test_relative_error_of_known_arrays() -> None:
    assert relative_error(np.array([1.0, 4.0]), np.array([1.0, 5.0])) == pytest.approx(0.2)
    assert relative_error(np.zeros(3), np.zeros(3)) == 0
    assert relative_error(np.zeros(0), np.zeros(0)) == 0
    assert relative_error(np.zeros(2), np.array([0.0, 1e-9])) == 1
    assert np.isnan(relative_error(np.array([np.nan, 1.0]), np.ones(2)))
    with pytest.raises(ValueError, match=r"the shapes must be the same, but are \(2,\) and \(3,\)"):
        relative_error(np.zeros(2), np.zeros(3))


def quadratic(a: np.ndarray, b: np.ndarray) -> float:
    return float((a**2).sum() + 3 * b.sum())


def test_right_gradients_pass_the_check() -> None:
    a, b = np.arange(6.0).reshape(2, 3), np.ones(2)
    errors = check_gradients(quadratic, {"a": a, "b": b}, {"a": 2 * a, "b": np.full(2, 3.0)})
    assert errors.keys() == {"a", "b"}
    assert max(errors.values()) < 1e-8


@pytest.mark.parametrize(("wrong", "says"), [(12.0, r"a\[1, 2\] is 12, but the difference is 10"), (np.nan, "is nan")])
def test_a_wrong_gradient_is_named_with_its_place(wrong: float, says: str) -> None:
    a, b = np.arange(6.0).reshape(2, 3), np.ones(2)
    da = 2 * a
    da[1, 2] = wrong
    with pytest.raises(GradientMismatch, match=says):
        check_gradients(quadratic, {"a": a, "b": b}, {"a": da, "b": np.full(2, 3.0)})


# ---- clipping --------------------------------------------------------------------------------------------------------

GRADIENTS = {"a": np.array([[3.0, 0.0]]), "b": np.array([-4.0])}


def test_the_global_norm_is_that_of_one_long_vector() -> None:
    assert global_norm(GRADIENTS) == 5
    assert global_norm({}) == 0
    assert global_norm({"a": np.full(4, 1e30, np.float32)}) == pytest.approx(2e30), "the squares overflowed"


def test_clipping_by_norm_keeps_the_direction_and_only_shrinks() -> None:
    clipped, norm = clip_by_global_norm(GRADIENTS, 1.0)
    assert norm == 5
    assert np.allclose(clipped["a"], [[0.6, 0.0]])
    assert np.allclose(clipped["b"], [-0.8])
    same, _ = clip_by_global_norm(GRADIENTS, 5.0)
    for name, gradient in GRADIENTS.items():
        assert np.array_equal(same[name], gradient)
        assert not np.shares_memory(same[name], gradient)
    assert not clip_by_global_norm({"a": np.zeros(2)}, 1.0)[0]["a"].any()
    assert np.array_equal(clip_by_global_norm(GRADIENTS, np.inf)[0]["a"], GRADIENTS["a"]), "no limit at all"


def test_clipping_by_norm_agrees_with_torch() -> None:
    rng = np.random.default_rng(0)
    gradients = {"a": rng.normal(size=(3, 4)), "b": rng.normal(size=5)}
    parameters = [torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64)) for g in gradients.values()]
    for parameter, gradient in zip(parameters, gradients.values(), strict=True):
        parameter.grad = torch.from_numpy(gradient.copy())
    total = torch.nn.utils.clip_grad_norm_(parameters, 0.7)
    clipped, norm = clip_by_global_norm(gradients, 0.7)
    assert norm == pytest.approx(float(total), rel=1e-12)
    for mine, parameter in zip(clipped.values(), parameters, strict=True):
        assert relative_error(mine, parameter.grad.numpy()) < 1e-5  # torch adds 1e-6 to the norm


def test_clipping_by_value_changes_the_direction() -> None:
    clipped = clip_by_value({"a": np.array([3.0, -0.5], np.float32)}, 1.0)
    assert clipped["a"].tolist() == [1.0, -0.5]
    assert clipped["a"].dtype == np.float32


@pytest.mark.parametrize("clip", [clip_by_value, clip_by_global_norm])
@pytest.mark.parametrize("limit", [0, -1.0, np.nan])
def test_a_limit_that_is_not_above_zero_is_refused(clip: Any, limit: float) -> None:
    with pytest.raises(ValueError, match=f"{clip.__name__}: the argument limit must be above 0, but is {limit}"):
        clip(GRADIENTS, limit)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_norm_that_is_not_finite_cannot_be_clipped(bad: float) -> None:
    with pytest.raises(FloatingPointError, match="no scaling can mend"):
        clip_by_global_norm({"a": np.array([1.0, bad])}, 1.0)


# ---- optimisers ------------------------------------------------------------------------------------------------------

RULES = {
    "sgd": (functools.partial(optimisers.sgd, learning_rate=0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    "momentum": (
        functools.partial(optimisers.sgd, learning_rate=0.1, momentum=0.9),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    ),
    "adagrad": (functools.partial(optimisers.adagrad, learning_rate=0.1), lambda p: torch.optim.Adagrad(p, lr=0.1)),
    "adam": (functools.partial(optimisers.adam, learning_rate=0.1), lambda p: torch.optim.Adam(p, lr=0.1)),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-9), (np.float32, 1e-4)])
def test_optimisers_take_the_steps_of_torchs(rule: str, dtype: type, tolerance: float) -> None:
    rng, (ours, theirs) = np.random.default_rng(0), RULES[rule]
    weights = {"a": rng.normal(size=(3, 2)).astype(dtype), "b": rng.normal(size=4).astype(dtype)}
    parameters = {name: torch.nn.Parameter(torch.tensor(w)) for name, w in weights.items()}
    optimiser, state = theirs(list(parameters.values())), {}
    for _ in range(20):
        gradients = {name: rng.normal(size=w.shape).astype(dtype) for name, w in weights.items()}
        kept = {name: w.copy() for name, w in weights.items()}
        new, state = ours(weights, gradients, state)
        for name, w in weights.items():
            assert np.array_equal(w, kept[name]), f"{name} was written to"
            parameters[name].grad = torch.from_numpy(gradients[name])
        optimiser.step()
        weights = new
    for name, w in weights.items():
        assert w.dtype == dtype
        error = relative_error(w, parameters[name].detach().numpy())
        assert error <= tolerance, f"{rule}: {name} is off by {error:.3g} after 20 steps"


@pytest.mark.parametrize("rule", [optimisers.sgd, optimisers.adagrad, optimisers.adam])
def test_a_missing_gradient_is_named(rule: Any) -> None:
    with pytest.raises(
        ValueError, match=f"{rule.__name__}: weights and gradients must have the same names, but differ in b"
    ):
        rule({"a": np.ones(1), "b": np.ones(1)}, {"a": np.ones(1)}, {}, 0.1)


# ---- truncated backpropagation ---------------------------------------------------------------------------------------


def test_blocks_as_long_as_the_sequence_cut_nothing() -> None:
    d = draw("rnn", Sizes(T=6))
    W_x, W_h, b = d.weights.values()
    h = rnn.forward(d.x, *d.states, W_x, W_h, b)
    full = rnn.backward(d.dh, d.x, *d.states, h, W_x, W_h)
    for k in (6, 100):
        for mine, expected in zip(truncated_backward(d.dh, d.x, *d.states, h, W_x, W_h, k), full, strict=True):
            assert np.array_equal(mine, expected)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_truncation_is_detaching_the_state_between_blocks(k: int) -> None:
    d = draw("rnn", Sizes(T=7))
    a = {name: torch.tensor(v, requires_grad=True) for name, v in d.arguments().items()}
    h, outputs = a["h_0"], []
    for t in range(7):
        h = h.detach() if t > 0 and t % k == 0 else h
        h = torch.tanh(a["x"][t] @ a["W_x"].T + h @ a["W_h"].T + a["b"])
        outputs.append(h)
    states = torch.stack(outputs)
    (states * torch.from_numpy(d.dh)).sum().backward()
    W_x, W_h = d.weights["W_x"], d.weights["W_h"]
    mine = truncated_backward(d.dh, d.x, *d.states, states.detach().numpy(), W_x, W_h, k)
    for name, gradient in zip(("x", "h_0", "W_x", "W_h", "b"), mine, strict=True):
        error = relative_error(gradient, a[name].grad.numpy())
        assert error <= 1e-12, f"k = {k}: the gradient of {name} is off by {error:.3g}"


def test_the_error_of_truncation() -> None:
    full = np.array([3.0, 4.0])
    assert truncation_error(full, full) == 0
    assert truncation_error(np.array([3.0, 0.0]), full) == 0.8
    assert truncation_error(np.zeros(2), np.zeros(2)) == 0
    assert truncation_error(full, np.zeros(2)) == 1


@pytest.mark.parametrize("cell", NAMES)
@pytest.mark.parametrize("masked", [False, True])
def test_segments_of_any_cell_add_up_to_the_loss_and_end_in_the_same_state(cell: str, masked: bool) -> None:
    d = draw(cell, Sizes(T=7))
    mask = np.arange(7)[:, None] < np.array([7, 3, 5, 1]) if masked else None

    def loss(h: np.ndarray, steps: slice) -> tuple[float, np.ndarray]:
        return float((h * d.dh[steps]).sum()), d.dh[steps]

    parts = list(truncated_segments(cell, d.x, d.states, d.weights, 3, loss, mask))
    h, state_T, tape = recurrent.forward(cell, d.x, d.states, d.weights, mask)
    assert len(parts) == 3
    assert sum(part[0] for part in parts) == pytest.approx(float((h * d.dh).sum()), rel=1e-12)
    for mine, expected in zip(parts[-1][2], state_T, strict=True):
        assert relative_error(mine, expected) <= 1e-12
    (whole,) = truncated_segments(cell, d.x, d.states, d.weights, 7, loss, mask)
    _, _, dweights = recurrent.backward(d.dh, tuple(np.zeros_like(s) for s in state_T), tape)
    for name, expected in dweights.items():
        assert np.array_equal(whole[1][name], expected)


@pytest.mark.parametrize("k", [0, -3])
def test_a_block_of_no_steps_is_refused(k: int) -> None:
    d = draw("rnn")
    W_x, W_h, b = d.weights.values()
    h = rnn.forward(d.x, *d.states, W_x, W_h, b)
    with pytest.raises(ValueError, match=f"The argument k must be at least 1 step, but is {k}"):
        truncated_backward(d.dh, d.x, *d.states, h, W_x, W_h, k)


# ---- training --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", NAMES)
@pytest.mark.parametrize("masked", [False, True])
def test_the_language_models_gradients_are_central_differences(cell: str, masked: bool) -> None:
    rng = np.random.default_rng(3)
    weights = language_model.initial_weights(cell, 5, 3, 2, rng)
    ids, targets, state = (
        rng.integers(5, size=(4, 2)),
        rng.integers(5, size=(4, 2)),
        recurrent.initial_state(cell, 2, 2),
    )
    mask = np.arange(4)[:, None] < np.array([4, 2]) if masked else None

    def loss(**changed: np.ndarray) -> float:
        return language_model.loss_and_gradients(ids, targets, state, changed, cell, mask)[0]

    L, gradients, _ = language_model.loss_and_gradients(ids, targets, state, weights, cell, mask)
    assert loss(**weights) == L
    check_gradients(loss, weights, gradients, tolerance=1e-6)


def echo_batches(seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The word to predict is the one of two steps before: it takes memory to know it."""
    rng = np.random.default_rng(seed)
    while True:
        ids = rng.integers(4, size=(8, 16))
        yield ids, np.concatenate([ids[:2], ids[:-2]])


def learn(seed: int, steps: int, progress: Any = False) -> tuple[dict[str, np.ndarray], Any]:
    mask = np.arange(8)[:, None] >= np.array([2] * 16)
    state = recurrent.initial_state("gru", 16, 16)
    weights = language_model.initial_weights("gru", 4, 4, 16, np.random.default_rng(seed))

    def loss_and_gradients(weights: Any, batch: Any) -> Any:
        return language_model.loss_and_gradients(*batch, state, weights, "gru", mask)[:2]

    rule = functools.partial(optimisers.adam, learning_rate=0.02)
    return train(weights, loss_and_gradients, echo_batches(seed), rule, steps, clip=1.0, progress=progress)


def test_a_task_that_takes_memory_is_learnt() -> None:
    _, history = learn(0, 300)
    assert abs(history.losses[0] - np.log(4)) < 0.3, f"the loss begins at {history.losses[0]:.3f}"
    assert np.mean(history.losses[-20:]) < 0.05, f"the loss ends at {np.mean(history.losses[-20:]):.3f}"


def test_one_seed_gives_the_same_bits_twice_and_another_seed_other_ones() -> None:
    (one, first), (two, second), (three, third) = learn(1, 10), learn(1, 10), learn(2, 10)
    assert first.losses == second.losses
    assert first.norms == second.norms
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert first.losses != third.losses
    assert not np.array_equal(one["W_h"], three["W_h"])


def test_training_says_how_far_it_is() -> None:
    stream = io.StringIO()
    learn(0, 5, progress=stream)
    assert stream.getvalue().startswith("step 5 of 5: loss 1.")
    stream = io.StringIO()
    often = Progress(3, stream, seconds=0)
    for step in (1, 2, 3):
        often.tell(step, 0.5, 1.25)
    assert stream.getvalue().splitlines()[1] == "step 2 of 3: loss 0.5000, gradient norm 1.25"
    assert len(stream.getvalue().splitlines()) == 3


def test_progress_goes_to_standard_error_unless_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    learn(0, 2, progress=True)
    assert "step 2 of 2: loss" in capsys.readouterr().err
    learn(0, 2, progress=False)
    assert capsys.readouterr() == ("", "")


def test_fewer_batches_than_steps_end_the_run() -> None:
    weights = {"a": np.ones(1)}
    rule = functools.partial(optimisers.sgd, learning_rate=0.1)
    after, history = train(weights, lambda w, batch: (batch, {"a": w["a"]}), [1.0, 2.0], rule, 10, progress=False)
    assert history.losses == [1.0, 2.0]
    assert after["a"] == pytest.approx(0.81)
    assert weights["a"] == 1


@pytest.mark.parametrize(("loss", "gradient"), [(np.nan, 1.0), (1.0, np.inf)])
def test_a_loss_or_gradient_that_is_not_finite_stops_the_run_at_its_step(loss: float, gradient: float) -> None:
    made = [(1.0, {"a": np.ones(1)}), (loss, {"a": np.array([gradient])})]
    rule = functools.partial(optimisers.sgd, learning_rate=0.1)
    with pytest.raises(FloatingPointError, match="at step 2 the loss is"):
        train({"a": np.ones(1)}, lambda w, batch: batch, made, rule, 2, progress=False)
