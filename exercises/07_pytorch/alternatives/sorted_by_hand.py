"""Sequences sorted by their lengths and put back; the cell's weights joined into one matrix."""

import torch
from torch import nn


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.W_x = nn.Parameter(0.1 * torch.ones((4 * hidden_size, input_size)))
        self.W_h = nn.Parameter(0.1 * torch.eye(4 * hidden_size, hidden_size))
        self.b = nn.Parameter(torch.zeros((4 * hidden_size,)))

    def forward(self, x, h_prev, c_prev):
        both = torch.cat((x, h_prev), dim=1)
        sums = torch.cat((self.W_x, self.W_h), dim=1) @ both.T + self.b[:, None]
        i, f, o, g = torch.split(sums.T, h_prev.shape[1], dim=1)
        c = c_prev * torch.sigmoid(f) + torch.tanh(g) * torch.sigmoid(i)
        return torch.tanh(c) * torch.sigmoid(o), c


def from_lstm(parameters, layer):
    weight_ih, weight_hh, bias_ih, bias_hh = (
        parameters[name + "_l" + str(layer)] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    H = weight_hh.shape[1]
    order = torch.cat([torch.arange(2 * H), torch.arange(3 * H, 4 * H), torch.arange(2 * H, 3 * H)])
    return {"W_x": weight_ih[order], "W_h": weight_hh[order], "b": bias_ih[order] + bias_hh[order]}


def run_packed(lstm, x, lengths):
    ordered, order = torch.sort(lengths, descending=True)
    back = torch.argsort(order)
    packed = nn.utils.rnn.pack_padded_sequence(x[:, order], ordered)
    output, (h_n, _) = lstm(packed)
    output, _ = nn.utils.rnn.pad_packed_sequence(output)
    missing = x.new_zeros(len(x) - len(output), *output.shape[1:])
    return torch.cat([output, missing])[:, back], h_n[-1][back]


def both_ends(lstm, x, lengths):
    ordered, order = torch.sort(lengths, descending=True)
    packed = nn.utils.rnn.pack_padded_sequence(x.index_select(1, order), ordered)
    h_n = lstm(packed)[1][0]
    ends = torch.empty(x.shape[1], 2 * h_n.shape[2], dtype=x.dtype)
    ends[order] = torch.hstack([h_n[-2], h_n[-1]])
    return ends


def lag_biases(bias_ih, bias_hh, u, longest):
    H = u.numel()
    forget = (u * (longest - 2) + 1).log()
    keep = torch.cat([torch.zeros(2 * H), torch.ones(2 * H)]).to(u.dtype)
    added = torch.cat([forget.neg(), forget, torch.zeros_like(forget), torch.zeros_like(forget)])
    return keep * bias_ih + added, keep * bias_hh


def clipped_gradients(model, x, targets, limit):
    model.zero_grad(set_to_none=False)
    loss = nn.MSELoss()(model(x), targets.unsqueeze(1))
    loss.backward()
    norm = nn.utils.clip_grad_norm_(list(model.parameters()), max_norm=limit)
    return loss.detach(), norm, {name: p.grad for name, p in model.named_parameters()}


def train(model, make_batch, updates, rate, limit):
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.5, total_iters=updates)
    losses = []
    for update in range(updates):
        losses.append(clipped_gradients(model, *make_batch(), limit)[0].item())
        optimiser.step()
        scheduler.step()
        if not (update + 1) % 100:
            print(f"{update + 1}: {sum(losses[-100:]) / 100:.4f}")
    return losses
