"""What every reference function promises: its shape, its dtype, and that it writes to nothing it was given."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.solutions.draws import BOTH, NAMES, Sizes, inputs, relative_error, tensors

EACH = pytest.mark.parametrize("name", NAMES)
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
EDGES = [Sizes(), Sizes(T=1), Sizes(N=1), Sizes(H=1), Sizes(1, 1, 1, 1, 1)]
LENGTH = st.integers(1, 6)
SHAPES = st.builds(Sizes, LENGTH, LENGTH, LENGTH, LENGTH, LENGTH)
STEADY = settings(deadline=None, derandomize=True, max_examples=40, database=None)


@EACH
@DTYPES
@pytest.mark.parametrize("sizes", EDGES, ids=str)
def test_the_result_has_the_stated_shape_and_the_dtype_of_the_inputs(name: str, dtype: type, sizes: Sizes) -> None:
    arrays = inputs(name, sizes, dtype)
    pair = BOTH[name]
    result, tensor = pair.numpy(**arrays), pair.torch(**tensors(arrays))
    assert np.shape(result) == pair.shape(sizes)
    assert result.dtype == dtype, f"{name} in NumPy made {result.dtype} of {np.dtype(dtype)}"
    assert tuple(tensor.shape) == pair.shape(sizes)
    assert str(tensor.dtype) == f"torch.{np.dtype(dtype)}", f"{name} in torch made {tensor.dtype} of {np.dtype(dtype)}"


@DTYPES
@pytest.mark.parametrize("name", ["cross_entropy", "perplexity"])
def test_the_loss_keeps_the_dtype_without_a_mask_too(name: str, dtype: type) -> None:
    arrays = inputs(name, dtype=dtype) | {"mask": None}
    assert BOTH[name].numpy(**arrays).dtype == dtype
    assert str(BOTH[name].torch(**tensors(arrays)).dtype) == f"torch.{np.dtype(dtype)}"


@EACH
def test_no_input_is_written_to(name: str) -> None:
    arrays = inputs(name)
    kept = {argument: array.copy() for argument, array in arrays.items()}
    held = tensors(arrays)
    result, tensor = BOTH[name].numpy(**arrays), BOTH[name].torch(**held)
    for argument, array in kept.items():
        assert np.array_equal(arrays[argument], array), f"{name} in NumPy wrote to {argument}"
        assert np.array_equal(held[argument].numpy(), array), f"{name} in torch wrote to {argument}"
        assert not np.shares_memory(result, arrays[argument]), f"the result of {name} is a view of {argument}"
        shared = tensor.untyped_storage().data_ptr() == held[argument].untyped_storage().data_ptr()
        assert not shared, f"the result of {name} in torch is a view of {argument}"


@EACH
def test_read_only_inputs_are_enough(name: str) -> None:
    arrays = inputs(name)
    expected = BOTH[name].numpy(**arrays)
    for array in arrays.values():
        array.flags.writeable = False
    assert np.array_equal(BOTH[name].numpy(**arrays), expected)


@EACH
def test_the_same_inputs_give_the_same_bits_twice(name: str) -> None:
    arrays = inputs(name)
    assert np.array_equal(BOTH[name].numpy(**arrays), BOTH[name].numpy(**arrays))


@pytest.mark.parametrize("name", ["step", "forward", "embed", "affine"])
@STEADY
@given(sizes=SHAPES, seed=st.integers(0, 1000))
def test_permuting_the_sequences_permutes_the_result(name: str, sizes: Sizes, seed: int) -> None:
    pair, arrays = BOTH[name], inputs(name, sizes, seed=seed)
    order = np.random.default_rng(seed).permutation(sizes.N)
    moved = {k: np.take(v, order, axis=pair.batch[k]) if k in pair.batch else v for k, v in arrays.items()}
    expected = np.take(pair.numpy(**arrays), order, axis=pair.batch["out"])
    error = relative_error(pair.numpy(**moved), expected)
    assert error <= 1e-12, f"{name}: off by {error:.3g} after the sequences changed places by {order}"


@pytest.mark.parametrize("name", ["cross_entropy", "perplexity"])
@STEADY
@given(sizes=SHAPES, seed=st.integers(0, 1000))
def test_permuting_the_sequences_leaves_the_loss(name: str, sizes: Sizes, seed: int) -> None:
    arrays = inputs(name, sizes, seed=seed)
    order = np.random.default_rng(seed).permutation(sizes.N)
    moved = {k: v[:, order] for k, v in arrays.items()}
    error = relative_error(BOTH[name].numpy(**moved), BOTH[name].numpy(**arrays))
    assert error <= 1e-12, f"{name}: off by {error:.3g}"


@STEADY
@given(sizes=SHAPES, seed=st.integers(0, 1000))
def test_one_sequence_of_twice_the_length_is_two_with_the_state_carried_over(sizes: Sizes, seed: int) -> None:
    arrays = inputs("forward", Sizes(2 * sizes.T, sizes.N, sizes.D, sizes.H), seed=seed)
    x, h_0, weights = arrays["x"], arrays["h_0"], [arrays[name] for name in ("W_x", "W_h", "b")]
    forward = BOTH["forward"].numpy
    first = forward(x[: sizes.T], h_0, *weights)
    second = forward(x[sizes.T :], first[-1], *weights)
    error = relative_error(np.concatenate([first, second]), forward(x, h_0, *weights))
    assert error <= 1e-12, f"off by {error:.3g}"
    held = [torch.tensor(array) for array in (x[: sizes.T], h_0, *weights)]
    early = BOTH["forward"].torch(*held)
    late = BOTH["forward"].torch(torch.tensor(x[sizes.T :]), early[-1], *held[2:])
    error = relative_error(torch.cat([early, late]), forward(x, h_0, *weights))
    assert error <= 1e-9, f"off by {error:.3g} in torch"


@STEADY
@given(sizes=SHAPES, seed=st.integers(0, 1000))
def test_a_sequence_comes_to_the_same_alone_as_among_others(sizes: Sizes, seed: int) -> None:
    arrays = inputs("forward", sizes, seed=seed)
    together = BOTH["forward"].numpy(**arrays)
    for n in range(sizes.N):
        alone = arrays | {"x": arrays["x"][:, n : n + 1], "h_0": arrays["h_0"][n : n + 1]}
        error = relative_error(BOTH["forward"].numpy(**alone), together[:, n : n + 1])
        assert error <= 1e-12, f"sequence {n}: off by {error:.3g}"


def test_forward_is_step_repeated_without_the_initial_state() -> None:
    arrays = inputs("forward")
    h, weights = arrays["h_0"], [arrays[name] for name in ("W_x", "W_h", "b")]
    result = BOTH["forward"].numpy(**arrays)
    for t, x_t in enumerate(arrays["x"]):
        h = BOTH["step"].numpy(x_t, h, *weights)
        assert np.array_equal(result[t], h), f"step {t} differs by {np.abs(result[t] - h).max():.3g}"


def test_embed_looks_up_the_row_of_each_word() -> None:
    arrays = inputs("embed")
    result = BOTH["embed"].numpy(**arrays)
    for (t, n), word in np.ndenumerate(arrays["ids"]):
        assert np.array_equal(result[t, n], arrays["W_e"][word]), f"t = {t}, n = {n}"
