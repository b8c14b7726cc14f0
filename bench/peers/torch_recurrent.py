"""Training steps with their backward pass written by hand in TorchScript: few calls, buffers made once."""
from typing import List

import torch
from torch import nn

# --- SimpleRNN and LSTM behind an embedding, time first ---------------------------------------------------------------


@torch.jit.script
def head(last, label, weight, bias):
    """Mean cross-entropy's gradients by (the last state, weight, bias) for a sigmoid unit over it."""
    logit = torch.addmm(bias, last, weight)
    d = (torch.sigmoid(logit) - label) / label.size(0)
    return d.mm(weight.t()), last.t().mm(d), d.sum(0)


@torch.jit.script
def rnn(x, label, p: List[torch.Tensor], h, delta):
    """h (T+1, B, H) from zeros; delta (T, B, H): the gradient by what tanh is taken of."""
    table, W, U, b, weight, bias = p[0], p[1], p[2], p[3], p[4], p[5]
    T, B, H = h.size(0) - 1, h.size(1), h.size(2)
    words = torch.embedding(table, x).view(T * B, -1)
    pre, hs = torch.addmm(b, words, W).view(T, B, H).unbind(0), h.unbind(0)
    for t in range(T):
        torch.addmm(pre[t], hs[t], U, out=hs[t + 1])
        hs[t + 1].tanh_()
    dh, dweight, dbias = head(hs[T], label, weight, bias)
    slope, ds, back = (1 - h[1:] * h[1:]).unbind(0), delta.unbind(0), U.t().contiguous()
    for k in range(T):
        t = T - 1 - k
        torch.mul(dh, slope[t], out=ds[t])
        torch.mm(ds[t], back, out=dh)
    d = delta.view(T * B, H)
    dwords = d.mm(W.t()).view(T, B, -1)
    dtable = torch.ops.aten.embedding_dense_backward(dwords, x, table.size(0), -1, False)
    return [dtable, words.t().mm(d), h[:T].view(T * B, H).t().mm(d), d.sum(0), dweight, dbias]


@torch.jit.script
def lstm(x, label, p: List[torch.Tensor], h, c, delta):
    """
    Gates i, f, g, o. As tanh(x) = 2 sigmoid(2x) - 1, columns of g doubled make one sigmoid serve all four. What each
    step's gradients are multiplied by is computed for all steps at once.
    """
    table, W, U, b, weight, bias = p[0], p[1], p[2], p[3], p[4], p[5]
    T, B, H = h.size(0) - 1, h.size(1), h.size(2)
    twice = torch.ones(4 * H)
    twice[2 * H:3 * H] = 2
    words = torch.embedding(table, x).view(T * B, -1)
    gates, U2 = torch.addmm(b * twice, words, W * twice).view(T, B, 4, H), U * twice
    pre = gates.view(T, B, 4 * H).unbind(0)
    i, f, s, o = gates.unbind(2)
    it, ft, st, ot = i.unbind(0), f.unbind(0), s.unbind(0), o.unbind(0)
    tanh_c = torch.empty_like(c)
    hs, cs, tc = h.unbind(0), c.unbind(0), tanh_c.unbind(0)
    for t in range(T):
        pre[t].addmm_(hs[t], U2).sigmoid_()
        torch.mul(ft[t], cs[t], out=cs[t + 1])
        cs[t + 1].sub_(it[t]).addcmul_(it[t], st[t], value=2)
        torch.tanh(cs[t + 1], out=tc[t + 1])
        torch.mul(ot[t], tc[t + 1], out=hs[t + 1])
    dh, dweight, dbias = head(hs[T], label, weight, bias)
    g, tanhs = 2 * s - 1, tanh_c[1:]
    by_c = torch.stack([g * i * (1 - i), c[:T] * f * (1 - f), i * (1 - g * g)], 2).unbind(0)
    by_h, into_c = (tanhs * o * (1 - o)).unbind(0), (o * (1 - tanhs * tanhs)).unbind(0)
    d4, ds, back = delta.view(T, B, 4, H), delta.unbind(0), U.t().contiguous()
    three, last = d4[:, :, :3].unbind(0), d4[:, :, 3].unbind(0)
    dc = torch.zeros_like(dh)
    for k in range(T):
        t = T - 1 - k
        dc.addcmul_(dh, into_c[t])
        torch.mul(by_c[t], dc.unsqueeze(1), out=three[t])
        torch.mul(dh, by_h[t], out=last[t])
        torch.mm(ds[t], back, out=dh)
        dc.mul_(ft[t])
    d = delta.view(T * B, 4 * H)
    dwords = d.mm(W.t()).view(T, B, -1)
    dtable = torch.ops.aten.embedding_dense_backward(dwords, x, table.size(0), -1, False)
    return [dtable, words.t().mm(d), h[:T].view(T * B, H).t().mm(d), d.sum(0), dweight, dbias]


