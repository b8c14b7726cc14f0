"""Losses by rows of the last axis, and the steps of optimisers, from the conventions of tests/goldens/README.md."""
import numpy as np
import torch
import torch.nn.functional as F

LOW, HIGH = float(np.float32(1e-7)), float(np.float32(1) - np.float32(1e-7))  # what probabilities are clipped to


def mean_squared_error(_, t, y):
    return ((y - t) ** 2).mean(-1)


def huber(options, t, y):
    error, delta = (y - t).abs(), options["delta"]
    return torch.where(error <= delta, error ** 2 / 2, delta * error - delta ** 2 / 2).mean(-1)


def binary_crossentropy(options, t, y, inside_log=0.0):
    if options.get("from_logits"):
        return -(t * F.logsigmoid(y) + (1 - t) * F.logsigmoid(-y)).mean(-1)
    p = torch.clamp(y, LOW, HIGH)
    return -(t * torch.log(p + inside_log) + (1 - t) * torch.log(1 - p + inside_log)).mean(-1)


def categorical_crossentropy(options, t, y):
    if options.get("from_logits"):
        return -(t * torch.log_softmax(y, -1)).sum(-1)
    return -(t * torch.log(torch.clamp(y / y.sum(-1, keepdim=True), LOW, HIGH))).sum(-1)


def sparse_categorical_crossentropy(options, t, y):
    one_hot = F.one_hot(t.long().reshape(y.shape[:-1]), y.shape[-1]).to(y.dtype)
    return categorical_crossentropy(options, one_hot, y)


LOSSES = {f.__name__: f for f in (mean_squared_error, huber, binary_crossentropy, categorical_crossentropy,
                                  sparse_categorical_crossentropy)}


def loss_by_rows(options, t, y):
    return LOSSES[options["loss"]](options, t, y)


def dcgan_losses(real, fake):
    """(of the discriminator, of the generator)"""
    logits = {"from_logits": True}
    of_real = binary_crossentropy(logits, torch.ones_like(real), real).mean()
    of_fake = binary_crossentropy(logits, torch.zeros_like(fake), fake).mean()
    return of_real + of_fake, binary_crossentropy(logits, torch.ones_like(fake), fake).mean()


# --- optimisers -------------------------------------------------------------------------------------------------------

def slot(slots, name, g):
    return slots.setdefault(name, torch.zeros_like(g))


def sgd(options, slots, _, w, g):
    lr, momentum = options["learning_rate"], options["momentum"]
    if momentum == 0:
        return w - lr * g
    velocity = slots["velocity"] = momentum * slot(slots, "velocity", g) - lr * g
    return w + (momentum * velocity - lr * g if options["nesterov"] else velocity)


def rmsprop(options, slots, _, w, g):
    lr, rho, momentum, epsilon = (options[k] for k in ("learning_rate", "rho", "momentum", "epsilon"))
    inside = options["variant"] == "keras3_tf" or momentum > 0
    ms = slots["mean_square"] = rho * slot(slots, "mean_square", g) + (1 - rho) * g ** 2
    change = lr * g / (torch.sqrt(ms + epsilon) if inside else torch.sqrt(ms) + epsilon)
    if momentum == 0:
        return w - change
    velocity = slots["velocity"] = momentum * slot(slots, "velocity", g) + change
    return w - velocity


def adam(options, slots, t, w, g):
    lr, b1, b2, epsilon = (options[k] for k in ("learning_rate", "beta_1", "beta_2", "epsilon"))
    m = slots["m"] = b1 * slot(slots, "m", g) + (1 - b1) * g
    v = slots["v"] = b2 * slot(slots, "v", g) + (1 - b2) * g ** 2
    return w - lr * (1 - b2 ** t) ** 0.5 / (1 - b1 ** t) * m / (torch.sqrt(v) + epsilon)


OPTIMIZERS = {"SGD": sgd, "RMSprop": rmsprop, "Adam": adam}


def optimizer_step(options, slots, t, w, g):
    """The weight after step t = 1, 2, ...; moves `slots`."""
    return OPTIMIZERS[options["optimizer"]](options, slots, t, w.detach(), g)
