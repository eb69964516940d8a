"""From hidden states to scores."""

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray


@takes(h="T N H", W_y="V H", b_y="V")
def affine(h: FloatArray, W_y: FloatArray, b_y: FloatArray) -> FloatArray:
    """The same affine map at every step.

    y_t = W_y h_t + b_y    (4)

    Parameters
    ----------
    h : (T, N, H)
        The hidden states.
    W_y : (V, H)
        Weights from the hidden state to the scores.
    b_y : (V,)
        The bias.

    Returns
    -------
    y : (T, N, V)
        One score for each of the V words, at each step of each sequence.

    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 10.2.
    """
    return h @ W_y.T + b_y


@takes(dy="T N V", h="T N H", W_y="V H")
def affine_backward(dy: FloatArray, h: FloatArray, W_y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The gradients of the affine map; those of the weights are summed over steps and sequences.

    dh_t = W_y^T dy_t,    dW_y = sum over t of dy_t h_t^T,    db_y = sum over t of dy_t

    Parameters
    ----------
    dy : (T, N, V)
        The gradient of the loss with respect to the scores.
    h : (T, N, H)
        The hidden states.
    W_y : (V, H)
        Weights from the hidden state to the scores.

    Returns
    -------
    dh : (T, N, H)
    dW_y : (V, H)
    db_y : (V,)
        The gradients with respect to the arguments of ``affine``.

    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 10.2.2.
    """
    dy_rows, h_rows = dy.reshape(-1, dy.shape[2]), h.reshape(-1, h.shape[2])
    return dy @ W_y, dy_rows.T @ h_rows, dy_rows.sum(axis=0)
