"""The layer called one step at a time, with the states of sequences that have ended held as they were."""

import torch
from torch import nn


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        shapes = {"W_x": (4 * hidden_size, input_size), "W_h": (4 * hidden_size, hidden_size), "b": (4 * hidden_size,)}
        for name, shape in shapes.items():
            setattr(self, name, nn.Parameter(torch.empty(shape).normal_(0, 0.1)))

    def forward(self, x, h_prev, c_prev):
        i, f, o, g = torch.chunk(torch.addmm(self.b, x, self.W_x.t()) + torch.mm(h_prev, self.W_h.t()), 4, 1)
        i, f, o = ((torch.tanh(a / 2) + 1) / 2 for a in (i, f, o))
        c = f * c_prev + i * torch.tanh(g)
        return o * torch.tanh(c), c


def from_lstm(parameters, layer):
    ours = {}
    for name, mine in {"weight_ih": "W_x", "weight_hh": "W_h", "bias_ih": "b", "bias_hh": "b"}.items():
        i, f, g, o = torch.chunk(parameters[f"{name}_l{layer}"], 4, dim=0)
        moved = torch.cat((i, f, o, g), dim=0)
        ours[mine] = ours[mine] + moved if mine in ours else moved
    return ours


def run_packed(lstm, x, lengths):
    T, N, _ = x.shape
    h = x.new_zeros(lstm.num_layers, N, lstm.hidden_size)
    c = torch.zeros_like(h)
    output = []
    for t in range(T):
        _, (new_h, new_c) = lstm(x[t : t + 1], (h, c))
        running = (t < lengths)[:, None]
        h, c = torch.where(running, new_h, h), torch.where(running, new_c, c)
        output.append(torch.where(running, h[-1], 0.0))
    return torch.stack(output), h[-1]


def lag_biases(bias_ih, bias_hh, u, longest):
    H = u.shape[0]
    place = torch.arange(4 * H)
    forget = torch.log(torch.ones_like(u) + (longest - 2) * u).repeat(4)
    first = torch.where(place < H, -forget, torch.where(place < 2 * H, forget, bias_ih))
    return first, bias_hh.masked_fill(place < 2 * H, 0.0)


def clipped_gradients(model, x, targets, limit):
    optimiser = torch.optim.SGD(model.parameters(), lr=1.0)
    optimiser.zero_grad()
    difference = model(x).reshape(-1) - targets
    loss = torch.dot(difference, difference) / len(difference)
    loss.backward()
    norm = nn.utils.get_total_norm([p.grad for p in model.parameters()])
    nn.utils.clip_grads_with_norm_(model.parameters(), limit, norm)
    return [loss.detach(), norm, {name: p.grad for name, p in model.named_parameters()}]