def parameters_of(net):
    """In the order of the functions above, matrices as they multiply; a module's second bias is left out."""
    layer = net.recurrent
    tensors = (net.embedding.weight, layer.weight_ih_l0.t(), layer.weight_hh_l0.t(), layer.bias_ih_l0 + layer.bias_hh_l0,
               net.dense.weight.t(), net.dense.bias)
    return [tensor.detach().clone().contiguous() for tensor in tensors]


def gradients_by_hand(kind, parameters, x, y):
    T, B, H = x.size(1), x.size(0), parameters[2].size(0)
    x = x.t().contiguous()
    h, c, delta = torch.zeros(T + 1, B, H), torch.zeros(T + 1, B, H), torch.zeros(T, B, parameters[1].size(1))
    if kind == "rnn":
        return lambda: rnn(x, y, parameters, h, delta)
    return lambda: lstm(x, y, parameters, h, c, delta)


def step_by_hand(kind, net, optimiser, x, y):
    """A step of the optimiser's kind on copies of the net's weights."""
    weights = [nn.Parameter(tensor) for tensor in parameters_of(net)]
    gradients = gradients_by_hand(kind, [weight.detach() for weight in weights], x, y)
    own = type(optimiser)(weights, **optimiser.defaults)

    def step():
        with torch.no_grad():
            for weight, gradient in zip(weights, gradients()):
                weight.grad = gradient
            own.step()
    return step


def check(sentiment):
    """Prints how far gradients written by hand are from autograd's."""
    for kind, layer in (("rnn", nn.RNN), ("lstm", nn.LSTM)):
        net = sentiment(layer)
        x, y = torch.randint(0, 50, (8, 12)), (torch.arange(8) % 2).float().unsqueeze(1)
        nn.functional.binary_cross_entropy_with_logits(net(x), y).backward()
        by_hand = gradients_by_hand(kind, parameters_of(net), x, y)()
        recurrent = net.recurrent
        tensors = (net.embedding.weight.grad, recurrent.weight_ih_l0.grad.t(), recurrent.weight_hh_l0.grad.t(),
                   recurrent.bias_ih_l0.grad, net.dense.weight.grad.t(), net.dense.bias.grad)
        worst = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(by_hand, tensors))
        print(f"check {kind} largest_difference={worst:.1e}")


# --- DQN --------------------------------------------------------------------------------------------------------------


@torch.jit.script
def dqn_update(p: List[torch.Tensor], m: List[torch.Tensor], v: List[torch.Tensor], now, after, actions, steps: int):
    """Three Dense layers, the squared error of the actions taken, Adam."""
    h1 = torch.relu(torch.addmm(p[1], after, p[0]))
    h2 = torch.relu(torch.addmm(p[3], h1, p[2]))
    best = torch.amax(torch.addmm(p[5], h2, p[4]), 1, True)
    h1 = torch.relu(torch.addmm(p[1], now, p[0]))
    h2 = torch.relu(torch.addmm(p[3], h1, p[2]))
    q = torch.addmm(p[5], h2, p[4])
    error = (q.gather(1, actions) - best * 0.95 - 1) * (2.0 / now.size(0))
    dq = torch.zeros_like(q).scatter_(1, actions, error)
    d2 = dq.mm(p[4].t()) * (h2 > 0)
    d1 = d2.mm(p[2].t()) * (h1 > 0)
    gradients = [now.t().mm(d1), d1.sum(0), h1.t().mm(d2), d2.sum(0), h2.t().mm(dq), dq.sum(0)]
    rate = 1e-3 * (1 - 0.999 ** steps) ** 0.5 / (1 - 0.9 ** steps)
    for k in range(len(p)):
        m[k].lerp_(gradients[k], 0.1)
        v[k].mul_(0.999).addcmul_(gradients[k], gradients[k], value=0.001)
        p[k].addcdiv_(m[k], v[k].sqrt().add_(1e-7), value=-rate)


def dqn_by_hand(net, now, after, actions):
    p = []
    for layer in net:
        if isinstance(layer, nn.Linear):
            p += [layer.weight.detach().t().contiguous(), layer.bias.detach().clone()]
    m, v = [torch.zeros_like(t) for t in p], [torch.zeros_like(t) for t in p]
    column, steps = actions.unsqueeze(1), 0

    def step():
        nonlocal steps
        steps += 1
        dqn_update(p, m, v, now, after, column, steps)
    return step
