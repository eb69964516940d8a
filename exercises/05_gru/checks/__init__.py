"""Exercise 5: the checks of the GRU, and what learners get wrong about it."""

from autograder.exercise import Exercise, Question

from .forward import FORWARD
from .from_pytorch import FROM_PYTORCH
from .step import STEP
from .step_backward import STEP_BACKWARD
from .step_reset_before import STEP_RESET_BEFORE

EXERCISE = Exercise(
    title="The GRU",
    checks=(STEP, STEP_RESET_BEFORE, FORWARD, STEP_BACKWARD, FROM_PYTORCH),
    packages=("numpy", "matplotlib"),
    questions=(
        Question(
            "gives-up", "What does a GRU give up?", points=3, section="gru-gives-up: What it saves and what it gives up"
        ),
    ),
)  # fmt: skip
