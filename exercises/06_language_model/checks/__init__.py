"""Exercise 6: the checks of language models, and what learners get wrong about them."""

from autograder.exercise import Exercise

from .choose import CHOOSE
from .encode import ENCODE
from .fill_blank import FILL_BLANK
from .probabilities import PROBABILITIES
from .sample import SAMPLE
from .train import TRAIN
from .update import UPDATE

EXERCISE = Exercise(
    title="Language models",
    checks=(ENCODE, PROBABILITIES, CHOOSE, SAMPLE, FILL_BLANK, UPDATE, TRAIN),
    packages=("numpy", "matplotlib"),
    limits={"cell_seconds": 120.0, "notebook_seconds": 400.0},
)  # fmt: skip
