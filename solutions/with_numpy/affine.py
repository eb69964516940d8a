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
