"""Random cases of every subject. What is drawn depends on the seed and the case's number alone."""
import numpy as np
import torch

from . import cases, files, losses
from .networks import embedding_ids, forward_shape, gan_pair, grow, network_case, pick, random_layer, size, values

TIGHT, PLAIN, RECURRENT, TRAINING = (1e-5, 1e-6), (1e-4, 1e-5), (1e-4, 2e-5), (5e-5, 5e-6)  # as in tests/goldens
TOLERANCES = {"Activation": TIGHT, "LeakyReLU": TIGHT, "Dropout": TIGHT, "Embedding": TIGHT, "MaxPooling2D": TIGHT,
              "GlobalMaxPooling2D": TIGHT, "SimpleRNN": RECURRENT, "LSTM": RECURRENT, "GRU": RECURRENT}
LAYERS = ("Dense", "Activation", "LeakyReLU", "Dropout", "Embedding", "SimpleRNN", "LSTM", "GRU", "Conv2D",
          "Conv2DTranspose", "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D",
          "BatchNormalization")


def number(rng, low, high):
    """Of three digits, its logarithm uniform."""
    return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.3g}")


def tolerance(names):
    """The loosest of the layers'."""
    rtol, atol = max(TOLERANCES.get(name, PLAIN) for name in names)
    return {"rtol": rtol, "atol": atol}


# --- layers and stacks ------------------------------------------------------------------------------------------------

RANKS = {"SimpleRNN": (2,), "LSTM": (2,), "GRU": (2,), "Conv2D": (3,), "Conv2DTranspose": (3,), "MaxPooling2D": (3,),
         "AveragePooling2D": (3,), "GlobalAveragePooling2D": (3,), "GlobalMaxPooling2D": (3,)}


def sample_shape(rng, rank):
    """Of one sample, of features, steps or an image."""
    features = size(rng, 70 if rank < 3 else 40)
    if rank == 1:
        return (features,)
    if rank == 2:
        return (int(rng.integers(1, 21)), features)
    return (int(rng.integers(1, 13)), int(rng.integers(1, 13)), features)


def layer_inputs(rng, shape, batch):
    x = values(rng, (batch, *shape), pick(rng, 1.0, 1.0, 1.0, 8.0), rng.normal() if rng.random() < 0.3 else 0.0)
    return x


def some_zeros(rng, x):
    """Where activations have their kinks; or whole numbers, of which several are the maximum."""
    if rng.random() < 0.15:
        return np.round(x)
    if rng.random() < 0.2:
        x[rng.random(x.shape) < 0.3] = 0
    return x


def with_dy(rng, options, tensors):
    given = cases.Given(tensors, torch.float64)
    with torch.no_grad():
        y = cases.network(options, given).forward(given.get("x"), options["training"])
    rows = y[..., 0].numel()
    tensors["dy"] = values(rng, tuple(y.shape), min(1.0, 8 / rows ** 0.5))  # sums over many rows stay of the size of x
    return options, tensors


def one_layer(name):
    def build(rng):
        batch = int(rng.integers(1, 18))
        shape = sample_shape(rng, pick(rng, *RANKS.get(name, (1, 2, 3))))
        training = name in ("BatchNormalization", "Dropout") and rng.random() < 0.6
        if name == "Embedding":
            shape = (int(rng.integers(1, 30)),)
        layer, weights = random_layer(rng, name, shape, batch)
        ids = name == "Embedding"
        x = embedding_ids(rng, layer, (batch, *shape)) if ids else some_zeros(rng, layer_inputs(rng, shape, batch))
        if name == "Activation" and layer["activation"] in ("sigmoid", "tanh", "softmax") and rng.random() < 0.1:
            x = x * np.float32(1e30)
        options = dict({"kind": "layer"}, **layer, training=bool(training), **tolerance([name]))
        return with_dy(rng, options, dict({"x": x}, **weights))
    return build


