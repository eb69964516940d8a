"""Helper functions that the answers share, and a cell that calls one."""

import torch
from torch import nn


def blocks_of(tensor, axis=0):
    return torch.tensor_split(tensor, 4, dim=axis)


def lstm_step(sums, c_prev):
    i, f, o, g = blocks_of(sums, axis=-1)
    kept, written = c_prev * f.sigmoid(), g.tanh() * i.sigmoid()
    return o.sigmoid() * (kept + written).tanh(), kept + written


def ends_of(lstm, x, lengths):
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths.tolist(), enforce_sorted=False)
    output, states = lstm(packed)
    return output, states[0]


def squares(tensor):
    return (tensor * tensor).sum()


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()

        def drawn(*shape):
            return nn.Parameter(nn.init.xavier_uniform_(torch.empty(4 * hidden_size, *shape)))

        self.W_x, self.W_h = drawn(input_size), drawn(hidden_size)
        self.b = nn.Parameter(torch.full((4 * hidden_size,), 0.5))

    def forward(self, x, h_prev, c_prev):
        return lstm_step(nn.functional.linear(x, self.W_x, self.b) + nn.functional.linear(h_prev, self.W_h), c_prev)


def from_lstm(parameters, layer):
    def ours(name):
        i, f, g, o = blocks_of(parameters[f"{name}_l{layer}"])
        return torch.concat([i, f, o, g])

    return {"W_x": ours("weight_ih"), "W_h": ours("weight_hh"), "b": ours("bias_ih") + ours("bias_hh")}


def run_packed(lstm, x, lengths):
    output, h_n = ends_of(lstm, x, lengths)
    padded, _ = nn.utils.rnn.pad_packed_sequence(output, batch_first=True, total_length=x.size(0))
    return padded.transpose(0, 1), h_n[lstm.num_layers - 1]


def both_ends(lstm, x, lengths):
    _, h_n = ends_of(lstm, x, lengths)
    *_, forward, backward = h_n
    return torch.cat((forward, backward), -1)


def lag_biases(bias_ih, bias_hh, u, longest):
    first, second = bias_ih.detach().clone(), bias_hh.detach().clone()
    for j, uniform_number in enumerate(u):
        first[len(u) + j] = torch.log(1 + uniform_number * (longest - 2))
        first[j] = -first[len(u) + j]
        second[j] = second[len(u) + j] = 0
    return first, second


def clipped_gradients(model, x, targets, limit):
    for p in model.parameters():
        p.grad = None
    loss = squares(model(x)[:, 0] - targets) / len(targets)
    loss.backward()
    norm = sum(squares(p.grad) for p in model.parameters()) ** 0.5
    with torch.no_grad():
        for p in model.parameters():
            p.grad.mul_(limit / max(norm.item(), limit))
    return loss.detach(), norm, {name: p.grad.clone() for name, p in model.named_parameters()}
