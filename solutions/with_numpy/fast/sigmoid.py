"""The sigmoid of a step's gates, by the function that NumPy computes faster on this processor.

sigma(a) = 1 / (1 + exp(-a)) = 1/2 + 1/2 tanh(a / 2)

On processors with AVX-512 a tanh in single precision costs NumPy less than an exp, and the second form needs no division;
elsewhere it costs more. Seen with NumPy 2.4, in nanoseconds a number: tanh 0.4 and exp 0.5 on a Xeon of model 207, 8 and 5
on an EPYC of family 23. Double precision always takes the first form, which keeps the digits of a gate that is nearly closed.
"""

import functools
from typing import Any

import numpy as np
from numpy import add, divide, exp, multiply, tanh
from numpy.lib import introspect

from solutions.with_numpy.arrays import FloatArray

AVX_512 = ("AVX512", "X86_V4")  # what NumPy calls it, before 2.4 and since


@functools.cache
def tanh_is_faster() -> bool:
    """Whether NumPy's tanh in single precision uses AVX-512 on this processor."""
    loops = introspect.opt_func_info(func_name="^tanh$", signature="^float32$").get("tanh", {})
    return any(name in str(loop["current"]) for loop in loops.values() for name in AVX_512)


class Sigmoid:
    """sigma(a), from ``factor`` times a: fold the factor into the weights that a comes from."""

    def __init__(self, dtype: Any) -> None:
        self.by_tanh = np.dtype(dtype) == np.float32 and tanh_is_faster()
        self.factor = 0.5 if self.by_tanh else -1.0
        self.constant = np.array(0.5 if self.by_tanh else 1.0, dtype)

    def __call__(self, scaled: FloatArray, out: FloatArray) -> None:
        """The sigmoids of a into ``out``, from factor * a, which is written over."""
        if self.by_tanh:
            tanh(scaled, out=scaled)
            multiply(scaled, self.constant, out=scaled)
            add(scaled, self.constant, out=out)
        else:
            exp(scaled, out=scaled)
            add(scaled, self.constant, out=scaled)
            divide(self.constant, scaled, out=out)
