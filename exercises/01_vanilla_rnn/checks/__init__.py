"""Exercise 1: the checks of the vanilla recurrent network, and what learners get wrong about it."""

from autograder.exercise import Exercise

from .affine import AFFINE
from .embed import EMBED
from .forward import FORWARD
from .loss import CROSS_ENTROPY, PERPLEXITY
from .step import STEP

EXERCISE = Exercise(
    title="The vanilla recurrent network",
    checks=(STEP, FORWARD, EMBED, AFFINE, CROSS_ENTROPY, PERPLEXITY),
    packages=("numpy", "matplotlib"),
    samples="sample_class",
)
