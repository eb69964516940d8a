"""The array types that the signatures name."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
BoolArray = NDArray[np.bool_]
FloatScalar = Any  # a floating-point number of the arrays' dtype: NumPy's own annotations lose it
