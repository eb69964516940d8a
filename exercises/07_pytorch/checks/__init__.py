"""Exercise 7: the checks of recurrent networks in PyTorch, and what learners get wrong about them."""

from autograder.exercise import Exercise

from .clipped_gradients import CLIPPED_GRADIENTS
from .from_lstm import FROM_LSTM
from .lag_biases import LAG_BIASES
from .lstm_cell import CELL
from .packed import BOTH_ENDS, RUN_PACKED
from .training import TRAIN

EXERCISE = Exercise(
    title="Recurrent networks in PyTorch",
    checks=(CELL, FROM_LSTM, RUN_PACKED, BOTH_ENDS, LAG_BIASES, CLIPPED_GRADIENTS, TRAIN),
    packages=("numpy", "matplotlib", "torch"),
    limits={"cell_seconds": 120.0, "notebook_seconds": 400.0},
)  # fmt: skip
