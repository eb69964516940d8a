"""What all cells sum over steps and sequences on their way back: the gradients of the weights, as matrix products."""

import functools
from itertools import groupby

import numpy as np

from solutions.with_numpy.arrays import FloatArray
from solutions.with_numpy.fast import memory
from solutions.with_numpy.fast.chunks import most_steps
from solutions.with_numpy.fast.products import rows_of_small

MANY = 2048  # rows of [h; 1; x] in one large product
FEW = (256, 128)  # ... and in small ones, where those are faster; the first number that fits
LEAST = 32  # rows of a weight gradient that are one product, for small ones to be faster
Blocks = tuple[tuple[int, int], ...]


class WeightGradients:
    """The gradients of the weights, summed up chunk by chunk from the end, while a chunk is still in the cache.

    dW_x = sum over t of da_t x_t^T,    dW_h = sum over t of da_t h_{t-1}^T,    db = sum over t of da_t

    Parameters
    ----------
    K : int
        How many gradients da there are, of the sums inside the gates.
    blocks : for each block of the weights a pair
        Which of the K gradients belongs to the block of W_x, and which to that of W_h.
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The hidden states before the first step.
    h : (T, N, H)
        The hidden states.
    length : int
        How many steps the cell takes together.
    """

    def __init__(self, K: int, blocks: Blocks, x: FloatArray, h_0: FloatArray, h: FloatArray, length: int) -> None:
        (T, N, D), H, dtype = x.shape, h_0.shape[1], h.dtype
        C = H + 1 + D
        self.x, self.h_0, self.h, self.blocks = x, h_0, h, blocks
        self.steps, self.rows = steps_and_rows(T, N, H, C)
        self.length = min(T, max(length, self.steps // length * length))
        self.da, self.joint = memory.array(dtype, (K, self.length, N, H)), memory.rows(dtype, (self.steps, N, C))
        self.totals, self.part = memory.arrays(dtype, (K, H, C), (K, H, C))
        self.joint[..., H] = 1
        self.begun = False

    def held(self, end: int) -> tuple[int, int]:
        """The first of the steps that ``da`` holds together with the one before ``end``, and the one after the last."""
        T = len(self.h)
        last = T - (T - end) // self.length * self.length
        return max(0, last - self.length), last

    def room(self, start: int, end: int) -> FloatArray:
        """Where the gradients (K, end - start, N, H) of these steps are to be written, before ``add``."""
        first, _ = self.held(end)
        return self.da[:, start - first : end - first]

    def add(self, start: int, end: int) -> None:
        """Add what was written for these steps: at once, or together with earlier ones if ``da`` holds more."""
        first, last = self.held(end)
        if start == first:
            for t in range(first, last, self.steps):
                self._add(slice(t, min(last, t + self.steps)), first)

    def _add(self, steps: slice, first: int) -> None:
        (K, _, N, H), count = self.da.shape, steps.stop - steps.start
        joint = self.joint[:count]  # [h_{t-1}; 1; x_t]
        np.copyto(joint[0, :, :H], self.h[steps.start - 1] if steps.start else self.h_0)
        np.copyto(joint[1:, :, :H], self.h[steps][:-1])
        np.copyto(joint[:, :, H + 1 :], self.x[steps])
        da, totals = self.da[:, steps.start - first : steps.stop - first], self.totals
        left = da.reshape(K, count * N, H // self.rows, self.rows).transpose(0, 2, 3, 1)
        right, sums = joint.reshape(count * N, -1), self.part if self.begun else totals
        out = sums.reshape(K, H // self.rows, self.rows, -1)
        for ks, columns in groups(K, self.blocks, H):
            np.matmul(left[ks], right[:, columns], out=out[ks, ..., columns])
            if self.begun:
                np.add(totals[ks, :, columns], sums[ks, :, columns], out=totals[ks, :, columns])
        self.begun = True

    def results(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """dW_x (GH, D) and dW_h (GH, H) for G blocks, and the sums (K, H) of da, which the biases' gradients come from."""
        H, D = self.h.shape[2], self.x.shape[2]
        to_input, to_state = ([pair[side] for pair in self.blocks] for side in (0, 1))
        dW_x, dW_h = self.totals[to_input, :, H + 1 :], self.totals[to_state, :, :H]
        return dW_x.reshape(-1, D), dW_h.reshape(-1, H), self.totals[:, :, H].copy()


def steps_and_rows(T: int, N: int, H: int, C: int) -> tuple[int, int]:
    """Of how many steps one product is, and of how many of the H rows of a weight gradient (H, C)."""
    for few in FEW:
        steps = max(1, min(most_steps(T), few // max(1, N)))
        rows = rows_of_small(H, steps * N, C)
        if rows >= min(H, LEAST):
            return steps, rows
    return max(1, min(most_steps(T), MANY // max(1, N))), H


@functools.cache
def groups(K: int, blocks: Blocks, H: int) -> list[tuple[slice, slice]]:
    """Which of the K gradients are multiplied by which columns of [h; 1; x]; neighbours with the same columns are a group.

    Those that belong to a block of W_h need h, those that belong to one of W_x need x.
    """
    to_input, to_state = map(set, zip(*blocks, strict=True))
    made = []
    for (needs_h, needs_x), neighbours in groupby(range(K), key=lambda k: (k in to_state, k in to_input)):
        ks = list(neighbours)
        made.append((slice(ks[0], ks[-1] + 1), slice(0 if needs_h else H, None if needs_x else H + 1)))
    return made


def write_input_gradients(dx: FloatArray, da: FloatArray, blocks: Blocks, W_x: FloatArray) -> None:
    """dx_t = W_x^T da_t for some steps, in place, from ``da`` (K, steps, N, H) and the same pairs."""
    H, D = da.shape[3], dx.shape[2]
    rows = dx.reshape(-1, D)
    for block, (to_input, _) in enumerate(blocks):
        W = W_x[block * H : (block + 1) * H]
        if block:
            np.add(rows, da[to_input].reshape(-1, H) @ W, out=rows)
        else:
            np.matmul(da[to_input].reshape(-1, H), W, out=rows)
