"""Words as vectors."""

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
