"""The CTC loss: every alignment counted one by one for short sequences, and torch's loss and gradients for long ones."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions.with_numpy.ctc import best_path, collapse, ctc, ctc_backward, edit_distance, log_softmax
from tests.solutions.draws import relative_error

TARGETS = {
    "empty": [], "one": [1], "two": [1, 2], "repeated": [2, 2], "twice apart": [1, 2, 1], "thrice": [1, 1, 1],
}  # fmt: skip


def drawn(T: int, V: int, N: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, T, V]).normal(size=(T, N, V))


def column(labels: list[int]) -> np.ndarray:
    return np.array(labels, dtype=np.int64).reshape(-1, 1)


def counted(y: np.ndarray, labels: list[int]) -> float:
    """The probability of the labels, from each of the V^T alignments of one sequence."""
    p = np.exp(log_softmax(y))[:, 0]
    T, V = p.shape
    paths = [path for path in product(range(V), repeat=T) if collapse(np.array(path)) == labels]
    return float(sum(np.prod([p[t, label] for t, label in enumerate(path)]) for path in paths))


def slopes(y: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The gradient by differences of the loss."""
    gradient, step = np.empty_like(y), 1e-6
    for place in np.ndindex(y.shape):
        losses = []
        for sign in (1, -1):
            other = y.copy()
            other[place] += sign * step
            losses.append(ctc(other, labels))
        gradient[place] = (losses[0] - losses[1]) / (2 * step)
    return gradient


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("T", range(1, 6))
def test_the_loss_is_that_of_all_alignments_counted_one_by_one(name: str, T: int) -> None:
    y, labels = drawn(T, 3), TARGETS[name]
    expected = counted(y, labels)
    loss = float(ctc(y, column(labels)))
    if expected == 0:
        assert loss == np.inf
        assert not ctc_backward(y, column(labels)).any()
    else:
        assert abs(loss + np.log(expected)) <= 1e-12
        assert relative_error(ctc_backward(y, column(labels)), slopes(y, column(labels))) <= 1e-7


def test_the_probabilities_of_all_labels_that_three_steps_can_say_add_up_to_one() -> None:
    y = drawn(3, 3)
    said = {tuple(collapse(np.array(path))) for path in product(range(3), repeat=3)}
    assert abs(sum(np.exp(-ctc(y, column(list(labels)))) for labels in said) - 1) <= 1e-12


LENGTHS = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 5)), min_size=1, max_size=4)


@settings(deadline=None, derandomize=True, max_examples=60, database=None)
@given(lengths=LENGTHS, seed=st.integers(0, 1000))
def test_a_padded_batch_agrees_with_torchs_loss_and_gradient(lengths: list[tuple[int, int]], seed: int) -> None:
    steps, labels = np.array(lengths).T
    T, S, N = max(steps), max(labels), len(lengths)
    y, targets = drawn(T, 4, N, seed), np.random.default_rng(seed).integers(1, 4, (S, N))
    mask, target_mask = np.arange(T)[:, None] < steps, np.arange(S)[:, None] < labels
    scores = torch.tensor(y, requires_grad=True)
    loss = torch.nn.CTCLoss(reduction="none", zero_infinity=False)(
        scores.log_softmax(2), torch.tensor(targets.T), torch.tensor(steps), torch.tensor(labels)
    )
    (gradient,) = torch.autograd.grad(loss[loss.isfinite()].sum(), scores, allow_unused=True)
    in_torch = loss.detach().numpy()
    mine = float(ctc(y, targets, mask, target_mask))
    assert mine == in_torch.sum() or abs(mine - in_torch.sum()) <= 1e-9 * max(1.0, abs(mine))
    possible = np.isfinite(in_torch)[:, None]
    expected = np.zeros_like(y) if gradient is None else np.where(possible, np.nan_to_num(gradient.numpy()), 0)
    assert relative_error(ctc_backward(y, targets, mask, target_mask), expected) <= 1e-9


def test_float32_stays_float32_and_arguments_as_they_were() -> None:
    y, targets = drawn(6, 4).astype(np.float32), column([1, 3])
    kept = y.copy()
    assert ctc(y, targets).dtype == ctc_backward(y, targets).dtype == np.float32
    assert np.array_equal(y, kept)


def test_long_sequences_do_not_underflow() -> None:
    T, labels = 1000, np.tile([1, 2, 3], 20)[:, None]
    y = drawn(T, 4)
    loss = float(ctc(y, labels))
    expected = torch.nn.functional.ctc_loss(
        torch.tensor(y).log_softmax(2), torch.tensor(labels.T), torch.tensor([T]), torch.tensor([60]), reduction="sum"
    )
    assert abs(loss - float(expected)) <= 1e-9 * loss
    assert np.isfinite(ctc_backward(y, labels)).all()


def test_a_blank_among_the_labels_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^ctc: the argument targets must hold no blank"):
        ctc(drawn(4, 3), column([1, 0]))
    with pytest.raises(ValueError, match=r"^ctc: the argument targets must hold numbers from 0 to 2"):
        ctc(drawn(4, 3), column([1, 3]))
    with pytest.raises(ValueError, match=r"^ctc: the argument target_mask must be True for the first labels"):
        ctc(drawn(4, 3), column([1, 2]), target_mask=np.array([[False], [True]]))


@pytest.mark.parametrize(
    ("path", "labels"), [([], []), ([0, 0], []), ([1, 1, 2], [1, 2]), ([1, 0, 1], [1, 1]), ([0, 2, 2, 0, 1], [2, 1])]
)
def test_an_alignment_comes_to_its_labels(path: list[int], labels: list[int]) -> None:
    assert collapse(np.array(path, dtype=int)) == labels


def test_the_best_path_takes_the_highest_score_of_each_step_that_counts() -> None:
    path = np.array([[1, 0], [1, 2], [0, 2], [1, 1]])
    mask = np.array([[True, True], [True, True], [True, True], [True, False]])
    assert best_path(np.eye(3)[path], mask) == [[1, 1], [2]]


def test_the_best_path_need_not_come_to_the_most_likely_labels() -> None:
    y = np.log(np.array([[[0.6, 0.4]], [[0.6, 0.4]]]))
    assert best_path(y) == [[]]
    assert np.exp(-ctc(y, column([1]))) > np.exp(-ctc(y, column([])))


@pytest.mark.parametrize(
    ("made", "right", "distance"),
    [
        ([], [], 0),
        ([], [1, 2], 2),
        ([1, 2], [], 2),
        ([1, 2, 3], [1, 3], 1),
        ([1, 2], [2, 1], 2),
        ([1, 2, 3], [1, 4, 3], 1),
    ],
)
def test_the_edit_distance_counts_the_fewest_changes(made: list[int], right: list[int], distance: int) -> None:
    assert edit_distance(made, right) == distance
