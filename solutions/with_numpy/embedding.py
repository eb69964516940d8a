"""Words as vectors."""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray, IntArray


@takes(ids="int T N < V", W_e="V D")
def embed(ids: IntArray, W_e: FloatArray) -> FloatArray:
    """Look up the vector of each word.

    x[t, n] = W_e[ids[t, n]]    (3)

    Parameters
    ----------
    ids : (T, N) integers
        The number of the word at each step of each sequence, from 0 to V - 1.
    W_e : (V, D)
        One row of D numbers for each of the V words.

    Returns
    -------
    x : (T, N, D)
        The vectors.

    Source: Bengio et al., "A neural probabilistic language model", 2003.
    """
    return W_e[ids]


@takes(dx="T N D", ids="int T N")
def embed_backward(dx: FloatArray, ids: IntArray, vocabulary_size: int) -> FloatArray:
    """The gradient of the vectors: each word collects the gradients of all the places where it stands.

    dW_e[v] = sum over t, n with ids[t, n] = v of dx[t, n]

    Parameters
    ----------
    dx : (T, N, D)
        The gradient of the loss with respect to the looked-up vectors.
    ids : (T, N) integers
        The number of the word at each step of each sequence.
    vocabulary_size : int
        V, the number of words.

    Returns
    -------
    dW_e : (V, D)
        The gradient with respect to the table; zero for words that do not occur.

    Raises
    ------
    IndexError
        If a word's number is V or above.

    Source: Bengio et al., "A neural probabilistic language model", 2003.
    """
    dW_e = np.zeros((vocabulary_size, dx.shape[2]), dtype=dx.dtype)
    np.add.at(dW_e, ids, dx)
    return dW_e
