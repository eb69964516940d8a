"""Exercise 4: the checks of the LSTM, and what learners get wrong about it."""

from autograder.exercise import Exercise

from .backward import BACKWARD
from .direct_path import DIRECT_PATH
from .forget_bias import FORGET_BIAS
from .forward import FORWARD
from .full_derivative import FULL_DERIVATIVE
from .gates import GATES
from .step import STEP
from .step_backward import STEP_BACKWARD

EXERCISE = Exercise(
    title="The LSTM",
    checks=(GATES, STEP, FORWARD, STEP_BACKWARD, BACKWARD, DIRECT_PATH, FULL_DERIVATIVE, FORGET_BIAS),
    packages=("numpy", "matplotlib"),
)
