"""Random layers with random weights, and networks of layers that fit each other."""
import numpy as np
import torch

from . import layers

BORDERS = (1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 47, 48, 49, 63, 64, 65)  # of vectors and tiles
INNER = ("linear", "relu", "sigmoid", "tanh", "hard_sigmoid")
LARGEST = 3000  # values of a sample within a network


def pick(rng, *alternatives):
    return alternatives[rng.integers(len(alternatives))]


def size(rng, most):
    if rng.random() < 0.4:
        return pick(rng, *[n for n in BORDERS if n <= most])
    return int(rng.integers(1, most + 1))


def values(rng, shape, scale, mean=0.0):
    return (mean + scale * rng.normal(size=shape)).astype(np.float32)


def kernel(rng, shape, fan):
    return values(rng, shape, pick(rng, 0.5, 1.0, 2.0) / np.sqrt(fan))


def with_bias(rng, layer, weights, shape):
    if layer["use_bias"]:
        weights["bias"] = values(rng, shape, 0.3)
    return layer, weights


def some_bias(rng):
    return bool(rng.random() < 0.75)


# --- layers: (rng, shape of a sample, batch) -> (options, weights) ----------------------------------------------------

def dense(rng, shape, _, units=None, activation=None):
    units = units or size(rng, 70)
    layer = {"layer": "Dense", "units": units, "activation": activation or pick(rng, *layers.ACTIVATIONS),
             "use_bias": some_bias(rng)}
    return with_bias(rng, layer, {"kernel": kernel(rng, (shape[-1], units), shape[-1])}, (units,))


def embedding(rng, *_):
    vocab, dim = int(rng.integers(1, 40)), size(rng, 40)
    return {"layer": "Embedding", "input_dim": vocab, "output_dim": dim}, {"embeddings": values(rng, (vocab, dim), 0.7)}


def embedding_ids(rng, layer, shape):
    return rng.integers(0, layer["input_dim"], shape).astype(np.int32)


def recurrent(name, gates):
    def build(rng, shape, _):
        units = size(rng, 70)
        layer = {"layer": name, "units": units, "activation": pick(rng, "tanh", "tanh", *INNER)}
        if gates > 1:
            layer["recurrent_activation"] = pick(rng, "sigmoid", "sigmoid", *INNER)
        layer.update(use_bias=some_bias(rng), return_sequences=bool(rng.random() < 0.5),
                     go_backwards=bool(rng.random() < 0.4))
        bias = (gates * units,)
        if name == "GRU":
            layer["reset_after"] = bool(rng.random() < 0.5)
            bias = (2, *bias) if layer["reset_after"] else bias
        unbounded = {"relu", "linear"} & {layer["activation"], layer.get("recurrent_activation")}
        scale = 0.3 if unbounded else 1.0  # or states grow without limit
        weights = {"kernel": np.float32(scale) * kernel(rng, (shape[-1], gates * units), shape[-1]),
                   "recurrent_kernel": values(rng, (units, gates * units), scale * 0.8 / np.sqrt(units))}
        return with_bias(rng, layer, weights, bias)
    return build


def window(rng, shape, key, most):
    """Kernel or pool, strides and padding; kernels larger than the image only where padding makes room."""
    square = rng.random() < 0.5
    cells = [int(n) for n in rng.integers(1, most + 1, 2)]
    strides = [int(n) for n in rng.choice((1, 1, 1, 2, 2, 3, 4, 13), 2)]
    if square:
        cells[1], strides[1] = cells[0], strides[0]
    padding = pick(rng, "same", "valid")
    if padding == "valid":
        cells = [min(k, n) for k, n in zip(cells, shape)]
    return {key: cells, "strides": strides, "padding": padding}


def conv2d(rng, shape, _):
    filters = size(rng, 40)
    layer = {"layer": "Conv2D", "filters": filters, **window(rng, shape, "kernel_size", 6)}
    if rng.random() < 0.2:
        layer["kernel_size"] = [min(3, n) if layer["padding"] == "valid" else 3 for n in shape[:2]]
        layer["strides"] = [1, 1]
    layer.update(activation=pick(rng, "linear", "linear", *layers.ACTIVATIONS), use_bias=some_bias(rng))
    k = (*layer["kernel_size"], shape[-1], filters)
    return with_bias(rng, layer, {"kernel": kernel(rng, k, np.prod(k[:3]))}, (filters,))


