"""The same sequences, made for speed: equal to the loops over ``step`` in the modules of the same names, and tested so.

They also take a mask, for batches of sequences of unequal length. What makes them fast, in all three cells:

- The part of each sum that does not depend on the hidden state is computed for many steps by one matrix product.
- Arrays that the loop writes to are made once. Each step works in place, on memory that lies together.
- Factors of the gradients that do not depend on later steps are computed for a chunk of steps at a time, which stays in the
  processor's cache, into the memory where the gradients will stand.
- Gradients of the weights are one product after the loop, since a sum over steps is what a matrix product does.
"""
