"""What makes the fast functions fast: aligned memory, products in blocks, sigmoids by tanh, sums chunk by chunk.

Which of it is taken depends on the processor, so every test here asks for both ways.
"""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions.with_numpy.fast import memory, products, sigmoid
from solutions.with_numpy.fast.chunks import chunks_from_the_end
from solutions.with_numpy.fast.weights import WeightGradients, write_input_gradients
from tests.solutions.cells import TOLERANCE, assert_equal, draw, loop_results, results
from tests.solutions.draws import Sizes, relative_error

STEADY = settings(deadline=None, derandomize=True, max_examples=40, database=None)
LENGTH = st.integers(1, 7)
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
BOTH = pytest.mark.parametrize("small", [True, False], ids=["small kernels", "no small kernels"])


def address(array: np.ndarray) -> int:
    return int(array.ctypes.data)


@DTYPES
@STEADY
@given(shapes=st.lists(st.lists(LENGTH, min_size=1, max_size=3).map(tuple), min_size=1, max_size=4))
def test_arrays_begin_at_a_line_and_do_not_overlap(dtype: type, shapes: list[tuple[int, ...]]) -> None:
    made = memory.arrays(np.dtype(dtype), *shapes)
    assert [array.shape for array in made] == shapes
    assert all(array.dtype == dtype and address(array) % memory.LINE == 0 for array in made)
    for k, array in enumerate(made):
        array[...] = k
    assert all((array == k).all() for k, array in enumerate(made)), "one array was written over by another"


@DTYPES
@STEADY
@given(shape=st.lists(st.integers(1, 40), min_size=2, max_size=3).map(tuple))
def test_each_row_begins_at_a_line(dtype: type, shape: tuple[int, ...]) -> None:
    made = memory.rows(np.dtype(dtype), shape)
    assert made.shape == shape
    assert all(address(made[index]) % memory.LINE == 0 for index in np.ndindex(shape[:-1]))


