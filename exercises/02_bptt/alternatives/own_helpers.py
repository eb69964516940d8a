"""Helper functions in a cell of their own, other names for the arguments, and recursion in place of the loop."""

import numpy as np


def slope(output):
    return 1 - np.square(output)


def plus(one, other):
    return tuple(a + b for a, b in zip(one, other, strict=True))


def from_step(t, direct, inputs, initial, states, W, U, cut):
    """The gradients of step t and of all steps before it, given the gradient of its result."""
    before = states[t - 1] if t else initial
    grad_input, grad_before, *grads = step_backward(
        direct[t] if cut(t) else direct[t] + cut.handed, inputs[t], before, states[t], W, U
    )
    if t == 0:
        return [grad_input], grad_before, tuple(grads)
    cut.handed = grad_before
    earlier, grad_initial, sums = from_step(t - 1, direct, inputs, initial, states, W, U, cut)
    return [*earlier, grad_input], grad_initial, plus(sums, grads)


class Cut:
    """Whether nothing is handed to a step, and what is handed otherwise."""

    def __init__(self, length):
        self.length, self.handed = length, 0

    def __call__(self, t):
        return self.length is not None and t % self.length == self.length - 1


def step_backward(grad, inputs, before, after, W, U):
    grad_sum = grad * slope(after)
    return grad_sum @ W, grad_sum @ U, grad_sum.T @ inputs, grad_sum.T @ before, np.add.reduce(grad_sum)


def backward(grad, inputs, initial, states, W, U):
    per_step, grad_initial, sums = from_step(len(inputs) - 1, grad, inputs, initial, states, W, U, Cut(None))
    return np.array(per_step), grad_initial, *sums


def embed_backward(grad, words, size):
    columns = [np.bincount(words.ravel(), weights=c.ravel(), minlength=size) for c in np.moveaxis(grad, -1, 0)]
    return np.stack(columns, axis=1).astype(grad.dtype)


def moved(array, place, by):
    result = array.copy()
    result[place] = result[place] + by
    return result


def numerical_gradient(f, at, delta=1e-5):
    values = [(f(moved(at, p, delta)) - f(moved(at, p, -delta))) / (delta + delta) for p in np.ndindex(*at.shape)]
    return np.array(values).reshape(at.shape)


def relative_error(first, second):
    if not (first.any() or second.any()):
        return 0
    return np.max(np.abs(second - first)) / max(np.max(np.abs(first)), np.max(np.abs(second)))


def truncated_backward(grad, inputs, initial, states, W, U, length):
    per_step, grad_initial, sums = from_step(len(inputs) - 1, grad, inputs, initial, states, W, U, Cut(length))
    return np.array(per_step), grad_initial, *sums