def stack(rng):
    batch = int(rng.integers(1, 12))
    ids = rng.random() < 0.2
    shape = (int(rng.integers(1, 12)),) if ids else sample_shape(rng, int(rng.integers(1, 4)))
    net = grow(rng, shape, batch, int(rng.integers(2, 6)), ids, dropout=True)
    x = embedding_ids(rng, net[0][0], (batch, *shape)) if ids else layer_inputs(rng, shape, batch)
    options, tensors = network_case("l", net)
    names = [layer["layer"] for layer, _ in net]
    options = dict({"kind": "stack"}, layers=len(net), **options, training=bool(rng.random() < 0.5),
                   **tolerance([n if n in RANKS else "Dense" for n in names]))
    return with_dy(rng, options, dict({"x": x}, **tensors))


# --- losses -----------------------------------------------------------------------------------------------------------

def prediction_shape(rng, classes):
    return (int(rng.integers(1, 18)), *(int(n) for n in rng.integers(1, 6, rng.choice(3, p=(0.6, 0.25, 0.15)))),
            int(rng.integers(classes, 21)))


def probabilities(rng, shape):
    p = rng.uniform(0, 1, shape)
    edges = np.array([0, 1, 1e-9, losses.LOW, losses.HIGH, 1e-6, 0.999999])
    return np.where(rng.random(shape) < pick(rng, 0, 0.3), rng.choice(edges, shape), p).astype(np.float32)


def class_probabilities(rng, shape):
    """Rows that add up to one, or do not; some have zeros, but no row is all zeros."""
    p = rng.uniform(0.01, 1, shape)
    p[rng.random(shape) < pick(rng, 0, 0.3)] = 0
    p[..., 0] += 0.05
    return (p / p.sum(-1, keepdims=True) if rng.random() < 0.6 else p).astype(np.float32)


def labels(rng, name, shape):
    """What y_true is for predictions of that shape."""
    if name == "sparse_categorical_crossentropy":
        return rng.integers(0, shape[-1], shape[:-1]).astype(np.int32)
    if name == "categorical_crossentropy":
        hard = np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
        soft = rng.dirichlet(np.ones(shape[-1]), shape[:-1])
        return (hard if rng.random() < 0.5 else soft).astype(np.float32)
    if name == "binary_crossentropy":
        return (rng.random(shape) if rng.random() < 0.4 else rng.integers(0, 2, shape)).astype(np.float32)
    return values(rng, shape, pick(rng, 1.0, 4.0))


def one_loss(name):
    def build(rng):
        shape = prediction_shape(rng, 2 if "categorical" in name else 1)
        options = {"kind": "loss", "loss": name}
        logits = bool(rng.random() < 0.5)
        if name == "huber":
            options["delta"] = pick(rng, 1, number(rng, 0.05, 10))
        if "crossentropy" in name:
            options["from_logits"] = logits
        if "crossentropy" not in name or logits:
            y_pred = values(rng, shape, pick(rng, 1.0, 5.0, 40.0 if logits else 1.0))
        else:
            y_pred = class_probabilities(rng, shape) if "categorical" in name else probabilities(rng, shape)
        options.update(reduction="mean", rtol=PLAIN[0], atol=PLAIN[1])
        return options, {"y_true": labels(rng, name, shape), "y_pred": y_pred}
    return build


def dcgan(rng):
    scale = pick(rng, 1.0, 10.0, 40.0)
    tensors = {n: values(rng, (int(rng.integers(1, 40)), 1), scale) for n in ("real_logits", "fake_logits")}
    return {"kind": "loss", "loss": "dcgan", "from_logits": True, "reduction": "mean", "rtol": PLAIN[0],
            "atol": PLAIN[1]}, tensors


# --- optimisers and trainings -----------------------------------------------------------------------------------------