@pytest.mark.parametrize(("architecture", "has"), [("SkylakeX", True), ("Haswell", False), ("Zen", False)])
def test_small_kernels_are_known_by_the_processor(
    architecture: str, has: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = [{"user_api": "openmp"}, {"user_api": "blas", "architecture": architecture}]
    monkeypatch.setattr(products, "threadpool_info", lambda: loaded)
    assert products.has_small_kernels.__wrapped__() is has


@pytest.mark.parametrize(("name", "faster"), [("X86_V4", True), ("AVX512_SKX", True), ("X86_V3", False)])
def test_tanh_is_known_to_be_faster_by_the_processor(name: str, faster: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    loops = {"tanh": {"ff": {"current": name, "available": "X86_V4 X86_V3"}}}
    monkeypatch.setattr(sigmoid.introspect, "opt_func_info", lambda **_: loops)
    assert sigmoid.tanh_is_faster.__wrapped__() is faster


@pytest.mark.parametrize(
    ("N", "K", "C", "shape"),
    [
        (32, 97, 64, (32, 64)),  # small as it is
        (64, 385, 256, (32, 64)),
        (128, 769, 512, (16, 64)),
        (128, 512, 768, (16, 64)),
        (64, 385, 100, (64, 100)),  # no whole number of blocks
        (7, 9000, 64, (7, 64)),  # nothing divides the rows
    ],
)
def test_a_product_is_cut_into_small_ones_that_fill_it(
    N: int, K: int, C: int, shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "has_small_kernels", lambda: True)
    assert products.block_shape(N, K, C) == shape
    monkeypatch.setattr(products, "has_small_kernels", lambda: False)
    assert products.block_shape(N, K, C) == (N, C)


@BOTH
@STEADY
@given(G=LENGTH, N=st.sampled_from([1, 3, 8, 16, 24]), K=LENGTH, C=st.sampled_from([1, 5, 8, 12]), same=st.booleans())
def test_a_step_product_is_the_product(small: bool, G: int, N: int, K: int, C: int, same: bool) -> None:
    rng = np.random.default_rng([G, N, K, C])
    W, left, out = rng.normal(size=(G, K, C)), rng.normal(size=(2, 1 if same else G, N, K)), np.empty((2, G, N, C))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "has_small_kernels", lambda: small)
        patch.setattr(products, "MOST_MULTIPLICATIONS", 8 * 4 * 4)
        patch.setattr(products, "COLUMNS", 4)
        step = products.StepProduct(W, N)
        lefts, outs = step.left(left), step.out(out)
        assert np.shares_memory(outs, out), "what is written to a copy is lost"
        for t in range(2):
            np.matmul(lefts[t], step.weights, out=outs[t])
    assert relative_error(out, left @ W) <= 1e-13


@pytest.mark.parametrize("by_tanh", [True, False], ids=["tanh", "exp"])
@DTYPES
def test_the_sigmoid_is_the_sigmoid_either_way(dtype: type, by_tanh: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sigmoid, "tanh_is_faster", lambda: by_tanh)
    a = np.array([-1000, -80, -5, -1e-3, 0, 0.7, 5, 80, 1000], np.float64)
    of_dtype, out = sigmoid.Sigmoid(dtype), np.empty(len(a), dtype)
    with np.errstate(over="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        of_dtype((of_dtype.factor * a).astype(dtype), out)
    expected = 1 / (1 + np.exp(-np.maximum(a, -700)))
    assert np.abs(out - expected).max() <= (1e-7 if dtype == np.float32 else 1e-16)
    assert of_dtype.by_tanh == (by_tanh and dtype == np.float32), "double precision keeps the digits of closed gates"


@BOTH
@pytest.mark.parametrize("pairs", [((0, 0), (1, 1)), ((0, 0), (2, 1))], ids=["joint", "apart"])
@STEADY
@given(
    T=st.integers(1, 9), N=st.integers(1, 4), length=st.integers(1, 9), few=st.integers(1, 9), many=st.integers(1, 20)
)
def test_weight_gradients_are_sums_over_steps_however_they_are_cut(
    small: bool, pairs: tuple[tuple[int, int], ...], T: int, N: int, length: int, few: int, many: int
) -> None:
    rng, D, H, K = np.random.default_rng([T, N, length]), 3, 8, 1 + max(map(max, pairs))
    x, h_0, h, da = (rng.normal(size=shape) for shape in ((T, N, D), (N, H), (T, N, H), (K, T, N, H)))
    W_x, dx, length = rng.normal(size=(2 * H, D)), np.full((T, N, D), np.nan), min(length, T)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "has_small_kernels", lambda: small)
        patch.setattr("solutions.with_numpy.fast.weights.FEW", (few * N,))
        patch.setattr("solutions.with_numpy.fast.weights.MANY", many * N)
        sums = WeightGradients(K, pairs, x, h_0, h, length)
        for start, end in chunks_from_the_end(T, length):
            sums.room(start, end)[...] = da[:, start:end]
            write_input_gradients(dx[start:end], da[:, start:end], pairs, W_x)
            sums.add(start, end)
        dW_x, dW_h, db = sums.results()
    h_prev, blocks = np.concatenate([h_0[None], h[:-1]]), W_x.reshape(2, H, D)
    to_x, to_h = (da[[pair[side] for pair in pairs]] for side in (0, 1))
    assert relative_error(dW_x, np.einsum("ktnh,tnd->khd", to_x, x).reshape(-1, D)) <= 1e-12
    assert relative_error(dW_h, np.einsum("ktnh,tng->khg", to_h, h_prev).reshape(-1, H)) <= 1e-12
    assert relative_error(db, da.sum(axis=(1, 2))) <= 1e-12
    assert relative_error(dx, np.einsum("ktnh,khd->tnd", to_x, blocks)) <= 1e-12


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(("small", "by_tanh"), list(itertools.product([True, False], repeat=2)))
@DTYPES
def test_the_fast_functions_are_the_loop_on_every_processor(
    cell: str, small: bool, by_tanh: bool, dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "has_small_kernels", lambda: small)
    monkeypatch.setattr(sigmoid, "tanh_is_faster", lambda: by_tanh)
    drawn = draw(cell, Sizes(T=3, N=128, D=64, H=128), dtype)
    assert products.block_shape(128, 128, 128) == ((64, 64) if small else (128, 128)), "the blocks are not tried"
    assert_equal(results(cell, drawn), loop_results(cell, drawn), TOLERANCE[dtype], cell)
