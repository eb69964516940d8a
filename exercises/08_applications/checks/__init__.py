"""Exercise 8: the checks of the applications, and what learners get wrong about them."""

from autograder.exercise import Exercise

from .beam_search import BEAM
from .encode import ENCODE
from .forced_scores import FORCED
from .greedy import GREEDY
from .many_to_one import MANY_TO_ONE
from .one_to_many_inputs import ONE_TO_MANY
from .reading_loss import READ
from .writing_loss import WRITE

EXERCISE = Exercise(
    title="Applications",
    checks=(MANY_TO_ONE, ONE_TO_MANY, ENCODE, FORCED, GREEDY, BEAM, READ, WRITE),
    packages=("numpy", "matplotlib", "torch"),
    data=("data/digits.npz", "data/speakers.npz"),
    limits={"cell_seconds": 120.0, "notebook_seconds": 400.0},
)
