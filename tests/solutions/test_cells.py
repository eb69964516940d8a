"""The recurrent cells: every output and every gradient, by loop and fast, against torch; and what all cells promise."""

import ast
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions.with_numpy import gru, gru_reset_before, lstm, padding, peephole_lstm, recurrent, relu_rnn, rnn
from solutions.with_numpy.fast import gru as fast_gru
from solutions.with_numpy.fast import lstm as fast_lstm
from solutions.with_numpy.fast import rnn as fast_rnn
from tests.solutions.cells import (
    IN_TORCH,
    LOOPS,
    NAMES,
    TOLERANCE,
    Drawn,
    arrays_at_peak,
    assert_equal,
    draw,
    loop_results,
    oracle,
    results,
)
from tests.solutions.draws import Sizes, relative_error

EACH = pytest.mark.parametrize("cell", NAMES)
EACH_LOOP = pytest.mark.parametrize("cell", LOOPS)
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
EDGES = [Sizes(), Sizes(T=1), Sizes(N=1), Sizes(H=1), Sizes(D=1), Sizes(1, 1, 1, 1), Sizes(3, 3, 3, 3)]
SIZES = pytest.mark.parametrize("sizes", EDGES, ids=str)
LENGTH = st.integers(1, 5)
SHAPES = st.builds(Sizes, LENGTH, LENGTH, LENGTH, LENGTH)
STEADY = settings(deadline=None, derandomize=True, max_examples=25, database=None)
MASK = np.arange(5)[:, None] < np.array([5, 2, 1, 4])


@EACH
@DTYPES
@SIZES
def test_outputs_and_gradients_agree_with_torch(cell: str, dtype: type, sizes: Sizes) -> None:
    drawn = draw(cell, sizes, dtype)
    assert_equal(results(cell, drawn), oracle(cell, drawn), TOLERANCE[dtype], cell)


@EACH_LOOP
@DTYPES
@SIZES
def test_the_readable_loop_agrees_with_torch(cell: str, dtype: type, sizes: Sizes) -> None:
    drawn = draw(cell, sizes, dtype)
    assert_equal(loop_results(cell, drawn), oracle(cell, drawn), TOLERANCE[dtype], cell)


@EACH_LOOP
@STEADY
@given(sizes=SHAPES, seed=st.integers(0, 1000))
def test_the_fast_functions_are_the_loop(cell: str, sizes: Sizes, seed: int) -> None:
    drawn = draw(cell, sizes, seed=seed)
    assert_equal(results(cell, drawn), loop_results(cell, drawn), 1e-12, cell)


