"""What each layer computes, from the conventions of tests/goldens/README.md; autograd has the gradients.

A layer is a dictionary of its options without prefix, its weights a dictionary by their Keras names.
"""
import torch
import torch.nn.functional as F

ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softmax": lambda x: torch.softmax(x, -1),
    "hard_sigmoid": lambda x: torch.clamp(0.2 * x + 0.5, 0, 1),
}


def activation(layer, x, key="activation"):
    return ACTIVATIONS[layer[key]](x)


def dense(layer, w, x):
    y = x @ w["kernel"]
    return activation(layer, y + w["bias"] if layer["use_bias"] else y)


# --- images: NHWC outside, NCHW for PyTorch ---------------------------------------------------------------------------

def same_before_after(n, k, s):
    """The cells of padding on both sides of an axis."""
    total = max((-(-n // s) - 1) * s + k - n, 0)
    return total // 2, total - total // 2


def pad_image(layer, window, x, value):
    """`same` padding of an NCHW image."""
    if layer["padding"] == "valid":
        return x
    top, bottom = same_before_after(x.shape[2], window[0], layer["strides"][0])
    left, right = same_before_after(x.shape[3], window[1], layer["strides"][1])
    return F.pad(x, (left, right, top, bottom), value=value)


def conv2d(layer, w, x):
    """A product with the windows as columns: F.conv2d goes to oneDNN where it is asked for floats, and that of Debian 12
    writes beyond its memory there for a kernel of 1 x 1 with strides of 3 and 1 (AVX2)."""
    x = pad_image(layer, layer["kernel_size"], x.permute(0, 3, 1, 2), 0.0)
    kernel = w["kernel"].permute(3, 2, 0, 1)
    size = [(n - k) // s + 1 for n, k, s in zip(x.shape[2:], layer["kernel_size"], layer["strides"])]
    columns = F.unfold(x, layer["kernel_size"], stride=layer["strides"])
    y = (kernel.reshape(len(kernel), -1) @ columns).unflatten(2, size).permute(0, 2, 3, 1)
    return activation(layer, y + w["bias"] if layer["use_bias"] else y)


def conv2d_transpose(layer, w, x):
    """Every cell scatters its kernel; of the full result `same` keeps what the convolution's padding did not cover."""
    height, width = x.shape[1:3]
    y = F.conv_transpose2d(x.permute(0, 3, 1, 2), w["kernel"].permute(3, 2, 0, 1).contiguous(), stride=layer["strides"])
    for axis, n, k, s in zip((2, 3), (height, width), layer["kernel_size"], layer["strides"]):
        size, before = n * s + max(k - s, 0), 0
        if layer["padding"] == "same":
            size, before = n * s, same_before_after(n * s, k, s)[0]
        missing = max(before + size - y.shape[axis], 0)  # cells that no kernel reaches
        y = F.pad(y, (0, missing, 0, 0) if axis == 3 else (0, 0, 0, missing)).narrow(axis, before, size)
    y = y.permute(0, 2, 3, 1)
    return activation(layer, y + w["bias"] if layer["use_bias"] else y)


def max_pool(layer, _, x):
    x = pad_image(layer, layer["pool_size"], x.permute(0, 3, 1, 2), -float("inf"))
    return F.max_pool2d(x, layer["pool_size"], layer["strides"]).permute(0, 2, 3, 1)


def average_pool(layer, _, x):
    """Sums over the windows, divided by the number of their cells that are inside the image."""
    def means(image):
        return F.avg_pool2d(pad_image(layer, layer["pool_size"], image, 0.0), layer["pool_size"], layer["strides"])
    x = x.permute(0, 3, 1, 2)
    return (means(x) / means(torch.ones_like(x))).permute(0, 2, 3, 1)


# --- sequences --------------------------------------------------------------------------------------------------------

def steps(layer, x, state, step):
    """Applies step(x_t, state) -> state, whose first member is the output, along time."""
    order = range(x.shape[1] - 1, -1, -1) if layer["go_backwards"] else range(x.shape[1])
    outputs = []
    for t in order:
        state = step(x[:, t], state)
        outputs.append(state[0])
    return torch.stack(outputs, 1) if layer["return_sequences"] else outputs[-1]


def zeros(layer, x):
    return x.new_zeros(x.shape[0], layer["units"])


def simple_rnn(layer, w, x):
    bias = w["bias"] if layer["use_bias"] else 0

    def step(x_t, state):
        return (activation(layer, x_t @ w["kernel"] + bias + state[0] @ w["recurrent_kernel"]),)
    return steps(layer, x, (zeros(layer, x),), step)


def lstm(layer, w, x):
    bias = w["bias"] if layer["use_bias"] else 0

    def step(x_t, state):
        h, c = state
        i, f, g, o = (x_t @ w["kernel"] + h @ w["recurrent_kernel"] + bias).chunk(4, -1)
        i, f, o = (activation(layer, gate, "recurrent_activation") for gate in (i, f, o))
        c = f * c + i * activation(layer, g)
        return o * activation(layer, c), c
    return steps(layer, x, (zeros(layer, x), zeros(layer, x)), step)


def gru(layer, w, x):
    u, bias = layer["units"], w["bias"] if layer["use_bias"] else None
    after = layer["reset_after"]

    def step(x_t, state):
        h, = state
        a = x_t @ w["kernel"]
        b = h @ w["recurrent_kernel"] if after else h @ w["recurrent_kernel"][:, :2 * u]
        if bias is not None:
            a = a + (bias[0] if after else bias)
            b = b + bias[1] if after else b
        z = activation(layer, a[:, :u] + b[:, :u], "recurrent_activation")
        r = activation(layer, a[:, u:2 * u] + b[:, u:2 * u], "recurrent_activation")
        inner = r * b[:, 2 * u:] if after else (r * h) @ w["recurrent_kernel"][:, 2 * u:]
        return (z * h + (1 - z) * activation(layer, a[:, 2 * u:] + inner),)
    return steps(layer, x, (zeros(layer, x),), step)


# --- normalisation and dropout ----------------------------------------------------------------------------------------

def normalise(layer, w, x, mean, variance):
    y = (x - mean) / torch.sqrt(variance + layer["epsilon"])
    y = y * w["gamma"] if layer["scale"] else y
    return y + w["beta"] if layer["center"] else y


def batch_norm_training(layer, w, x):
    """The output; moves moving_mean, moving_variance and, of images, moving_variance_fused in `w`."""
    axes = tuple(range(x.dim() - 1))
    mean = x.mean(axes)
    variance = ((x - mean) ** 2).mean(axes)

    def move(name, value):
        w[name] = (w[name] * layer["momentum"] + value * (1 - layer["momentum"])).detach()
    if x.dim() == 4:
        n = x[..., 0].numel()
        w.setdefault("moving_variance_fused", w["moving_variance"])
        move("moving_variance_fused", variance * (n / (n - 1) if n > 1 else 1))
    move("moving_mean", mean)
    move("moving_variance", variance)
    return normalise(layer, w, x, mean, variance)


def batch_norm(layer, w, x, training):
    if training:
        return batch_norm_training(layer, w, x)
    return normalise(layer, w, x, w["moving_mean"], w["moving_variance"])


def dropout(layer, w, x, training):
    return x * w["mask"] / (1 - layer["rate"]) if training else x


# --- all of them ------------------------------------------------------------------------------------------------------

LAYERS = {
    "Dense": dense,
    "Activation": lambda layer, w, x: activation(layer, x),
    "LeakyReLU": lambda layer, w, x: torch.where(x > 0, x, layer["alpha"] * x),
    "Embedding": lambda layer, w, x: w["embeddings"][x.long()],
    "SimpleRNN": simple_rnn,
    "LSTM": lstm,
    "GRU": gru,
    "Conv2D": conv2d,
    "Conv2DTranspose": conv2d_transpose,
    "MaxPooling2D": max_pool,
    "AveragePooling2D": average_pool,
    "GlobalAveragePooling2D": lambda layer, w, x: x.mean((1, 2)),
    "GlobalMaxPooling2D": lambda layer, w, x: x.amax((1, 2)),  # equal maxima share the gradient, as in TensorFlow
    "Flatten": lambda layer, w, x: x.flatten(1),
    "Reshape": lambda layer, w, x: x.reshape(x.shape[0], *layer["target_shape"]),
}
MODAL = {"BatchNormalization": batch_norm, "Dropout": dropout}  # those to which training matters


def forward(layer, weights, x, training):
    kind = layer["layer"]
    if kind in MODAL:
        return MODAL[kind](layer, weights, x, training)
    return LAYERS[kind](layer, weights, x)
