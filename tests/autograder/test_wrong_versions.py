"""Wrong functions that were once taken for right ones, by someone who knew the texts alone: they stay rejected.

Those that are known mistakes by now stand beside the checks, with a name. These here break a promise in a way of their own.
"""

import numpy as np
import pytest

from autograder.authoring.examples import worked_cases
from autograder.check import difference
from autograder.exercise import EXERCISES, Check, DrawnCase
from autograder.grading import challenge
from autograder.grading.judge import expected_values, outcomes, shown_of, tolerances

STUDENTS = 10


def sums_from_the_last_word(dx, ids, vocabulary_size):
    """What is left of the sum over all words when the words before are taken away, from the last word to the first."""
    rows = dx.reshape(ids.size, -1)
    later = np.stack([rows[ids.ravel() >= v].sum(axis=0) for v in range(vocabulary_size + 1)])
    return later[:-1] - later[1:]


def as_few_blocks_as_needed(dh, x, h_0, h, W_x, W_h, k):
    """Blocks of equal length, as many as it takes to have none above k."""
    T, H = len(x), h_0.shape[1]
    count = -(-T // k)
    ends = {round(T * (block + 1) / count) - 1 for block in range(count)}
    before, carry, da = [h_0, *h[:-1]], np.zeros_like(h_0), np.zeros_like(h)
    for t in range(T - 1, -1, -1):
        da[t] = (dh[t] + (0 if t in ends else carry)) * (1 - h[t] ** 2)
        carry = da[t] @ W_h
    flat, states = da.reshape(-1, H), np.stack(before).reshape(-1, H)
    return da @ W_x, carry, flat.T @ x.reshape(len(flat), -1), flat.T @ states, flat.sum(axis=0)


def same_object_once(gradients):
    kept = []
    for g in gradients.values():
        if not any(g is other for other in kept):
            kept.append(g)
    return float(np.linalg.norm(np.concatenate([g.ravel().astype(np.float64) for g in kept])))


def scaled_to_one_size(J):
    size = np.abs(J).max(initial=0.0)
    return np.linalg.svd(J / (size or 1.0), compute_uv=False) * size


def symmetric_ones_by_eigenvalues(J):
    flat = J.reshape(-1, *J.shape[-2:])
    found = [
        np.abs(np.linalg.eigvalsh(one)[::-1]) if (one == one.T).all() else np.linalg.svd(one, compute_uv=False)
        for one in flat
    ]
    return np.stack(found).reshape(J.shape[:-1])


def symmetric_radius_from_the_top(J):
    eigenvalues = np.linalg.eigvalsh(J) if (J == J.T).all() else np.linalg.eigvals(J)
    return float(abs(eigenvalues[-1])) if (J == J.T).all() else float(np.abs(eigenvalues).max())


def clipped_by_two_absolute_values(gradients, limit):
    """On paper the same; the sum of the two loses a number that is tiny beside the limit."""
    return {name: ((abs(g + limit) - abs(g - limit)) / 2).astype(g.dtype) for name, g in gradients.items()}


def all_stop_with_the_first(dh_T, h, W_h):
    """Where one sequence has no gradient any more, the others are given up too."""
    norms, g = np.zeros((len(h) + 1, len(dh_T)), dtype=dh_T.dtype), dh_T
    for lag in range(len(h) + 1):
        norms[lag] = np.linalg.norm(g, axis=1)
        if lag == len(h) or not g.any(axis=1).all():
            return norms
        g = (g * (1 - h[len(h) - 1 - lag] ** 2)) @ W_h


def slope_of_the_state_before(dh_T, h, W_h):
    g, norms = dh_T, [np.linalg.norm(dh_T, axis=1)]
    for t in range(len(h) - 1, -1, -1):
        slope = 1 - h[t - 1] ** 2 if t else np.ones_like(h[0])
        g = (g * slope) @ W_h
        norms.append(np.linalg.norm(g, axis=1))
    return np.stack(norms)


def slope_by_the_hyperbolic_cosine(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    """1 / cosh(c)^2 as a quotient of exponentials, which are infinite for a large cell."""
    i, f, o, g = gates
    d = dc + dh * o * 4 * np.exp(2 * c) / (1 + np.exp(2 * c)) ** 2
    parts = [d * g * i * (1 - i), d * c_prev * f * (1 - f), dh * np.tanh(c) * o * (1 - o), d * i * (1 - g * g)]
    da = np.hstack(parts)
    return da @ W_x, da @ W_h, f * d, da.T @ x, da.T @ h_prev, da.sum(axis=0)


WRONG = [
    ("02_bptt", "embedding.embed_backward", sums_from_the_last_word),
    ("02_bptt", "truncated_bptt.truncated_backward", as_few_blocks_as_needed),
    ("03_gradients", "clipping.global_norm", same_object_once),
    ("03_gradients", "jacobians.singular_values", scaled_to_one_size),
    ("03_gradients", "jacobians.singular_values", symmetric_ones_by_eigenvalues),
    ("03_gradients", "jacobians.spectral_radius", symmetric_radius_from_the_top),
    ("03_gradients", "clipping.clip_by_value", clipped_by_two_absolute_values),
    ("03_gradients", "gradient_lag.rnn_gradient_norms", all_stop_with_the_first),
    ("03_gradients", "gradient_lag.rnn_gradient_norms", slope_of_the_state_before),
    ("04_lstm", "lstm.step_backward", slope_by_the_hyperbolic_cosine),
]  # fmt: skip


def differences(check: Check, function: object, cases: list[DrawnCase]) -> list[str]:
    """The titles of the cases in which a function is not right."""
    with np.errstate(all="ignore"):
        found = outcomes(check, function, cases)  # type: ignore[arg-type]
    rows = zip(cases, found, expected_values(check, cases), tolerances(check, cases), strict=True)
    return [case.title for case, *one in rows if difference(one[0], one[1], one[2], shown_of(check)) is not None]


@pytest.mark.parametrize(("slug", "name", "wrong"), WRONG, ids=[wrong.__name__ for _, _, wrong in WRONG])
def test_it_is_rejected_for_every_student_and_at_home(slug: str, name: str, wrong: object) -> None:
    check = EXERCISES[slug].check(name)
    for number in range(STUDENTS):
        cases = challenge.draw(check, number.to_bytes(32, "big"), slug, "student")
        assert differences(check, wrong, cases), f"student {number}"
    assert differences(check, wrong, worked_cases(check))
