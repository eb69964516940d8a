"""The same sequences, made for speed: equal to the loops over ``step`` in the modules of the same names, and tested so.

They also take a mask, for batches of sequences of unequal length. What makes them fast, in all three cells:

- The part of each sum that does not depend on the hidden state is computed for many steps by one matrix product.
- Arrays that the loop writes to are made once. Each step works in place, on memory that lies together.
- Factors of the gradients that do not depend on later steps are computed for a chunk of steps at a time, which stays in the
  processor's cache, into the memory where the gradients will stand.
- Gradients of the weights are one product after the loop, since a sum over steps is what a matrix product does.
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