def optimizer_options(rng, name):
    if name == "SGD":
        momentum = pick(rng, 0, 0.9, number(rng, 0.05, 0.99))
        return {"optimizer": name, "learning_rate": number(rng, 1e-3, 0.1), "momentum": momentum,
                "nesterov": bool(momentum and rng.random() < 0.5)}
    options = {"optimizer": name, "variant": "keras", "learning_rate": number(rng, 1e-4, 1e-2)}
    epsilon = pick(rng, 1e-7, number(rng, 1e-8, 1e-2))
    if name == "Adam":
        return dict(options, beta_1=pick(rng, 0.9, 0.5, 0, number(rng, 0.1, 0.99)),
                    beta_2=pick(rng, 0.999, number(rng, 0.5, 0.99), 0.9999), epsilon=epsilon)
    momentum = pick(rng, 0, 0, number(rng, 0.05, 0.95))
    variant = pick(rng, "keras2", "keras3_tf")
    options.update(variant=variant, rho=pick(rng, 0.9, 0, number(rng, 0.1, 0.999)), momentum=momentum, epsilon=epsilon)
    if rng.random() < 0.7:  # else it follows from the variant
        options["epsilon_inside_sqrt"] = bool(variant == "keras3_tf" or momentum)
    return options


def one_optimizer(name):
    def build(rng):
        n, steps = size(rng, 100), pick(rng, 25, 25, int(rng.integers(1, 26)))
        scale = 10 ** rng.uniform(-4, 0.3, n)
        gradients = (rng.normal(size=(steps, n)) * scale).astype(np.float32)
        gradients[rng.random((steps, n)) < pick(rng, 0, 0.1)] = 0
        options = dict({"kind": "optimizer"}, **optimizer_options(rng, name), steps=steps, rtol=TIGHT[0], atol=TIGHT[1])
        return options, {"w0": values(rng, (n,), 1.0), "gradients": gradients}
    return build


ENDS = (("mean_squared_error", "linear"), ("huber", "linear"), ("binary_crossentropy", "sigmoid"),
        ("binary_crossentropy", "logits"), ("categorical_crossentropy", "softmax"),
        ("categorical_crossentropy", "logits"), ("sparse_categorical_crossentropy", "softmax"),
        ("sparse_categorical_crossentropy", "logits"))


def training_loss(rng):
    """(the last activation, the options of a loss that goes with it)"""
    name, end = ENDS[rng.integers(len(ENDS))]
    options = {"loss": name, "reduction": "mean"}
    if name == "huber":
        options["delta"] = pick(rng, 1, number(rng, 0.1, 3))
    if "crossentropy" in name and (end == "logits" or rng.random() < 0.5):
        options["from_logits"] = end == "logits"
    return "linear" if end == "logits" else end, options


def training(rng):
    steps, batch = int(rng.integers(3, 11)), int(rng.integers(2, 13))
    ids = rng.random() < 0.4
    shape = (int(rng.integers(2, 10)),) if ids else sample_shape(rng, int(rng.integers(1, 4)))
    net = grow(rng, shape, batch, int(rng.integers(1, 4)), ids, dropout=False)
    end, loss = training_loss(rng)
    inner = forward_shape(net, shape)
    if len(inner) > 1 and rng.random() < 0.7:
        net.append(({"layer": "Flatten"}, {}))
    net.append(random_layer(rng, "Dense", forward_shape(net, shape), batch,
                            units=int(rng.integers(2 if "categorical" in loss["loss"] else 1, 6)), activation=end))
    x = [embedding_ids(rng, net[0][0], (batch, *shape)) if ids else values(rng, (batch, *shape), 1.0)
         for _ in range(steps)]
    y_true = [labels(rng, loss["loss"], (batch, *forward_shape(net, shape))) for _ in range(steps)]
    options, weights = network_case("l", net)
    options = dict({"kind": "training", "layers": len(net)}, **options, **loss,
                   **optimizer_options(rng, pick(rng, "SGD", "RMSprop", "Adam")), steps=steps, rtol=TRAINING[0],
                   atol=TRAINING[1])
    return options, dict({"x": np.stack(x), "y_true": np.stack(y_true)}, **weights)


