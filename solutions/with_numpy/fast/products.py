"""The matrix product that every step takes with the same weights, cut to the size that the processor does best.

OpenBLAS, which NumPy computes products with, usually copies both factors into an order of its own first, which for a step's
product takes a fifth to a third of the time. On processors with AVX-512 it has kernels that do without, for products of
at most a million multiplications. So we cut a larger product into such ones there. Seen on a Xeon of model 207 with
NumPy 2.4: (64, 385) times four of (385, 256) at 105 billion operations a second whole, at 145 in blocks.
"""

import functools

import numpy as np
from threadpoolctl import threadpool_info

from solutions.with_numpy.arrays import FloatArray
from solutions.with_numpy.fast import memory

SMALL_KERNELS = {"SkylakeX", "Cooperlake", "SapphireRapids"}  # what OpenBLAS calls the processors that it has them for
MOST_MULTIPLICATIONS = 100**3  # of a product that they take
COLUMNS = 64  # of a block, whose weights then stay in the processor's first two caches


@functools.cache
def has_small_kernels() -> bool:
    """Whether the OpenBLAS that is loaded has kernels for small products on this processor."""
    return any(library.get("architecture") in SMALL_KERNELS for library in threadpool_info())


def rows_of_small(N: int, K: int, C: int) -> int:
    """The most rows of blocks that divide N and make a small product with (K, C); 0 where there is no such product."""
    fitting = [rows for rows in (N, 64, 32, 16, 8) if N and N % rows == 0 and rows * K * C <= MOST_MULTIPLICATIONS]
    return fitting[0] if fitting and has_small_kernels() else 0


def block_shape(N: int, K: int, C: int) -> tuple[int, int]:
    """The rows and columns of the blocks in which to compute (N, K) times (K, C); (N, C) where it should stay whole."""
    rows = rows_of_small(N, K, COLUMNS)
    return (rows, COLUMNS) if rows and C % COLUMNS == 0 and N * K * C > MOST_MULTIPLICATIONS else (N, C)


class StepProduct:
    """out[g] = left[g] W[g] for G blocks of weights (G, K, C), step after step; ``left`` may be the same for all blocks.

    ``left`` and ``out`` give views of arrays for all steps, and ``numpy.matmul(left, weights, out=out)`` of a step's views
    is the product.
    """

    def __init__(self, W: FloatArray, N: int) -> None:
        G, K, C = W.shape
        self.rows, self.columns = block_shape(N, K, C)
        blocks = W.reshape(G, 1, K, C // self.columns, self.columns).transpose(0, 3, 1, 2, 4)
        self.weights = memory.rows(W.dtype, blocks.shape)
        np.copyto(self.weights, blocks)

    def left(self, array: FloatArray) -> FloatArray:
        """The view (..., G or 1, 1, N / rows, rows, K) of an array (..., G or 1, N, K)."""
        *others, G, N, K = array.shape
        return array.reshape(*others, G, 1, N // self.rows, self.rows, K)

    def out(self, array: FloatArray) -> FloatArray:
        """The view (..., G, C / columns, N / rows, rows, columns) of an array (..., G, N, C)."""
        *others, G, N, C = array.shape
        blocks = array.reshape(*others, G, N // self.rows, self.rows, C // self.columns, self.columns)
        return blocks.swapaxes(-4, -2).swapaxes(-3, -2)
