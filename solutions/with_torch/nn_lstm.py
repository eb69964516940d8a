"""What one needs around ``torch.nn.LSTM``: its weights in our layout, batches of unequal length, and biases set for the lag."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from solutions.arguments import takes


def from_lstm(parameters: Mapping[str, Tensor], layer: int) -> dict[str, Tensor]:
    """The parameters of one layer of nn.LSTM in our layout.

    PyTorch has the blocks i, f, g, o and adds two biases. We have the blocks i, f, o, g and one bias.

    Parameters
    ----------
    parameters : dict of tensors
        The ``state_dict`` of an nn.LSTM: weight_ih_l0 (4H, D), weight_hh_l0 (4H, H), bias_ih_l0 (4H,), bias_hh_l0 (4H,)
        and the same with another number at the end for each further layer.
    layer : int
        The number of the layer; the first is 0.

    Returns
    -------
    weights : dict of tensors
        W_x (4H, D), W_h (4H, H) and b (4H,), as new tensors.

    Source: the documentation of torch.nn.LSTM.
    """
    found = {}
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        i, f, g, o = parameters[f"{name}_l{layer}"].chunk(4)
        found[name] = torch.cat([i, f, o, g])
    return {"W_x": found["weight_ih"], "W_h": found["weight_hh"], "b": found["bias_ih"] + found["bias_hh"]}


@takes(x="T N D", lengths="int N")
def run_packed(lstm: nn.LSTM, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """The hidden states of sequences of unequal length, and each sequence's last one; no padding is read.

    Parameters
    ----------
    lstm : torch.nn.LSTM
        One direction, one layer or more, time first.
    x : (T, N, D)
        The sequences, each in its column, padded at the end. What stands at padding may be any numbers, even infinite ones
        and NaN.
    lengths : (N,) integers
        How many steps of each sequence count, at least 1 and at most T; in any order.

    Returns
    -------
    output : (T, N, H)
        The hidden states of the last layer, and zero at padding.
    last : (N, H)
        The hidden state of the last layer after each sequence's own last step, in the order of the batch.
    """
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    packed_output, (h_n, _) = lstm(packed)
    output, _ = nn.utils.rnn.pad_packed_sequence(packed_output, total_length=len(x))
    return output, h_n[-1]


@takes(x="T N D", lengths="int N")
def both_ends(lstm: nn.LSTM, x: Tensor, lengths: Tensor) -> Tensor:
    """What a layer that reads in both directions knows when each of them has read the whole sequence.

    Parameters
    ----------
    lstm : torch.nn.LSTM
        Both directions, one layer or more, time first.
    x : (T, N, D)
        The sequences, padded at the end. What stands at padding may be any numbers, even infinite ones and NaN.
    lengths : (N,) integers
        How many steps of each sequence count, at least 1 and at most T; in any order.

    Returns
    -------
    ends : (N, 2H)
        Of the last layer: first the forward state after the sequence's last step, then the backward state after its first.

    Source: Schuster and Paliwal, "Bidirectional recurrent neural networks", 1997.
    """
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    _, (h_n, _) = lstm(packed)
    return torch.cat([h_n[-2], h_n[-1]], dim=1)


@takes(bias_ih="4H", bias_hh="4H", u="H")
def lag_biases(bias_ih: Tensor, bias_hh: Tensor, u: Tensor, longest: int) -> tuple[Tensor, Tensor]:
    """The two biases of nn.LSTM, set for lags of up to ``longest`` steps.

    b_f = log(1 + u * (longest - 2)),    b_i = -b_f

    Parameters
    ----------
    bias_ih, bias_hh : (4H,)
        The biases as they were drawn, in blocks i, f, g, o.
    u : (H,)
        Uniform random numbers from 0 to below 1, one for each unit.
    longest : int
        The longest lag, in steps, at least 3.

    Returns
    -------
    bias_ih : (4H,)
        A new tensor: b_i and b_f in their blocks; g and o as they were.
    bias_hh : (4H,)
        A new tensor: zero in the blocks i and f, since PyTorch adds both biases; g and o as they were.

    Source: Tallec and Ollivier, "Can recurrent neural networks warp time?", 2018.
    """
    H = len(u)
    first, second = bias_ih.clone(), bias_hh.clone()
    first[H : 2 * H] = torch.log(1 + u * (longest - 2))
    first[:H] = -first[H : 2 * H]
    second[: 2 * H] = 0
    return first, second
