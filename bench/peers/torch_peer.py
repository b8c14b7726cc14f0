#!/usr/bin/env python3
"""PyTorch on the workloads of docs/performance.md, in the lines of kvist_bench.

stock: modules, losses and optimisers as a user writes them. tuned: recurrent nets back-propagated by hand in
TorchScript, transposed convolutions as oneDNN's gradient of a convolution, images with their channels last, words as
EmbeddingBag, AVX-512 kernels, memory that is kept. Both flush denormal numbers, which kvist does too.

usage: torch_peer.py [--variant stock|tuned] [--threads N] [--only NAME] [--seconds S] [--check]
"""
import argparse
import os
import resource
import statistics
import sys
import time

parser = argparse.ArgumentParser(description="Times PyTorch on kvist's workloads.")
parser.add_argument("--variant", choices=("stock", "tuned"), default="stock")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--only", help="the name of a workload; all when not given")
parser.add_argument("--seconds", type=float, default=2, help="time for each workload")
parser.add_argument("--check", action="store_true", help="only check the gradients written by hand")
options = parser.parse_args()
for library in ("OMP", "OPENBLAS", "BLIS", "MKL"):  # read when the libraries are loaded
    os.environ[library + "_NUM_THREADS"] = str(options.threads)
if options.variant == "tuned" and "MALLOC_MMAP_MAX_" not in os.environ:
    # Memory stays with the process: giving it back and faulting it in again is up to half of a step. Read at the start.
    os.environ.update(MALLOC_MMAP_MAX_="0", MALLOC_TRIM_THRESHOLD_=str(1 << 33))
    os.execv(sys.executable, [sys.executable, *sys.argv])
if options.variant == "tuned" and "avx512vl" in open("/proc/cpuinfo", encoding="ascii").read():
    os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx512")

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import torch_recurrent  # noqa: E402
from torch_images import Discriminator, Generator, TransposedByGradient, cheap_dropout  # noqa: E402

WORDS, LENGTH, UNITS, PADDING = 10000, 500, 32, 0.555


def measure(name, step):
    """Samples of some steps each, long enough for the clock; prints their median."""
    for _ in range(3):
        step()
    begin = time.perf_counter()
    step()
    once = time.perf_counter() - begin
    repeats = 1 if once > 1e-3 else int(2e-3 / once) + 1
    samples = []
    begin = time.perf_counter()
    while len(samples) < 5 or (time.perf_counter() - begin < options.seconds and len(samples) < 1000):
        start = time.perf_counter()
        for _ in range(repeats):
            step()
        samples.append((time.perf_counter() - start) / repeats)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-6
    print(f"{name} variant={options.variant} threads={options.threads} median_ms={1e3 * statistics.median(samples):.4f} "
          f"min_ms={1e3 * min(samples):.4f} n={len(samples)} peak_mb={peak:.0f}", flush=True)


def training(model, optimiser, loss, x, y):
    def step():
        optimiser.zero_grad(set_to_none=True)
        loss(model(x), y).backward()
        optimiser.step()
    return step


def rmsprop(parameters, fused):
    return torch.optim.RMSprop(parameters, 1e-3, alpha=0.9, eps=1e-7, foreach=fused)


# --- W2: DQN ----------------------------------------------------------------------------------------------------------

def dqn(units, batch, tuned):
    now, after = torch.randn(batch, 4), torch.randn(batch, 4)
    actions = torch.arange(batch) % 2
    net = nn.Sequential(nn.Linear(4, units), nn.ReLU(), nn.Linear(units, units), nn.ReLU(), nn.Linear(units, 2))
    if tuned:
        return torch_recurrent.dqn_by_hand(net, now, after, actions)
    optimiser = torch.optim.Adam(net.parameters(), 1e-3)

    def step():
        with torch.no_grad():
            target = 1 + 0.95 * net(after).max(1)[0]
        taken = net(now).gather(1, actions.unsqueeze(1)).squeeze(1)
        loss = F.mse_loss(taken, target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    return step


# --- W3: which words occur --------------------------------------------------------------------------------------------

def draw_words(*shape, power=3):
    return 1 + (torch.rand(*shape) ** power * (WORDS - 1)).long()


def multi_hot(tuned, batch=512, words=233):
    lists = [torch.unique(draw_words(words, power=8)) for _ in range(batch)]  # 135 differ, 132 in the real reviews
    labels = (torch.arange(batch) % 2).float().unsqueeze(1)
    rest = [nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1)]
    if not tuned:
        x = torch.stack([torch.zeros(WORDS).index_fill_(0, indices, 1) for indices in lists])
        net = nn.Sequential(nn.Linear(WORDS, 16), *rest)
        return training(net, rmsprop(net.parameters(), False), F.binary_cross_entropy_with_logits, x, labels)
    lengths = torch.tensor([0] + [len(indices) for indices in lists])
    flat, offsets = torch.cat(lists), lengths.cumsum(0)[:-1]
    bag = nn.EmbeddingBag(WORDS, 16, mode="sum", sparse=True)  # its dense gradient is slower to come by than this one
    bias, net = nn.Parameter(torch.zeros(16)), nn.Sequential(*rest)
    optimiser = rmsprop([*bag.parameters(), bias, *net.parameters()], True)

    def step():
        optimiser.zero_grad(set_to_none=True)
        F.binary_cross_entropy_with_logits(net(bag(flat, offsets) + bias), labels).backward()
        bag.weight.grad = bag.weight.grad.to_dense()
        optimiser.step()
    return step


