"""Exercise 3: the checks of vanishing and exploding gradients and of clipping, and what learners get wrong about them."""

from autograder.exercise import Exercise, Question

from .clip_by_global_norm import CLIP_BY_GLOBAL_NORM
from .clip_by_value import CLIP_BY_VALUE
from .global_norm import GLOBAL_NORM
from .gradient_norms import GRADIENT_NORMS
from .singular_values import SINGULAR_VALUES
from .span_jacobian import SPAN_JACOBIAN
from .spectral_radius import SPECTRAL_RADIUS
from .step_jacobian import STEP_JACOBIAN

EXERCISE = Exercise(
    title="When gradients vanish and explode",
    checks=(
        STEP_JACOBIAN, SPAN_JACOBIAN, SINGULAR_VALUES, SPECTRAL_RADIUS, GRADIENT_NORMS, CLIP_BY_VALUE, GLOBAL_NORM,
        CLIP_BY_GLOBAL_NORM,
    ),
    packages=("numpy", "matplotlib"),
    questions=(
        Question(
            "vanish-or-explode", "Will it vanish or explode?", points=3,
            section="grad-singular: Largest singular value and spectral radius",
        ),
    ),
)  # fmt: skip