def gan_training(rng):
    steps, batch = int(rng.integers(2, 7)), int(rng.integers(3, 9))
    noise = int(rng.integers(2, 12))
    gen, disc, image = gan_pair(rng, noise, batch)
    options, weights = network_case("gen", gen)
    of_disc, disc_weights = network_case("disc", disc)
    optimizer = dict(optimizer_options(rng, "Adam"), learning_rate=number(rng, 5e-5, 5e-4))
    options = dict({"kind": "gan_training", "gen_layers": len(gen), "disc_layers": len(disc)}, **options, **of_disc,
                   loss="dcgan", from_logits=True, reduction="mean", **optimizer, steps=steps, rtol=TRAINING[0],
                   atol=TRAINING[1])
    others = batch if rng.random() < 0.7 else int(rng.integers(1, 12))
    return options, dict({"noise": values(rng, (steps, batch, noise), 1.0),
                          "images": np.tanh(values(rng, (steps, others, *image), 1.0))}, **weights, **disc_weights)


# --- all of them ------------------------------------------------------------------------------------------------------

LOSSES = ("mean_squared_error", "huber", "binary_crossentropy", "categorical_crossentropy",
          "sparse_categorical_crossentropy")
BUILDERS = dict({name: one_layer(name) for name in LAYERS}, **{name: one_loss(name) for name in LOSSES},
                **{name: one_optimizer(name) for name in ("SGD", "RMSprop", "Adam")}, dcgan=dcgan, stack=stack,
                training=training, gan_training=gan_training)
SUBJECTS = tuple(BUILDERS)
# How often each comes, where not once: what has most options, and what most is made of.
WEIGHTS = {"Dense": 2, "SimpleRNN": 2, "LSTM": 3, "GRU": 4, "Conv2D": 4, "Conv2DTranspose": 4, "BatchNormalization": 2,
           "stack": 6, "training": 6, "gan_training": 2, "MaxPooling2D": 2, "AveragePooling2D": 2,
           "binary_crossentropy": 2}
ATTEMPTS, TRIALS = 200, 4


def nudged(array, trial):
    """Every real moved to the next float, up or down as its bits and the trial have it: equals stay equal."""
    if array.dtype != np.float32 or trial == 0:
        return array
    bits = np.ascontiguousarray(array).view(np.uint32).astype(np.uint64)
    up = (bits * np.uint64(2654435761) >> np.uint64(12 + trial)) & np.uint64(1)
    moved = np.nextafter(array, np.where(up, np.float32(np.inf), np.float32(-np.inf)))
    return np.where(array == 0, array, moved)


def is_sound(options, tensors, want):
    """Whether rounding alone stays within a fifth of the tolerance, as it does in tests/goldens.

    Optimisers that divide a gradient which is next to nothing by its own size, a maximum or a step of ReLU that two
    nearly equal numbers decide, sums in which large terms cancel: such cases have no result that float32 could be held
    to. They show when the same formulas run in float32 on inputs that differ by their rounding. Losses' inputs stay as
    they are: some stand on the edge of the clipping. Of trainings, in which errors grow, a tenth is asked.
    """
    limit = 0.1 if "training" in options["kind"] else 0.2
    if not all(np.isfinite(value).all() for value in want.values()):
        return False
    for trial in range(1 if options["kind"] == "loss" else TRIALS):
        inputs = {name: nudged(tensor, trial) for name, tensor in tensors.items()}
        rounded, _ = cases.results(options, inputs, torch.float32)
        if any(files.share_of_tolerance(options, rounded[n], want[n]) > limit for n in want):
            return False
    return True


def random_case(seed, number_of_case, only=None):
    """(options, tensors, subject, attempts it took)"""
    deck = [name for name in SUBJECTS if not only or name in only for _ in range(WEIGHTS.get(name, 1))]
    subject = deck[number_of_case % len(deck)]
    for attempt in range(1, ATTEMPTS + 1):
        rng = np.random.default_rng([seed, number_of_case, attempt])
        options, tensors = BUILDERS[subject](rng)
        want, used = cases.results(options, tensors)
        assert used >= set(tensors), set(tensors) - used
        if is_sound(options, tensors, want):
            options = dict({"case": f"{subject}_{seed}_{number_of_case}"}, **options)
            return options, dict(tensors, **want), subject, attempt
    raise RuntimeError(f"{subject}, seed {seed}, case {number_of_case}: ill-conditioned in {ATTEMPTS} attempts")
