"""The same sequences, made for speed: equal to the loops over ``step`` in the modules of the same names, and tested so.

They also take a mask, for batches of sequences of unequal length. What makes them fast, in all three cells:

- The part of each sum that does not depend on the hidden state is computed for many steps by one matrix product, or together
  with the part that does.
- A step's product is cut to the size that the processor does best (``products``).
- Arrays that the loop writes to are made once, from the beginning of a cache line on (``memory``). Each step works in place,
  on memory that lies together.
- A sigmoid takes the function that the processor computes faster, with its factor folded into the weights (``sigmoid``).
- Factors of the gradients that do not depend on later steps are computed for a chunk of steps at a time (``chunks``), and the
  gradients of the weights, which are sums over steps, are added up while the chunk is still in the cache (``weights``).
- NumPy's functions are imported by name: looking one up in its module takes a twentieth of a microsecond, and a step of the
  LSTM makes more than twenty calls, each of which takes less than one microsecond in a small network.
- One larger product goes before all others, see ``first_product``.
"""

import numpy as np


def first_product() -> None:
    """One product of middling size before all others, in a few milliseconds.

    OpenBLAS, which NumPy computes products with, keeps a buffer from product to product. On some processors the small
    products of a step run at a third of their speed in single precision until a larger one has written to that buffer.
    Seen on an EPYC of family 23 with NumPy 2.4: (64, 385) times (385, 256) at 14 billion operations a second before, 41 after.
    """
    np.matmul(np.ones((64, 384), np.float32), np.ones((384, 2048), np.float32))


first_product()
