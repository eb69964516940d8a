"""Our functions come to what PyTorch's own come to, and NumPy's version to what torch's does."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from solutions.with_torch.affine import Affine
from solutions.with_torch.embedding import Embedding
from solutions.with_torch.rnn import RNN
from tests.solutions.draws import BOTH, NAMES, Sizes, inputs, relative_error, tensors

TOLERANCE = {np.float64: 1e-9, np.float32: 1e-4}
SIZES = [
    Sizes(),
    Sizes(T=1),
    Sizes(N=1),
    Sizes(H=1),
    Sizes(D=1),
    Sizes(V=1),
    Sizes(1, 1, 1, 1, 1),
    Sizes(4, 4, 4, 4, 4),
]
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
EACH_SIZE = pytest.mark.parametrize("sizes", SIZES, ids=str)


def torch_dtype(dtype: type) -> torch.dtype:
    return torch.float64 if dtype is np.float64 else torch.float32


def both(name: str, sizes: Sizes, dtype: type) -> tuple[dict, dict, list[tuple[str, object]]]:
    """Inputs as arrays and as tensors, and the results of both of our versions."""
    arrays = inputs(name, sizes, dtype)
    given = tensors(arrays)
    pair = BOTH[name]
    return arrays, given, [("NumPy", pair.numpy(**arrays)), ("torch", pair.torch(**given))]


def assert_close(results: list[tuple[str, object]], expected: torch.Tensor, dtype: type) -> None:
    for which, result in results:
        error = relative_error(result, expected.detach().numpy())
        assert error <= TOLERANCE[dtype], f"the {which} version is off by {error:.3g} of the largest value"


@DTYPES
@EACH_SIZE
def test_forward_agrees_with_torch_nn_rnn_whose_two_biases_are_summed(sizes: Sizes, dtype: type) -> None:
    arrays = inputs("forward", sizes, dtype)
    theirs = torch.nn.RNN(sizes.D, sizes.H, dtype=torch_dtype(dtype))
    given = tensors(arrays)
    part = 0.3 * torch.ones(sizes.H, dtype=torch_dtype(dtype))
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(given["W_x"])
        theirs.weight_hh_l0.copy_(given["W_h"])
        theirs.bias_ih_l0.copy_(given["b"] - part)
        theirs.bias_hh_l0.copy_(part)
        expected, last = theirs(given["x"], given["h_0"][None])
    pair = BOTH["forward"]
    assert_close([("NumPy", pair.numpy(**arrays)), ("torch", pair.torch(**given))], expected, dtype)
    assert_close([("NumPy", pair.numpy(**arrays)[-1])], last[0], dtype)


@DTYPES
@EACH_SIZE
def test_step_agrees_with_torch_nn_rnn_cell(sizes: Sizes, dtype: type) -> None:
    _, given, results = both("step", sizes, dtype)
    cell = torch.nn.RNNCell(sizes.D, sizes.H, dtype=torch_dtype(dtype))
    with torch.no_grad():
        cell.weight_ih.copy_(given["W_x"])
        cell.weight_hh.copy_(given["W_h"])
        cell.bias_ih.copy_(given["b"])
        cell.bias_hh.zero_()
    assert_close(results, cell(given["x"], given["h_prev"]), dtype)


@DTYPES
@EACH_SIZE
def test_embed_agrees_with_torch_embedding(sizes: Sizes, dtype: type) -> None:
    _, given, results = both("embed", sizes, dtype)
    assert_close(results, functional.embedding(given["ids"], given["W_e"]), dtype)


@DTYPES
@EACH_SIZE
def test_affine_agrees_with_torch_linear(sizes: Sizes, dtype: type) -> None:
    _, given, results = both("affine", sizes, dtype)
    assert_close(results, functional.linear(given["h"], given["W_y"], given["b_y"]), dtype)


@DTYPES
@EACH_SIZE
def test_cross_entropy_without_a_mask_agrees_with_torch_cross_entropy_summed(sizes: Sizes, dtype: type) -> None:
    arrays = inputs("cross_entropy", sizes, dtype) | {"mask": None}
    given, pair = tensors(arrays), BOTH["cross_entropy"]
    expected = functional.cross_entropy(given["y"].reshape(-1, sizes.V), given["targets"].reshape(-1), reduction="sum")
    assert_close([("NumPy", pair.numpy(**arrays)), ("torch", pair.torch(**given))], expected, dtype)


@DTYPES
@EACH_SIZE
def test_cross_entropy_with_a_mask_agrees_with_torch_ignore_index(sizes: Sizes, dtype: type) -> None:
    _, given, results = both("cross_entropy", sizes, dtype)
    targets = given["targets"].masked_fill(~given["mask"], -100)
    expected = functional.cross_entropy(given["y"].reshape(-1, sizes.V), targets.reshape(-1), reduction="sum")
    assert_close(results, expected, dtype)


@DTYPES
@EACH_SIZE
def test_perplexity_is_the_exponential_of_torch_mean_cross_entropy(sizes: Sizes, dtype: type) -> None:
    _, given, results = both("perplexity", sizes, dtype)
    targets = given["targets"].masked_fill(~given["mask"], -100)
    expected = functional.cross_entropy(given["y"].reshape(-1, sizes.V), targets.reshape(-1)).exp()
    assert_close(results, expected, dtype)


@DTYPES
@EACH_SIZE
@pytest.mark.parametrize("name", NAMES)
def test_numpy_and_torch_versions_agree(name: str, sizes: Sizes, dtype: type) -> None:
    _, _, results = both(name, sizes, dtype)
    (_, ours), (_, theirs) = results
    error = relative_error(ours, theirs)
    assert error <= TOLERANCE[dtype], f"{name}: NumPy and torch differ by {error:.3g} of the largest value"


@DTYPES
def test_modules_come_to_what_the_functions_do_with_the_modules_weights(dtype: type) -> None:
    torch.manual_seed(0)
    sizes = Sizes()
    network = RNN(sizes.D, sizes.H, torch_dtype(dtype))
    table = Embedding(sizes.V, sizes.D, torch_dtype(dtype))
    out = Affine(sizes.H, sizes.V, torch_dtype(dtype))
    ids, h_0 = inputs("embed", sizes)["ids"], inputs("forward", sizes, dtype)["h_0"]
    x = table(torch.tensor(ids))
    h = network(x, torch.tensor(h_0))
    y = out(h)
    weights = {name: p.detach().numpy() for m in (network, table, out) for name, p in m.named_parameters()}
    our_x = BOTH["embed"].numpy(ids, weights["W_e"])
    our_h = BOTH["forward"].numpy(our_x, h_0, weights["W_x"], weights["W_h"], weights["b"])
    our_y = BOTH["affine"].numpy(our_h, weights["W_y"], weights["b_y"])
    for what, ours, theirs in (("x", our_x, x), ("h", our_h, h), ("y", our_y, y)):
        assert theirs.dtype == torch_dtype(dtype), f"{what} is {theirs.dtype}"
        error = relative_error(theirs.detach().numpy(), ours)
        assert error <= TOLERANCE[dtype], f"{what}: module and function differ by {error:.3g}"


def test_the_rnn_module_starts_from_zeros_where_no_state_is_given() -> None:
    torch.manual_seed(0)
    network = RNN(3, 5, torch.float64)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    assert torch.equal(network(x), network(x, torch.zeros(2, 5, dtype=torch.float64)))


def test_modules_draw_their_weights_within_their_bounds_and_learn_all_of_them() -> None:
    torch.manual_seed(0)
    bound = 6**-0.5
    for module, names in (
        (RNN(3, 6), {"W_x": (6, 3), "W_h": (6, 6), "b": (6,)}),
        (Affine(6, 7), {"W_y": (7, 6), "b_y": (7,)}),
    ):
        found = {name: tuple(p.shape) for name, p in module.named_parameters()}
        assert found == names
        for name, parameter in module.named_parameters():
            largest = float(parameter.detach().abs().max())
            assert 0 < largest <= bound, f"{name} goes to {largest}, beyond {bound}"
            assert parameter.requires_grad, f"{name} does not learn"
    table = Embedding(500, 8)
    spread = float(table.W_e.detach().std())
    assert 0.9 < spread < 1.1, f"the vectors' standard deviation is {spread}"


def test_the_gradient_through_our_torch_network_agrees_with_torch_nn_rnn() -> None:
    given = tensors(inputs("forward"))
    theirs = torch.nn.RNN(3, 6, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(given["W_x"])
        theirs.weight_hh_l0.copy_(given["W_h"])
        theirs.bias_ih_l0.copy_(given["b"])
        theirs.bias_hh_l0.zero_()
    theirs(given["x"], given["h_0"][None])[0].square().sum().backward()
    learned = {name: given[name].requires_grad_() for name in ("W_x", "W_h", "b")}
    BOTH["forward"].torch(**given).square().sum().backward()
    for name, parameter in zip(learned, (theirs.weight_ih_l0, theirs.weight_hh_l0, theirs.bias_ih_l0), strict=True):
        error = relative_error(learned[name].grad, parameter.grad)
        assert error <= 1e-9, f"the gradient of {name} is off by {error:.3g}"
