"""Exercise 2: the checks of backpropagation through time, and what learners get wrong about it."""

from autograder.exercise import Exercise

from .backward import BACKWARD
from .embed_backward import EMBED_BACKWARD
from .numerical_gradient import NUMERICAL_GRADIENT
from .relative_error import RELATIVE_ERROR
from .step_backward import STEP_BACKWARD
from .truncated_backward import TRUNCATED_BACKWARD
from .truncation_error import TRUNCATION_ERROR

EXERCISE = Exercise(
    title="Backpropagation through time",
    checks=(
        STEP_BACKWARD, BACKWARD, EMBED_BACKWARD, NUMERICAL_GRADIENT, RELATIVE_ERROR, TRUNCATED_BACKWARD, TRUNCATION_ERROR
    ),
    packages=("numpy", "matplotlib"),
)  # fmt: skip
