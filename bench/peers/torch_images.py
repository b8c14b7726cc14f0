"""DCGAN of TensorFlow's tutorial in PyTorch, and what makes it faster than stock modules."""
import torch
from torch import nn
from torch.nn import functional as F

KERNEL, PAD = 5, 2


def gradient_of_convolution(x, y, kernel, stride, wanted):
    """(by the images x, by the kernel) of y = convolution(x), which oneDNN computes fast."""
    return torch.ops.aten.convolution_backward(y, x, kernel, None, [stride] * 2, [PAD] * 2, [1, 1], False, [0, 0], 1,
                                               [*wanted, False])[:2]


class TransposedFunction(torch.autograd.Function):
    @staticmethod
    def forward(context, x, kernel, stride):
        context.save_for_backward(x, kernel)
        context.stride = stride
        height, width = x.shape[2] * stride, x.shape[3] * stride
        shape = torch.empty(x.shape[0], kernel.shape[1], height, width, memory_format=torch.channels_last)
        return gradient_of_convolution(shape, x, kernel, stride, (True, False))[0]

    @staticmethod
    def backward(context, dy):
        x, kernel = context.saved_tensors
        dx = F.conv2d(dy, kernel, None, context.stride, PAD) if context.needs_input_grad[0] else None
        return dx, gradient_of_convolution(dy, x, kernel, context.stride, (False, True))[1], None


class TransposedByGradient(nn.Module):
    """ConvTranspose2d with 5 x 5 kernels and an output of stride times the input."""

    def __init__(self, channels, filters, stride, bias=False):
        super().__init__()
        self.stride = stride
        self.weight = nn.Parameter(torch.empty(channels, filters, KERNEL, KERNEL))
        nn.init.kaiming_uniform_(self.weight, a=5 ** 0.5)
        self.bias = nn.Parameter(torch.zeros(filters, 1, 1)) if bias else None

    def forward(self, x):
        y = TransposedFunction.apply(x, self.weight, self.stride)
        return y if self.bias is None else y + self.bias


def transposed(tuned, channels, filters, stride):
    if tuned:
        return TransposedByGradient(channels, filters, stride)
    return nn.ConvTranspose2d(channels, filters, KERNEL, stride, PAD, stride - 1, bias=False)


class Generator(nn.Module):
    def __init__(self, tuned):
        super().__init__()
        self.layout = torch.channels_last if tuned else torch.contiguous_format
        self.dense, self.norm = nn.Linear(100, 7 * 7 * 256, bias=False), nn.BatchNorm1d(7 * 7 * 256, eps=1e-3)
        self.wide, self.wide_norm = transposed(tuned, 256, 128, 1), nn.BatchNorm2d(128, eps=1e-3)
        self.middle, self.middle_norm = transposed(tuned, 128, 64, 2), nn.BatchNorm2d(64, eps=1e-3)
        self.last = transposed(tuned, 64, 1, 2)

    def forward(self, noise):
        x = F.leaky_relu(self.norm(self.dense(noise)), 0.3, inplace=True)
        x = x.view(-1, 256, 7, 7).contiguous(memory_format=self.layout)
        x = F.leaky_relu(self.wide_norm(self.wide(x)), 0.3, inplace=True)
        x = F.leaky_relu(self.middle_norm(self.middle(x)), 0.3, inplace=True)
        return torch.tanh(self.last(x))


def cheap_dropout(x):
    """Rate 0.3 from random bytes, eight of a draw: the usual one draws a real number for each element."""
    draws = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_()
    kept = (draws.view(torch.uint8)[:x.numel()] >= 77).to(x.dtype).mul_(1 / 0.7)
    return x * torch.as_strided(kept, x.size(), x.stride())


class Discriminator(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.dropout = dropout
        self.first, self.second = nn.Conv2d(1, 64, KERNEL, 2, PAD), nn.Conv2d(64, 128, KERNEL, 2, PAD)
        self.dense = nn.Linear(7 * 7 * 128, 1)

    def forward(self, x):
        x = self.dropout(F.leaky_relu(self.first(x), 0.3, inplace=True))
        x = self.dropout(F.leaky_relu(self.second(x), 0.3, inplace=True))
        return self.dense(x.flatten(1))
