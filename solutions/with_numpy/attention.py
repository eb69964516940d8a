"""A layer of attention: instead of keeping a state, each step looks back at all steps so far."""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray


@takes(x="T N D", W_q="H D", W_k="H D", W_v="H D")
def forward(x: FloatArray, W_q: FloatArray, W_k: FloatArray, W_v: FloatArray) -> FloatArray:
    """At each step a mean of the values so far, weighted by how well their keys fit the query.

    q_t = W_q x_t,    k_t = W_k x_t,    v_t = W_v x_t
    y_t = sum over s <= t of  a_{t,s} v_s    with a_{t,s} = exp(q_t . k_s / sqrt(H)) / (their sum over s <= t)

    Parameters
    ----------
    x : (T, N, D)
        The inputs.
    W_q : (H, D)
        Weights of the queries.
    W_k : (H, D)
        Weights of the keys.
    W_v : (H, D)
        Weights of the values.

    Returns
    -------
    y : (T, N, H)
        The outputs. Nothing in y_t comes from a later step.

    Source: Vaswani et al., "Attention is all you need", 2017, section 3.2.1.
    """
    q, k, v = x @ W_q.T, x @ W_k.T, x @ W_v.T
    fit = np.einsum("tnh,snh->nts", q, k) / np.sqrt(q.dtype.type(len(W_q)))
    fit = np.where(np.tri(len(x), dtype=bool), fit, -np.inf)
    a = np.exp(fit - fit.max(axis=2, keepdims=True))
    y: FloatArray = np.einsum("nts,snh->tnh", a / a.sum(axis=2, keepdims=True), v)
    return y