def conv2d_transpose(rng, shape, _):
    filters = size(rng, 40)
    big = (99, 99)  # its kernel may be larger than its input
    layer = {"layer": "Conv2DTranspose", "filters": filters, **window(rng, big, "kernel_size", 6)}
    layer["strides"] = [min(s, 5) for s in layer["strides"]]
    layer.update(activation=pick(rng, "linear", "linear", *layers.ACTIVATIONS), use_bias=some_bias(rng))
    k = (*layer["kernel_size"], filters, shape[-1])
    return with_bias(rng, layer, {"kernel": kernel(rng, k, k[0] * k[1] * k[3])}, (filters,))


def pool(name):
    return lambda rng, shape, _: ({"layer": name, **window(rng, shape, "pool_size", 5)}, {})


def batch_norm(rng, shape, _):
    c = shape[-1]
    layer = {"layer": "BatchNormalization", "momentum": pick(rng, 0.99, 0, 0.5, 0.999, 0.9),
             "epsilon": pick(rng, 1e-3, 1e-5, 1e-2, 0.1), "center": bool(rng.random() < 0.75),
             "scale": bool(rng.random() < 0.75)}
    weights = {"gamma": values(rng, (c,), 0.5, 1.0)} if layer["scale"] else {}
    if layer["center"]:
        weights["beta"] = values(rng, (c,), 0.5)
    return layer, dict(weights, moving_mean=values(rng, (c,), 0.5),
                       moving_variance=rng.uniform(0.3, 1.5, c).astype(np.float32))


def dropout(rng, shape, batch):
    rate = pick(rng, 0.3, 0.5, 0, 0.1, 0.9)
    return {"layer": "Dropout", "rate": rate}, {"mask": (rng.random((batch, *shape)) >= rate).astype(np.int32)}


def reshape(rng, shape, _):
    """To any rank, the last axis at times left to be worked out."""
    rest, target = int(np.prod(shape)), []
    for _ in range(rng.integers(0, 3)):
        target.append(int(pick(rng, *[d for d in range(1, rest + 1) if rest % d == 0])))
        rest //= target[-1]
    return {"layer": "Reshape", "target_shape": [*target, rest if rng.random() < 0.7 else -1]}, {}


def bare(name, **options):
    return lambda rng, shape, _: ({"layer": name, **{k: choose(rng) for k, choose in options.items()}}, {})


BUILDERS = {
    "Dense": dense, "Embedding": embedding, "SimpleRNN": recurrent("SimpleRNN", 1), "LSTM": recurrent("LSTM", 4),
    "GRU": recurrent("GRU", 3), "Conv2D": conv2d, "Conv2DTranspose": conv2d_transpose,
    "MaxPooling2D": pool("MaxPooling2D"), "AveragePooling2D": pool("AveragePooling2D"),
    "GlobalMaxPooling2D": bare("GlobalMaxPooling2D"), "GlobalAveragePooling2D": bare("GlobalAveragePooling2D"),
    "BatchNormalization": batch_norm, "Dropout": dropout, "Flatten": bare("Flatten"), "Reshape": reshape,
    "Activation": bare("Activation", activation=lambda rng: pick(rng, *layers.ACTIVATIONS)),
    "LeakyReLU": bare("LeakyReLU", alpha=lambda rng: pick(rng, 0.3, 0.2, 0.01, 0, 1)),
}


def random_layer(rng, name, shape, batch, **fixed):
    """(options, weights)"""
    return BUILDERS[name](rng, shape, batch, **fixed)


# --- networks: lists of (options, weights) ----------------------------------------------------------------------------

ANYWHERE = ("Dense", "Activation", "LeakyReLU", "BatchNormalization", "Dropout", "Reshape")
OF_RANK = {1: (), 2: ("SimpleRNN", "LSTM", "GRU", "SimpleRNN", "LSTM", "GRU", "Flatten"),
           3: ("Conv2D", "Conv2D", "Conv2DTranspose", "Conv2DTranspose", "MaxPooling2D", "AveragePooling2D",
               "GlobalMaxPooling2D", "GlobalAveragePooling2D", "Flatten")}