# --- W4, W5: recurrent nets -------------------------------------------------------------------------------------------

class Sentiment(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, UNITS)
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
        self.recurrent = layer(UNITS, UNITS, batch_first=True)
        self.dense = nn.Linear(UNITS, 1)

    def forward(self, x):
        states, _ = self.recurrent(self.embedding(x))
        return self.dense(states[:, -1])


def recurrent(kind, tuned, padding=0.0, batch=128):
    x = draw_words(batch, LENGTH)
    x[:, :int(padding * LENGTH)] = 0
    y = (torch.arange(batch) % 2).float().unsqueeze(1)
    net = Sentiment(nn.LSTM if kind == "lstm" else nn.RNN)
    optimiser = rmsprop(net.parameters(), tuned)
    if tuned:
        return torch_recurrent.step_by_hand(kind, net, optimiser, x, y)
    return training(net, optimiser, F.binary_cross_entropy_with_logits, x, y)


# --- W6: DCGAN --------------------------------------------------------------------------------------------------------

def dcgan(tuned, batch=256):
    layout = torch.channels_last if tuned else torch.contiguous_format
    dropout = cheap_dropout if tuned else lambda x: F.dropout(x, 0.3)
    generator, discriminator = Generator(tuned).to(memory_format=layout), Discriminator(dropout).to(memory_format=layout)
    adams = [torch.optim.Adam(net.parameters(), 1e-4, foreach=tuned) for net in (generator, discriminator)]
    real = (torch.rand(batch, 1, 28, 28) * 2 - 1).contiguous(memory_format=layout)
    ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)
    judge = F.binary_cross_entropy_with_logits

    def step():
        fake = generator(torch.randn(batch, 100))
        on_real, on_fake = discriminator(real), discriminator(fake)
        losses = (judge(on_fake, ones), judge(on_real, ones) + judge(on_fake, zeros))
        gradients = [torch.autograd.grad(loss, list(net.parameters()), retain_graph=net is generator)
                     for loss, net in zip(losses, (generator, discriminator))]
        for net, adam, gradient in zip((generator, discriminator), adams, gradients):
            for parameter, value in zip(net.parameters(), gradient):
                parameter.grad = value
            adam.step()
    return step


# --- W7: single layers ------------------------------------------------------------------------------------------------

def layer(module, x, backward):
    """Forward with what the backward pass needs; with it if wanted, by weights and (real) input."""
    x = x.requires_grad_(x.is_floating_point())
    first = lambda y: y[0] if isinstance(y, tuple) else y  # noqa: E731
    dy = torch.randn_like(first(module(x)))

    def forward():
        return first(module(x))

    def both():
        x.grad = None
        module.zero_grad(set_to_none=True)
        forward().backward(dy)
    return both if backward else forward


def image_layer(module, batch, channels, side):
    def make(tuned, backward):
        layout = torch.channels_last if tuned else torch.contiguous_format
        x = torch.randn(batch, channels, side, side).contiguous(memory_format=layout)
        return layer(module(tuned).to(memory_format=layout), x, backward)
    return make


def transposed(tuned):
    return TransposedByGradient(128, 64, 2, bias=True) if tuned else nn.ConvTranspose2d(128, 64, 5, 2, 2, 1)


def plain_layer(module, x):
    """None when tuned: there is nothing to tune."""
    return lambda tuned, backward: None if tuned else layer(module(), x(), backward)


LAYERS = {
    "dense512": plain_layer(lambda: nn.Linear(512, 512), lambda: torch.randn(128, 512)),
    "lstm128": plain_layer(lambda: nn.LSTM(128, 128), lambda: torch.randn(100, 64, 128)),
    "conv5x5s2": image_layer(lambda tuned: nn.Conv2d(64, 128, 5, 2, 2), 256, 64, 14),
    "conv3x3": image_layer(lambda tuned: nn.Conv2d(64, 64, 3, 1, 1), 64, 64, 28),
    "convt5x5s2": image_layer(transposed, 256, 128, 7),
    "batch_norm": image_layer(lambda tuned: nn.BatchNorm2d(64), 256, 64, 14),
    "embedding": plain_layer(lambda: nn.Embedding(WORDS, UNITS), lambda: torch.randint(0, WORDS, (128, LENGTH))),
}

WORKLOADS = {
    "dqn_24_b20": lambda tuned: dqn(24, 20, tuned),
    "dqn_128_b64": lambda tuned: dqn(128, 64, tuned),
    "dense_multi_hot": multi_hot,
    "rnn_train": lambda tuned: recurrent("rnn", tuned),
    "lstm_train": lambda tuned: recurrent("lstm", tuned),
    "lstm_train_reviews": lambda tuned: recurrent("lstm", tuned, PADDING),
    "dcgan_step": dcgan,
}
for key, make_layer in LAYERS.items():
    WORKLOADS[key + "_forward"] = lambda tuned, make=make_layer: make(tuned, False)
    WORKLOADS[key + "_train"] = lambda tuned, make=make_layer: make(tuned, True)


def main():
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    if options.check:
        torch_recurrent.check(Sentiment)
        return
    for name, make in WORKLOADS.items():
        if options.only not in (None, name):
            continue
        step = make(options.variant == "tuned")
        if step:
            measure(name, step)


main()
