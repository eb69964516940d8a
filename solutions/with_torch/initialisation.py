"""Set a module's weights to what ``solutions.with_numpy.initialisation`` makes. The modules are changed in place."""

import numpy as np
import torch

from solutions.with_numpy import initialisation
from solutions.with_torch.gru import GRU
from solutions.with_torch.gru_reset_before import GRUResetBefore
from solutions.with_torch.lstm import LSTM
from solutions.with_torch.peephole_lstm import PeepholeLSTM
from solutions.with_torch.relu_rnn import ReLURNN
from solutions.with_torch.rnn import RNN


def set_orthogonal(module: RNN | ReLURNN, rng: np.random.Generator) -> None:
    """W_h becomes a random orthogonal matrix (Saxe et al., 2014)."""
    with torch.no_grad():
        module.W_h.copy_(torch.from_numpy(initialisation.orthogonal(len(module.W_h), rng)))


def set_identity(module: RNN | ReLURNN, scale: float = 1.0) -> None:
    """W_h becomes the identity times ``scale``, and the bias zero (Le, Jaitly and Hinton, 2015)."""
    with torch.no_grad():
        module.W_h.copy_(torch.from_numpy(initialisation.identity(len(module.W_h), scale)))
        module.b.zero_()


def set_forget_bias(module: LSTM | PeepholeLSTM, value: float = 1.0) -> None:
    """The forget gates' bias becomes ``value`` (Gers, Schmidhuber and Cummins, 2000)."""
    with torch.no_grad():
        module.b.copy_(torch.from_numpy(initialisation.forget_bias(module.b.detach().numpy(), value)))


def set_lag_bias(module: LSTM | PeepholeLSTM | GRU | GRUResetBefore, longest: int, rng: np.random.Generator) -> None:
    """The biases are set for lags of up to ``longest`` steps (Tallec and Ollivier, 2018); ValueError below 3 steps."""
    gated = initialisation.gru_lag_bias if isinstance(module, GRU | GRUResetBefore) else initialisation.lag_bias
    u = rng.random(module.W_h.shape[1])
    with torch.no_grad():
        module.b.copy_(torch.from_numpy(gated(module.b.detach().numpy(), u, longest)))