def forward_shape(net, shape):
    """Of the output for a sample."""
    x = torch.zeros(1, *shape)
    with torch.no_grad():
        for layer, weights in net:
            own = {n: torch.from_numpy(w) for n, w in weights.items()}
            x = layers.forward(layer, own, x, False)
    return tuple(x.shape[1:])


def grow(rng, shape, batch, count, ids, dropout):
    """`count` layers for samples of that shape; for indices the first is an Embedding."""
    net = [random_layer(rng, "Embedding", shape, batch)] if ids else []
    while len(net) < count:
        inner = forward_shape(net, shape)
        name = pick(rng, *ANYWHERE, *OF_RANK[len(inner)], *OF_RANK[len(inner)])
        if name == "Dropout" and not dropout:
            continue
        layer = random_layer(rng, name, inner, batch)
        if np.prod(forward_shape([layer], inner)) > LARGEST:
            continue
        if name == "BatchNormalization" and not dropout and net:
            leave_out_bias(net[-1])
        net.append(layer)
    return net


def leave_out_bias(entry):
    """Normalisation takes away what a bias before it adds: its gradient is nothing but rounding, on which trainings
    would walk at random."""
    layer, weights = entry
    if layer.get("use_bias") and layer["activation"] == "linear":
        layer["use_bias"] = False
        del weights["bias"]


def fixed(entry, **options):
    """The layer with some options set, and without the bias if that is what they say."""
    layer, weights = entry
    layer.update(options)
    if not layer.get("use_bias", True):
        weights.pop("bias", None)
    return layer, weights


def image_layer(rng, name, shape, channels, **options):
    """A convolution of few channels, made for a network whose next layers depend on them."""
    k, s = int(rng.integers(1, 6)), pick(rng, 1, 2)
    layer = {"layer": name, "filters": channels, "kernel_size": [k, k], "strides": [s, s], "padding": "same",
             "activation": "linear", "use_bias": False, **options}
    order = (channels, shape[-1]) if name == "Conv2DTranspose" else (shape[-1], channels)
    weights = {"kernel": kernel(rng, (k, k, *order), k * k * shape[-1])}
    return with_bias(rng, layer, weights, (channels,))


def gan_pair(rng, noise, batch):
    """(generator, discriminator, shape of an image): the tutorial's shape, of random sizes."""
    start = [int(n) for n in rng.integers(1, 4, 2)] + [int(rng.integers(1, 9))]
    gen = [fixed(random_layer(rng, "Dense", (noise,), batch, units=int(np.prod(start)), activation="linear"),
                 use_bias=False)]

    def append_norm():
        gen.append(random_layer(rng, "BatchNormalization", forward_shape(gen, (noise,)), batch))
        gen.append(random_layer(rng, "LeakyReLU", (), batch))
    append_norm()
    gen.append(({"layer": "Reshape", "target_shape": start}, {}))
    for _ in range(rng.integers(0, 3)):
        gen.append(image_layer(rng, "Conv2DTranspose", forward_shape(gen, (noise,)), int(rng.integers(1, 9))))
        append_norm()
    gen.append(image_layer(rng, "Conv2DTranspose", forward_shape(gen, (noise,)), pick(rng, 1, 3), activation="tanh"))
    image = forward_shape(gen, (noise,))
    disc = []
    for _ in range(rng.integers(1, 3)):
        disc.append(image_layer(rng, "Conv2D", forward_shape(disc, image), int(rng.integers(1, 9)), use_bias=True))
        disc.append(random_layer(rng, "LeakyReLU", (), batch))
    disc.append(({"layer": "Flatten"}, {}))
    disc.append(random_layer(rng, "Dense", forward_shape(disc, image), batch, units=1, activation="linear"))
    return gen, disc, image


def network_case(prefix, net):
    """(options, tensors) with the names that a case has for them."""
    options, tensors = {}, {}
    for i, (layer, weights) in enumerate(net):
        options.update({f"{prefix}{i}_{name}": value for name, value in layer.items()})
        tensors.update({f"{prefix}{i}_{name}": value for name, value in weights.items()})
    return options, tensors
