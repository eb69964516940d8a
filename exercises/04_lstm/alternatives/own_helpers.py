"""Helper functions in a cell of their own, other names for the arguments, and recursion in place of the loop."""

# ruff: noqa: F821 - functions that are given, or written elsewhere in the notebook

import numpy as np


def logistic(a):
    return np.reciprocal(1 + np.exp(-a))


def slope_of_logistic(gate):
    return gate * (1 - gate)


def slope_of_tanh(result):
    return 1 - np.square(result)


def from_here(t, direct, handed, inputs, h_start, c_start, hs, cs, opened, W, U):
    """The gradients of step t and of all steps before it, given what the step after hands back."""
    first = t == 0
    old_h, old_c = (h_start, c_start) if first else (hs[t - 1], cs[t - 1])
    grad_x, grad_h, grad_c, *grads = step_backward(
        direct[t] + handed[0], handed[1], inputs[t], old_h, old_c, cs[t], opened[:, t], W, U
    )
    if first:
        return [grad_x], grad_h, grad_c, grads
    per_step, start_h, start_c, sums = from_here(
        t - 1, direct, (grad_h, grad_c), inputs, h_start, c_start, hs, cs, opened, W, U
    )
    return [*per_step, grad_x], start_h, start_c, [one + other for one, other in zip(sums, grads, strict=True)]


def gates(inputs, old_h, W, U, bias):
    sums = inputs @ W.T + old_h @ U.T + bias
    H = old_h.shape[-1]
    shared = logistic(sums[:, : 3 * H])
    return np.stack([shared[:, :H], shared[:, H : 2 * H], shared[:, 2 * H :], np.tanh(sums[:, 3 * H :])], axis=0)


def forward(inputs, h_start, c_start, W, U, bias):
    h, c, opened = step(inputs[0], h_start, c_start, W, U, bias)
    if len(inputs) == 1:
        return h[None], c[None], opened[:, None]
    later = forward(inputs[1:], h, c, W, U, bias)
    return (
        np.concatenate([h[None], later[0]]),
        np.concatenate([c[None], later[1]]),
        np.concatenate([opened[:, None], later[2]], axis=1),
    )


def step_backward(grad_h, grad_c, inputs, old_h, old_c, new_c, opened, W, U):
    write, keep, read, candidate = opened
    shown = np.tanh(new_c)
    grad_c = grad_c + grad_h * read * slope_of_tanh(shown)
    grad_sum = np.concatenate(
        (
            grad_c * candidate * slope_of_logistic(write),
            grad_c * old_c * slope_of_logistic(keep),
            grad_h * shown * slope_of_logistic(read),
            grad_c * write * slope_of_tanh(candidate),
        ),
        axis=-1,
    )
    through = grad_sum.T
    return grad_sum @ W, grad_sum @ U, keep * grad_c, through @ inputs, through @ old_h, through.sum(axis=1)


def backward(direct, last_c, inputs, h_start, c_start, hs, cs, opened, W, U):
    per_step, grad_h, grad_c, sums = from_here(
        len(inputs) - 1, direct, (0, last_c), inputs, h_start, c_start, hs, cs, opened, W, U
    )
    return np.array(per_step), grad_h, grad_c, *sums


def direct_path(forget):
    return np.exp(np.log(forget).sum(axis=0))


def full_derivative(c_start, cs, opened, U):
    J = step_jacobian(cs[-1], cs[-2] if len(cs) > 1 else c_start, opened[:, -1], U)
    rows = J[:, : c_start.shape[1]]
    for t in range(len(cs) - 2, -1, -1):
        rows = rows @ step_jacobian(cs[t], cs[t - 1] if t else c_start, opened[:, t], U)
    return rows[:, :, : c_start.shape[1]]


def forget_bias(bias, new=1.0):
    H = len(bias) // 4
    changed = np.array(bias)
    changed[H:-H][:H] = new
    return changed
