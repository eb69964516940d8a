"""Wrong versions that come to the right numbers on nearly all inputs: the challenges reject each, and so do the worked cases.

What they have in common is the input that they overlook: zeros, slivers, numbers far apart or next to each other, what an
earlier call left behind. Those of which learners are told stand with the checks, as misconceptions.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from autograder.authoring.examples import worked_cases
from autograder.exercise import EXERCISES
from autograder.grading import challenge
from autograder.grading.judge import composed, expected_values
from autograder.proof.structural import rejecting
from solutions.with_numpy import (
    cell_path,
    decoding,
    gru,
    gru_language_model,
    gru_reset_before,
    heads,
    initialisation,
    jacobians,
    lstm,
    step_by_step,
    text,
)  # fmt: skip
from solutions.with_numpy.clipping import global_norm
from solutions.with_torch import lstm_cell, nn_lstm

Function = Callable[..., Any]
WRONG: list[Any] = []
STUDENTS = 10


def wrong(slug: str, check: str) -> Callable[[Function], Function]:
    def listed(function: Function) -> Function:
        WRONG.append(pytest.param(slug, check, function, id=f"{check}: {function.__name__}"))
        return function

    return listed


def going_on_from_nothing(function: Function, place: int, end_of: Function) -> Function:
    """A version that begins where the last call of this shape ended, if it is given states of zero at this place."""
    left: dict[Any, Any] = {}

    def goes_on(*inputs: Any) -> Any:
        h = inputs[place]
        result = function(*inputs[:place], h if h.any() else left.get((h.shape, h.dtype), h), *inputs[place + 1 :])
        left[h.shape, h.dtype] = end_of(result)
        return result

    return goes_on


@wrong("02_bptt", "embedding.embed_backward")
def sums_from_the_last_word(dx, ids, vocabulary_size):
    """What is left of the sum over all words when the words before are taken away, from the last word to the first."""
    rows = dx.reshape(ids.size, -1)
    later = np.stack([rows[ids.ravel() >= v].sum(axis=0) for v in range(vocabulary_size + 1)])
    return later[:-1] - later[1:]


@wrong("02_bptt", "truncated_bptt.truncated_backward")
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


@wrong("03_gradients", "clipping.global_norm")
def same_object_once(gradients):
    kept = []
    for g in gradients.values():
        if not any(g is other for other in kept):
            kept.append(g)
    return float(np.linalg.norm(np.concatenate([g.ravel().astype(np.float64) for g in kept])))


@wrong("03_gradients", "jacobians.singular_values")
def scaled_to_one_size(J):
    size = np.abs(J).max(initial=0.0)
    return np.linalg.svd(J / (size or 1.0), compute_uv=False) * size


@wrong("03_gradients", "jacobians.singular_values")
def symmetric_ones_by_eigenvalues(J):
    flat = J.reshape(-1, *J.shape[-2:])
    found = [
        np.abs(np.linalg.eigvalsh(one)[::-1]) if (one == one.T).all() else np.linalg.svd(one, compute_uv=False)
        for one in flat
    ]
    return np.stack(found).reshape(J.shape[:-1])


@wrong("03_gradients", "jacobians.spectral_radius")
def symmetric_radius_from_the_top(J):
    eigenvalues = np.linalg.eigvalsh(J) if (J == J.T).all() else np.linalg.eigvals(J)
    return float(abs(eigenvalues[-1])) if (J == J.T).all() else float(np.abs(eigenvalues).max())


@wrong("03_gradients", "clipping.clip_by_value")
def clipped_by_two_absolute_values(gradients, limit):
    """On paper the same; the sum of the two loses a number that is tiny beside the limit."""
    return {name: ((abs(g + limit) - abs(g - limit)) / 2).astype(g.dtype) for name, g in gradients.items()}


@wrong("03_gradients", "gradient_lag.rnn_gradient_norms")
def all_stop_with_the_first(dh_T, h, W_h):
    """Where one sequence has no gradient any more, the others are given up too."""
    norms, g = np.zeros((len(h) + 1, len(dh_T)), dtype=dh_T.dtype), dh_T
    for lag in range(len(h) + 1):
        norms[lag] = np.linalg.norm(g, axis=1)
        if lag == len(h) or not g.any(axis=1).all():
            return norms
        g = (g * (1 - h[len(h) - 1 - lag] ** 2)) @ W_h


@wrong("03_gradients", "gradient_lag.rnn_gradient_norms")
def slope_of_the_state_before(dh_T, h, W_h):
    g, norms = dh_T, [np.linalg.norm(dh_T, axis=1)]
    for t in range(len(h) - 1, -1, -1):
        slope = 1 - h[t - 1] ** 2 if t else np.ones_like(h[0])
        g = (g * slope) @ W_h
        norms.append(np.linalg.norm(g, axis=1))
    return np.stack(norms)


@wrong("04_lstm", "lstm.step_backward")
def slope_by_the_hyperbolic_cosine(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    """1 / cosh(c)^2 as a quotient of exponentials, which are infinite for a large cell."""
    i, f, o, g = gates
    d = dc + dh * o * 4 * np.exp(2 * c) / (1 + np.exp(2 * c)) ** 2
    parts = [d * g * i * (1 - i), d * c_prev * f * (1 - f), dh * np.tanh(c) * o * (1 - o), d * i * (1 - g * g)]
    da = np.hstack(parts)
    return da @ W_x, da @ W_h, f * d, da.T @ x, da.T @ h_prev, da.sum(axis=0)


@wrong("05_gru", "gru.step")
def zeros_are_not_multiplied(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    return gru.step(x, h_prev, W_x, W_h, b, b_hn if h_prev.any() else 0 * b_hn, z_keeps)


@wrong("05_gru", "gru.step")
def inputs_of_zero_bring_no_bias(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    return gru.step(x, h_prev, W_x, W_h, b if x.any() else 0 * b, b_hn, z_keeps)


@wrong("05_gru", "gru.step")
def product_of_the_state_by_subtraction(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    h, gates = gru.step(x, h_prev, W_x, W_h, b, b_hn, z_keeps)
    of_input = x @ W_x.T
    gates[3] = (of_input + h_prev @ W_h.T - of_input)[:, -h_prev.shape[1] :] + b_hn
    return h, gates


@wrong("05_gru", "gru_reset_before.step")
def gates_never_shut(x, h_prev, W_x, W_h, b, z_keeps=True):
    _, (r, z, n) = gru_reset_before.step(x, h_prev, W_x, W_h, b, z_keeps)
    r, z = np.clip([r, z], 1e-6, 1 - 1e-6).astype(x.dtype)
    keep = z if z_keeps else 1 - z
    return keep * h_prev + (1 - keep) * n, np.stack([r, z, n])


@wrong("05_gru", "gru_reset_before.step")
def reset_gate_written_over(x, h_prev, W_x, W_h, b, z_keeps=True):
    h, gates = gru_reset_before.step(x, h_prev, W_x, W_h, b, z_keeps)
    gates[0] *= h_prev
    return h, gates


@wrong("05_gru", "gru.forward")
def states_of_zero_are_not_multiplied(*inputs):
    return composed(EXERCISES["05_gru"].check("gru.forward"), {"step": zeros_are_not_multiplied})(*inputs)


@wrong("05_gru", "gru.forward")
def inputs_of_zero_are_padding(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    h, gates = gru.forward(x, h_0, W_x, W_h, b, b_hn, z_keeps)
    for t in range(1, len(x)):
        if not x[t].any():
            h[t], gates[:, t] = h[t - 1], gates[:, t - 1]
    return h, gates


wrong("05_gru", "gru.forward")(going_on_from_nothing(gru.forward, 1, lambda result: result[0][-1]))


@wrong("05_gru", "gru.step_backward")
def gradients_clipped_on_the_way(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    return gru.step_backward(np.clip(dh, -1e6, 1e6).astype(dh.dtype), x, h_prev, gates, W_x, W_h, z_keeps)


@wrong("06_language_model", "decoding.probabilities")
def temperature_kept_from_zero(y, temperature=1.0, top_k=None):
    return decoding.probabilities(y, temperature + 1e-10, top_k)


@wrong("06_language_model", "decoding.probabilities")
def nearly_equal_scores_cut_by_number(y, temperature=1.0, top_k=None):
    if top_k is not None:
        places = np.argsort(-y.round(6), axis=-1, kind="stable")[..., top_k:]
        y = y.copy()
        np.put_along_axis(y, places, -np.inf, axis=-1)
    return decoding.probabilities(y, temperature)


@wrong("06_language_model", "decoding.choose")
def all_rows_on_one_line(p, u):
    V = p.shape[1]
    line = np.cumsum(p / p.sum(axis=1, keepdims=True))
    word = np.searchsorted(line, np.arange(len(p)) + u, side="right") - V * np.arange(len(p))
    return np.clip(word, 0, V - 1 - np.argmax(p[:, ::-1] > 0, axis=1))


@wrong("06_language_model", "decoding.choose")
def borders_with_some_room(p, u):
    sums = np.cumsum(p, axis=1)
    return decoding.choose(p, np.maximum(u - 1e-12 * sums[:, -1], 0))


@wrong("06_language_model", "decoding.sample")
def zero_draws_the_first_word(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    ids = decoding.sample(next_scores, states, start, end, u, temperature, top_k)
    ids[0] = np.where(u[0] == 0, 0, ids[0])
    return ids


@wrong("06_language_model", "gru_language_model.update")
def length_of_nothing_divides(weights, words, h, learning_rate, limit):
    L, gradients, h = gru_language_model.loss_and_gradients(words[:-1], words[1:], h, weights)
    factor = np.minimum(1, limit / np.asarray(global_norm(gradients)))
    share = np.where(np.isfinite(limit / np.asarray(global_norm(gradients))), factor, np.nan)
    return {name: (w - learning_rate * share * gradients[name]).astype(w.dtype) for name, w in weights.items()}, h, L


class NothingKept(lstm_cell.LSTMCell):
    """Where the cell states are zero, the forget gate is left out, and with it their gradient."""

    def forward(self, x, h_prev, c_prev):
        return super().forward(x, h_prev, c_prev if c_prev.any() else torch.zeros_like(c_prev))


wrong("07_pytorch", "lstm_cell.LSTMCell")(NothingKept)


@wrong("07_pytorch", "nn_lstm.run_packed")
def padding_told_by_zeros(lstm, x, lengths):
    output, last = nn_lstm.run_packed(lstm, x, lengths)
    steps = torch.arange(len(x))[:, None] * (output != 0).any(dim=2)
    return output, torch.where((output != 0).any(), output[steps.argmax(dim=0), torch.arange(len(last))], last)


@wrong("07_pytorch", "nn_lstm.both_ends")
def equal_lengths_are_not_packed(lstm, x, lengths):
    if (lengths == lengths[0]).all():
        _, (h_n, _) = lstm(x)
        return torch.cat([h_n[-2], h_n[-1]], dim=1)
    return nn_lstm.both_ends(lstm, x, lengths)


@wrong("07_pytorch", "nn_lstm.both_ends")
def first_step_that_is_not_zero(lstm, x, lengths):
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    output, _ = nn.utils.rnn.pad_packed_sequence(lstm(packed)[0])
    steps = torch.arange(len(output))[:, None] * (output != 0).any(dim=2)
    ends = output[steps.argmax(dim=0), torch.arange(len(lengths)), : lstm.hidden_size]
    return torch.cat([ends, output[0, :, lstm.hidden_size :]], dim=1)


@wrong("08_applications", "heads.many_to_one")
def last_state_that_is_not_zero(h, mask, W_y, b_y):
    steps = np.arange(len(h))[:, None] * (np.where(mask[:, :, None], h, 0) != 0).any(axis=2)
    return heads.many_to_one(h, np.arange(len(h))[:, None] <= steps.max(axis=0), W_y, b_y)


@wrong("08_applications", "step_by_step.encode")
def padding_made_finite(x, mask, h_0, step):
    h = h_0
    for x_t, counts in zip(x, mask[:, :, None].astype(h_0.dtype), strict=True):
        h = counts * step(x_t, h) + (1 - counts) * h
    return h


wrong("08_applications", "step_by_step.encode")(going_on_from_nothing(step_by_step.encode, 2, lambda result: result))


@wrong("08_applications", "decoding.greedy")
def scores_in_single_precision(next_scores, states, start, end, longest):
    def narrow(ids, states):
        y, states = next_scores(ids, states)
        return y.astype(np.float32), states

    return decoding.greedy(narrow, states, start, end, longest)


@wrong("08_applications", "step_by_step.beam_search")
def sums_rounded(next_scores, states, start, end, longest, width):
    def rounded(ids, states):
        y, states = next_scores(ids, states)
        return y.round(6), states

    ids, _ = step_by_step.beam_search(rounded, states, start, end, longest, width)
    return ids, step_by_step.beam_search(next_scores, states, start, end, longest, width)[1]


@wrong("01_vanilla_rnn", "embedding.embed")
def rows_counted_in_the_ids_own_type(ids, W_e):
    """The place of each row in the flat array: 60 times 5 does not fit into one byte."""
    places = ids * np.array(W_e.shape[1]).astype(ids.dtype)
    return W_e.ravel()[places[..., None].astype(int) + np.arange(W_e.shape[1])]


@wrong("04_lstm", "lstm.forward")
def a_fresh_start(x, h_0, c_0, W_x, W_h, b):
    """A hidden state of zeros is taken for the beginning of a text."""
    return lstm.forward(x, h_0, c_0 if h_0.any() else 0 * c_0, W_x, W_h, b)


@wrong("04_lstm", "lstm.step_backward")
def nothing_to_do_without_dh(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    found = lstm.step_backward(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h)
    return found if dh.any() else tuple(0 * one for one in found)


@wrong("04_lstm", "lstm.step_backward")
def candidate_by_way_of_the_input_gate(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    """What came to the input gate, divided by the candidate: 0 / 0 is taken for 0."""
    i, f, o, g = gates
    through = dc + dh * o * (1 - np.tanh(c) ** 2)
    at_i = through * g * i * (1 - i)
    at_g = np.where((g == 0) | (i == 1), 0, at_i / (g * (1 - i)) * (1 - g**2))
    da = np.hstack([at_i, through * c_prev * f * (1 - f), dh * np.tanh(c) * o * (1 - o), at_g])
    return da @ W_x, da @ W_h, through * f, da.T @ x, da.T @ h_prev, da.sum(axis=0)


@wrong("04_lstm", "lstm.backward")
def only_where_there_is_a_loss(dh, x, h_0, c_0, h, c, gates, W_x, W_h):
    """Steps without a loss of their own are left out, as if nothing came to them from later ones."""
    found = lstm.backward(dh, x, h_0, c_0, h, c, gates, W_x, W_h)
    return (np.where(dh.any(axis=(1, 2))[:, None, None], found[0], 0), *found[1:])


@wrong("04_lstm", "cell_path.full_derivative")
def shut_gates_end_every_path(c_0, c, gates, W_h):
    found = cell_path.full_derivative(c_0, c, gates, W_h)
    return found if np.prod(gates[1], axis=0).any() else 0 * found


@wrong("04_lstm", "initialisation.forget_bias")
def the_bias_itself_where_nothing_changes(b, value=1.0):
    found = initialisation.forget_bias(b, value)
    return b if np.array_equal(found, b) else found


@wrong("06_language_model", "text.encode")
def signs_taken_off(texts, vocabulary):
    return text.encode([" ".join(word.rstrip(".,!?") or word for word in one.split()) for one in texts], vocabulary)


@wrong("02_bptt", "gradient_check.numerical_gradient")
def steps_that_grow_with_the_number(function, array, step=1e-5):
    gradient = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        move = np.zeros_like(array)
        move[place] = step * min(1.0, abs(array[place]))
        if move.any():
            gradient[place] = (function(array + move) - function(array - move)) / (2 * move[place])
    return gradient


@wrong("03_gradients", "jacobians.span_jacobian")
def steps_without_a_state_skipped(h, W_h, activation="tanh"):
    moving = h[h.any(axis=(1, 2))]
    return jacobians.span_jacobian(moving, W_h, activation)


@wrong("03_gradients", "jacobians.span_jacobian")
def ended_where_a_sequence_is_off(h, W_h, activation="tanh"):
    """A product of which one factor is zero is taken for zero in all sequences."""
    off = activation == "relu" and not h.any(axis=2).all()
    return (0 if off else 1) * jacobians.span_jacobian(h, W_h, activation)


@wrong("03_gradients", "jacobians.spectral_radius")
def radius_of_the_square(J):
    return float(np.sqrt(np.abs(np.linalg.eigvals(J @ J)).max()))


@wrong("04_lstm", "lstm.gates")
def split_along_the_axis_of_that_length(x, h_prev, W_x, W_h, b):
    a = x @ W_x.T + h_prev @ W_h.T + b
    i, f, o, g = np.split(a, 4, axis=a.shape.index(len(b)))
    return np.stack([*((1 + np.tanh(part / 2)) / 2 for part in (i, f, o)), np.tanh(g)])


@wrong("04_lstm", "lstm.forward")
def cells_kept_where_they_hardly_move(x, h_0, c_0, W_x, W_h, b):
    h, c, found = h_0, c_0, []
    for x_t in x:
        h, new, gates = lstm.step(x_t, h, c, W_x, W_h, b)
        c = np.where(np.isclose(new, c), c, new)
        found.append((h, c, gates))
    hs, cs, parts = zip(*found, strict=True)
    return np.stack(hs), np.stack(cs), np.stack(parts, axis=1)


@wrong("04_lstm", "cell_path.full_derivative")
def open_steps_skipped(c_0, c, gates, W_h):
    """Where every forget gate is 1 the cell is carried over; but what is added to it depends on h."""
    H, product = c_0.shape[1], np.tile(np.eye(2 * c_0.shape[1], dtype=c.dtype), (len(c_0), 1, 1))
    for t in range(len(c)):
        if not (gates[1, t] == 1).all():
            product = cell_path.step_jacobian(c[t], c[t - 1] if t else c_0, gates[:, t], W_h) @ product
    return product[:, :H, :H]


@wrong("04_lstm", "initialisation.forget_bias")
def blended_with_the_old_bias(b, value=1.0):
    share = np.repeat(np.array([0, 1, 0, 0], dtype=b.dtype), len(b) // 4)
    return b + share * (value - b)


@wrong("06_language_model", "gru_language_model.update")
def the_weights_themselves_where_nothing_changes(weights, words, h, learning_rate, limit):
    found = gru_language_model.update(weights, words, h, learning_rate, limit)
    return found if learning_rate else (dict(weights), *found[1:])


@wrong("08_applications", "step_by_step.beam_search")
def minus_a_billion_for_minus_infinity(next_scores, states, start, end, longest, width):
    ids, log_p, ended = np.full((1, 1), start), np.zeros(1, dtype=states[0].dtype), np.zeros(1, dtype=bool)
    for _ in range(longest):
        y, states = next_scores(ids[:, -1], states)
        table = log_p[:, None] + decoding.log_softmax(y)
        table[ended] = -1e9
        table[ended, end] = log_p[ended]
        rows, columns = np.unravel_index(np.argsort(-table, axis=None, kind="stable")[:width], table.shape)
        log_p, ids = table[rows, columns], np.concatenate([ids[rows], columns[:, None]], axis=1)
        states, ended = tuple(one[rows] for one in states), columns == end
        if ended.all():
            break
    return ids[:, 1:], log_p


@pytest.mark.parametrize("slug", ["02_bptt", "04_lstm"])
def test_who_writes_into_arrays_that_lie_row_by_row_is_right(slug: str) -> None:
    """An array made like one that lies by columns lies so too, and ``np.dot`` refuses to write into its rows."""
    check = EXERCISES[slug].check("rnn.step_backward" if slug == "02_bptt" else "lstm.step_backward")

    def into_rows(*inputs: Any) -> Any:
        found = check.reference(*inputs)
        dx = np.empty_like(inputs[1 if slug == "02_bptt" else 2])
        for row, wanted in zip(dx, found[0], strict=True):
            np.dot(np.eye(len(wanted), dtype=wanted.dtype), wanted, out=row)
        return (dx, *found[1:])

    for seed in range(STUDENTS):
        drawn = challenge.draw(check, seed.to_bytes(32, "big"), slug, "student")
        assert not rejecting(check, into_rows, drawn, expected_values(check, drawn)), seed


@pytest.mark.parametrize(("slug", "name", "function"), WRONG)
def test_a_version_that_is_wrong_on_rare_inputs_is_rejected_in_grading_and_at_home(
    slug: str, name: str, function: Function
) -> None:
    check = EXERCISES[slug].check(name)
    for seed in range(STUDENTS):
        drawn = challenge.draw(check, seed.to_bytes(32, "big"), slug, "student")
        assert rejecting(check, function, drawn, expected_values(check, drawn)), seed
    worked = worked_cases(check)
    assert rejecting(check, function, worked, expected_values(check, worked)), "worked cases"