@pytest.mark.parametrize("fast", [fast_lstm, fast_gru], ids=["lstm", "gru"])
def test_a_sequence_of_many_chunks_is_the_loop_too(fast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solutions.with_numpy.fast.chunks.CHUNK_BYTES", 3 * 4 * 6 * 8)
    name = fast.__name__.rpartition(".")[2]
    drawn = draw(name, Sizes(T=11))
    assert_equal(results(name, drawn), loop_results(name, drawn), 1e-12, name)


@pytest.mark.parametrize("cell", IN_TORCH)
@DTYPES
def test_a_padded_batch_agrees_with_torchs_packed_one(cell: str, dtype: type) -> None:
    drawn = draw(cell, dtype=dtype)
    in_torch, mine = oracle(cell, drawn, MASK), results(cell, without_padding_gradient(drawn, MASK), MASK)
    mine["h"] = padding.zero_padding(mine["h"], MASK)
    assert_equal(mine, in_torch, TOLERANCE[dtype], cell)


@pytest.mark.parametrize("cell", ["peephole_lstm", "gru_reset_before"])
def test_a_padded_batch_of_the_other_cells_agrees_with_autograd(cell: str) -> None:
    drawn = draw(cell)
    mine = results(cell, without_padding_gradient(drawn, MASK), MASK)
    mine["h"] = padding.zero_padding(mine["h"], MASK)
    assert_equal(mine, oracle(cell, drawn, MASK), 1e-9, cell)


def without_padding_gradient(drawn: Drawn, mask: np.ndarray) -> Drawn:
    return replace(drawn, dh=padding.zero_padding(drawn.dh, mask))


@EACH
@STEADY
@given(sizes=SHAPES, seed=st.integers(0, 1000))
def test_padding_does_not_change_a_sequence(cell: str, sizes: Sizes, seed: int) -> None:
    lengths = np.random.default_rng(seed).integers(0, sizes.T, sizes.N, endpoint=True)
    mask = padding.mask_of(lengths, sizes.T)
    drawn = without_padding_gradient(draw(cell, sizes, seed=seed), mask)
    together, dweights = results(cell, drawn, mask), dict.fromkeys(drawn.weights, 0.0)
    for n, length in enumerate(lengths):
        if length == 0:
            assert np.array_equal(together["h_T"][n], drawn.states[0][n]), (
                "a sequence of no steps has changed its state"
            )
            continue
        alone = results(cell, part(drawn, slice(0, length), slice(n, n + 1)))
        for name in ("h", "dx"):
            error = relative_error(together[name][:length, n : n + 1], alone[name])
            assert error <= 1e-12, f"{cell}: {name} of sequence {n} is off by {error:.3g}"
        for name in ("h_T", "dh_0"):
            error = relative_error(together[name][n : n + 1], alone[name])
            assert error <= 1e-12, f"{cell}: {name} of sequence {n} is off by {error:.3g}"
        dweights = {name: total + alone[f"d{name}"] for name, total in dweights.items()}
    for name, total in dweights.items():
        difference = float(np.abs(together[f"d{name}"] - total).max())
        assert difference <= 1e-10, f"{cell}: d{name} of the batch is not the sum over sequences, by {difference:.3g}"


def part(drawn: Drawn, steps: slice, batch: slice) -> Drawn:
    """The same draw, of some steps and some sequences."""
    states, dstates = (tuple(s[batch] for s in each) for each in (drawn.states, drawn.dstates))
    return Drawn(drawn.x[steps, batch], states, drawn.weights, drawn.dh[steps, batch], dstates)


@EACH
@pytest.mark.parametrize("filling", [7.0, 1e300, np.inf, np.nan], ids=str)
def test_what_stands_in_the_padding_does_not_matter(cell: str, filling: float) -> None:
    drawn = without_padding_gradient(draw(cell), MASK)
    filled = drawn.x.copy()
    filled[~MASK] = filling
    with np.errstate(all="ignore"):
        result = results(cell, replace(drawn, x=filled), MASK)
    assert_equal(result, results(cell, drawn, MASK), 0.0, f"{cell} with {filling} in the padding")


@EACH
@STEADY
@given(sizes=SHAPES, seed=st.integers(0, 1000))
def test_permuting_the_sequences_permutes_outputs_and_gradients(cell: str, sizes: Sizes, seed: int) -> None:
    drawn = draw(cell, sizes, seed=seed)
    order = np.random.default_rng(seed).permutation(sizes.N)
    states, dstates = (tuple(s[order] for s in each) for each in (drawn.states, drawn.dstates))
    moved = results(cell, Drawn(drawn.x[:, order], states, drawn.weights, drawn.dh[:, order], dstates))
    still = results(cell, drawn)
    for name, value in still.items():
        axis = {"h": 1, "dx": 1, "h_T": 0, "c_T": 0, "dh_0": 0, "dc_0": 0}.get(name)
        error = relative_error(moved[name], value if axis is None else value.take(order, axis))
        assert error <= 1e-11, f"{cell}: {name} is off by {error:.3g}"


@EACH
@STEADY
@given(sizes=SHAPES, seed=st.integers(0, 1000))
def test_one_sequence_of_twice_the_length_is_two_with_the_state_carried_over(
    cell: str, sizes: Sizes, seed: int
) -> None:
    T, drawn = sizes.T, draw(cell, replace(sizes, T=2 * sizes.T), seed=seed)
    whole = results(cell, drawn)
    h_1, middle, tape_1 = recurrent.forward(cell, drawn.x[:T], drawn.states, drawn.weights)
    h_2, _, tape_2 = recurrent.forward(cell, drawn.x[T:], middle, drawn.weights)
    dx_2, dmiddle, late = recurrent.backward(drawn.dh[T:], drawn.dstates, tape_2)
    dx_1, first, early = recurrent.backward(drawn.dh[:T], dmiddle, tape_1)
    pairs = {"h": np.concatenate([h_1, h_2]), "dx": np.concatenate([dx_1, dx_2]), "dh_0": first[0]}
    pairs |= {f"d{name}": early[name] + late[name] for name in early}
    for name, value in pairs.items():
        error = relative_error(value, whole[name])
        assert error <= 1e-11, f"{cell}: {name} is off by {error:.3g}"


@EACH
@DTYPES
def test_dtype_is_kept_and_no_input_is_written_to_or_returned(cell: str, dtype: type) -> None:
    drawn = draw(cell, dtype=dtype)
    given_arrays = [drawn.x, *drawn.states, *drawn.weights.values(), drawn.dh, *drawn.dstates]
    before = [array.copy() for array in given_arrays]
    for array in given_arrays:
        array.flags.writeable = False
    for made in (
        results(cell, drawn),
        results(cell, drawn, MASK),
        *([loop_results(cell, drawn)] if cell in LOOPS else []),
    ):
        for name, value in made.items():
            assert value.dtype == dtype, f"{cell}: {name} is {value.dtype}"
            for array in given_arrays:
                assert not np.shares_memory(value, array), f"{cell}: {name} is a view of an input"
    assert all(np.array_equal(a, b) for a, b in zip(given_arrays, before, strict=True))


def test_large_inputs_saturate_without_a_warning() -> None:
    for cell in ("rnn", "lstm", "peephole_lstm", "gru", "gru_reset_before"):
        for dtype in (np.float32, np.float64):
            drawn = draw(cell, dtype=dtype)
            made = results(cell, replace(drawn, x=1e5 * np.sign(drawn.x)))
            for name, value in made.items():
                assert np.isfinite(value).all(), f"{cell}: {name} is not finite"


def test_forward_is_step_repeated() -> None:
    drawn = draw("lstm", Sizes(T=3))
    h, c, gates = lstm.forward(drawn.x, *drawn.states, *drawn.weights.values())
    states = drawn.states
    for t in range(3):
        *states, values = lstm.step(drawn.x[t], *states, *drawn.weights.values())
        assert np.array_equal(states[0], h[t])
        assert np.array_equal(states[1], c[t])
        assert np.array_equal(values, gates[:, t])
    i, f, o, g = lstm.gates(drawn.x[0], drawn.states[0], *drawn.weights.values())
    assert all(gate.min() > 0 and gate.max() < 1 for gate in (i, f, o)), "a gate is not between 0 and 1"
    assert g.min() < 0 < g.max(), "the candidate has one sign only"


Z_CELLS = pytest.mark.parametrize("module", [gru, gru_reset_before, fast_gru], ids=["after", "before", "fast"])


@Z_CELLS
@pytest.mark.parametrize("masked", [False, True])
def test_the_two_meanings_of_z_are_one_network_with_opposite_weights(module: Any, masked: bool) -> None:
    cell = "gru_reset_before" if module is gru_reset_before else "gru"
    drawn, H = draw(cell), 6
    if masked and module is gru:
        masks: dict[str, Any] = {}
    else:
        masks = {"mask": MASK} if masked else {}
    sign = np.ones(3 * H)
    sign[H : 2 * H] = -1
    usual = {"W_x": sign[:, None], "W_h": sign[:, None], "b": sign}
    opposite = {name: array * usual.get(name, 1.0) for name, array in drawn.weights.items()}
    h, gates = module.forward(drawn.x, *drawn.states, *drawn.weights.values(), True, **masks)
    other_h, other_gates = module.forward(drawn.x, *drawn.states, *opposite.values(), False, **masks)
    assert relative_error(other_h, h) <= 1e-12
    if not masked:
        assert relative_error(other_gates[1], 1 - gates[1]) <= 1e-12, "z does not change its meaning"
    one = module.backward(drawn.dh, drawn.x, *drawn.states, h, gates, *list(drawn.weights.values())[:2], True, **masks)
    two = module.backward(
        drawn.dh, drawn.x, *drawn.states, other_h, other_gates, *list(opposite.values())[:2], False, **masks
    )
    for name, a, b in zip(("dx", "dh_0", "W_x", "W_h", "b", "b_hn"), one, two, strict=False):
        error = relative_error(b * usual.get(name, 1.0), a)
        assert error <= 1e-12, f"the gradient {name} is off by {error:.3g}"


STEPS: dict[str, tuple[Callable[..., Any], Callable[..., Any], int]] = {  # step, step_backward, number of states
    "rnn": (rnn.step, rnn.step_backward, 1),
    "relu_rnn": (relu_rnn.step, relu_rnn.step_backward, 1),
    "lstm": (lstm.step, lstm.step_backward, 2),
    "peephole_lstm": (peephole_lstm.step, peephole_lstm.step_backward, 2),
    "gru": (gru.step, gru.step_backward, 1),
    "gru_reset_before": (gru_reset_before.step, gru_reset_before.step_backward, 1),
}


def step_gradients(cell: str, drawn: Drawn) -> tuple[np.ndarray, ...]:
    """The gradients of one step. The backward pass asks for all that the step made but h, or for h if that is all."""
    step, step_backward, _ = STEPS[cell]
    made = step(drawn.x[0], *drawn.states, *drawn.weights.values())
    asked = made[1:] if isinstance(made, tuple) else (made,)
    weights = [array for name, array in drawn.weights.items() if name not in ("b", "b_hn")]
    result: tuple[np.ndarray, ...] = step_backward(*drawn.dstates, drawn.x[0], *drawn.states, *asked, *weights)
    return result


@pytest.mark.parametrize("cell", STEPS)
def test_a_steps_gradients_are_its_central_differences(cell: str) -> None:
    drawn, (step, _, count) = draw(cell, Sizes(T=1, N=2, D=3, H=4)), STEPS[cell]
    arguments = [drawn.x[0], *drawn.states, *drawn.weights.values()]

    def loss(values: list[np.ndarray]) -> float:
        made = step(*values)
        states = made[:count] if isinstance(made, tuple) else (made,)
        return float(sum((state * d).sum() for state, d in zip(states, drawn.dstates, strict=True)))

    names = ["x", "h_prev", "c_prev"][: 1 + count] + list(drawn.weights)
    for place, (name, gradient) in enumerate(zip(names, step_gradients(cell, drawn), strict=True)):
        for index in np.ndindex(gradient.shape):
            moved = []
            for sign in (1, -1):
                changed = arguments[place].copy()
                changed[index] += sign * 1e-6
                moved.append(loss([*arguments[:place], changed, *arguments[place + 1 :]]))
            numerical = (moved[0] - moved[1]) / 2e-6
            assert abs(numerical - gradient[index]) <= 1e-7, (
                f"{cell}: d{name}{list(index)} is {gradient[index]:.9f}, the central difference {numerical:.9f}"
            )


@pytest.mark.parametrize("cell", STEPS)
def test_a_step_has_at_most_a_dozen_lines(cell: str) -> None:
    function = ast.parse(inspect.getsource(inspect.unwrap(STEPS[cell][0]))).body[0]
    body = function.body[1:]
    assert body[-1].end_lineno - body[0].lineno + 1 <= 12


@EACH
def test_wrong_weights_states_and_cells_are_refused(cell: str) -> None:
    drawn = draw(cell)
    with pytest.raises(ValueError, match=f"the cell {cell} has the weights W_x, W_h, b"):
        recurrent.forward(cell, drawn.x, drawn.states, {**drawn.weights, "W_y": drawn.x[0]})
    with pytest.raises(ValueError, match=rf"the cell {cell} has {len(drawn.states)} states, but 3 were given"):
        recurrent.forward(cell, drawn.x, (drawn.states[0],) * 3, drawn.weights)
    blocks = recurrent.CELLS[cell].blocks
    short = drawn.weights | {"W_h": drawn.weights["W_h"][:-1]}
    H, name = blocks * 6, f"{blocks}H" if blocks > 1 else "H"
    message = rf"forward: the argument W_h must have the shape \({name}={H}, H=6\), but has \({H - 1}, 6\)"
    with pytest.raises(ValueError, match=message):
        recurrent.forward(cell, drawn.x, drawn.states, short)
    with pytest.raises(TypeError, match="forward: the argument mask must hold boolean numbers, but its dtype is int64"):
        recurrent.forward(cell, drawn.x, drawn.states, drawn.weights, MASK.astype(np.int64))
    with pytest.raises(ValueError, match=r"the argument mask must have the shape \(T=5, N=4\), but has \(4, 4\)"):
        recurrent.forward(cell, drawn.x, drawn.states, drawn.weights, MASK[1:])


@EACH
def test_a_sequence_of_no_steps_is_refused(cell: str) -> None:
    drawn = draw(cell)
    with pytest.raises(ValueError, match="the argument x has no steps"):
        recurrent.forward(cell, drawn.x[:0], drawn.states, drawn.weights)


def test_an_unknown_cell_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(ValueError, match=r"There is no cell 'lstn'. The cells are: rnn, relu_rnn, lstm,"):
        recurrent.initial_state("lstn", 1, 1)


@pytest.mark.parametrize("function", [fast_rnn.forward, fast_rnn.backward])
def test_an_unknown_activation_is_refused(function: Callable[..., Any]) -> None:
    drawn = draw("rnn")
    arguments = [drawn.x, *drawn.states, *drawn.weights.values()]
    if function is fast_rnn.backward:
        arguments = [drawn.dh, drawn.x, *drawn.states, drawn.dh, *arguments[2:4]]
    with pytest.raises(ValueError, match="activation must be 'tanh' or 'relu', but is 'sigmoid'"):
        function(*arguments, activation="sigmoid")


@pytest.mark.parametrize(
    ("lengths", "message"), [([1, 6], "from 0 to T=5, but holds numbers from 1 to 6"), ([-1, 2], "from -1 to 2")]
)
def test_lengths_beyond_the_batch_are_refused(lengths: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        padding.mask_of(np.array(lengths), 5)


def test_a_mask_and_its_lengths_are_each_others_inverse() -> None:
    lengths = np.array([5, 0, 3])
    mask = padding.mask_of(lengths, 5)
    assert mask[:, 0].all()
    assert not mask[:, 1].any()
    assert np.array_equal(padding.lengths_of(mask), lengths)
    assert padding.mask_of(np.array([], dtype=int), 5).shape == (5, 0)


def test_initial_weights_lie_within_their_bound_and_come_from_the_seed() -> None:
    one, two = (recurrent.initial_weights("gru", 3, 16, np.random.default_rng(5), np.float32) for _ in range(2))
    for name, array in one.items():
        assert array.dtype == np.float32
        assert np.array_equal(array, two[name]), f"{name} is another from the same seed"
        assert 0.1 < np.abs(array).max() <= 0.25, f"{name} goes to {np.abs(array).max()}"


def test_memory_of_an_lstm_pass_is_at_most_12_arrays_and_grows_linearly() -> None:
    few, many = (arrays_at_peak(draw("lstm", Sizes(T, 16, 8, 32), np.float32)) for T in (400, 1600))
    told = f"a pass takes {few:.1f} arrays (T, N, H) of 400 steps, {many:.1f} of 1600"
    assert max(few, many) <= 12, told
    # A chunk's own arrays are a larger share of a short sequence: by how much depends on the processor's kernels.
    assert many <= few + 0.5, told
