"""The linear recurrence h_t = a_t h_{t-1} + b_t, in which a_t and b_t do not depend on h: by a loop, and by scans.

A scan needs ceil(log2 T) rounds where the loop needs T steps; within a round, all steps can be done at once.
"""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray


@takes(a="T N H", b="T N H", h_0="N H")
def loop(a: FloatArray, b: FloatArray, h_0: FloatArray) -> FloatArray:
    """The recurrence, step by step.

    h_t = a_t * h_{t-1} + b_t    for t = 1, ..., T

    Parameters
    ----------
    a : (T, N, H)
        What the old state is multiplied by, number by number.
    b : (T, N, H)
        What is added.
    h_0 : (N, H)
        The states before the first step.

    Returns
    -------
    h : (T, N, H)
        The states after each step, without h_0.

    Source: Martin and Cundy, "Parallelizing linear recurrent neural nets over sequence length", 2018.
    """
    h = np.empty_like(b)
    state = h_0
    for t in range(len(b)):
        state = a[t] * state + b[t]
        h[t] = state
    return h


@takes(a="T N H", b="T N H", h_0="N H")
def scan(a: FloatArray, b: FloatArray, h_0: FloatArray) -> FloatArray:
    """The recurrence in rounds: each step is joined with the one 1, 2, 4, ... steps further back.

    (a_2, b_2) after (a_1, b_1) = (a_2 * a_1, a_2 * b_1 + b_2)

    Parameters
    ----------
    a : (T, N, H)
        What the old state is multiplied by, number by number.
    b : (T, N, H)
        What is added.
    h_0 : (N, H)
        The states before the first step.

    Returns
    -------
    h : (T, N, H)
        The states after each step, without h_0.

    Source: Hillis and Steele's form of a scan, as in Blelloch, "Prefix sums and their applications", 1990; for recurrent
    networks Martin and Cundy, "Parallelizing linear recurrent neural nets over sequence length", 2018.
    """
    a, b = a.copy(), b.copy()
    b[:1] += a[:1] * h_0
    back = 1
    while back < len(b):
        b[back:] = a[back:] * b[:-back] + b[back:]
        a[back:] = a[back:] * a[:-back]
        back = 2 * back
    return b


@takes(log_a="T N H", log_b="T N H", log_h_0="N H")
def scan_log(log_a: FloatArray, log_b: FloatArray, log_h_0: FloatArray) -> FloatArray:
    """The recurrence for positive numbers, from their logarithms: two cumulative sums, each of which is a scan.

    s_t = sum over r <= t of  log a_r,    log h_t = s_t + log(h_0 + sum over r <= t of  exp(log b_r - s_r))

    Parameters
    ----------
    log_a : (T, N, H)
        The logarithms of what the old state is multiplied by.
    log_b : (T, N, H)
        The logarithms of what is added.
    log_h_0 : (N, H)
        The logarithms of the states before the first step; -inf stands for 0.

    Returns
    -------
    h : (T, N, H)
        The states themselves after each step, without h_0.

    The products of many factors below 1, which would underflow, stay sums of logarithms.

    Source: Feng et al., "Were RNNs all we needed?", 2024, appendix B.
    """
    s = np.cumsum(log_a, axis=0)
    terms = np.concatenate([log_h_0[None], log_b - s])
    return np.exp(s + np.logaddexp.accumulate(terms, axis=0)[1:])
