"""The results of a case, of whatever kind, from its options and given tensors."""
import numpy as np
import torch

from . import layers, losses

STATE = ("moving_mean", "moving_variance", "moving_variance_fused")  # weights without gradients
NAMES = ("kernel", "recurrent_kernel", "bias", "embeddings", "gamma", "beta", "moving_mean", "moving_variance", "mask")


class Given:
    """The tensors that a case brings along, and which of them were asked for."""

    def __init__(self, tensors, dtype):
        self.tensors, self.dtype, self.used = tensors, dtype, set()

    def has(self, name):
        return name in self.tensors

    def get(self, name):
        self.used.add(name)
        tensor = torch.from_numpy(np.array(self.tensors[name]))
        return tensor.to(self.dtype) if tensor.is_floating_point() else tensor


class Network:
    """A list of layers with prefixes "" (a single one) or "l0_", "l1_", ..."""

    def __init__(self, options, given, prefixes):
        self.prefixes = prefixes
        self.layers, self.weights, self.slots = [], [], {}
        for prefix in prefixes:
            self.layers.append({k[len(prefix):]: v for k, v in options.items() if k.startswith(prefix)})
            own = {name: given.get(prefix + name) for name in NAMES if given.has(prefix + name)}
            self.weights.append({n: w.requires_grad_() if self.is_trained(n) else w for n, w in own.items()})

    @staticmethod
    def is_trained(name):
        return name not in STATE and name != "mask"

    def forward(self, x, training):
        for layer, weights in zip(self.layers, self.weights):
            x = layers.forward(layer, weights, x, training)
        return x

    def trained(self):
        """Weights by their names in the case."""
        return {p + n: w for p, own in zip(self.prefixes, self.weights) for n, w in own.items() if self.is_trained(n)}

    def state(self):
        return {(p, n): w for p, own in zip(self.prefixes, self.weights) for n, w in own.items() if n in STATE}

    def gradients(self, scalar, inputs=()):
        """By weights and by further inputs; zero where nothing depends on them."""
        named = dict(self.trained(), **dict(inputs))
        if not named:
            return {}
        grads = torch.autograd.grad(scalar, list(named.values()), retain_graph=True, allow_unused=True)
        return {n: torch.zeros_like(w) if g is None else g for (n, w), g in zip(named.items(), grads)}

    def update(self, options, t, grads):
        for prefix, own in zip(self.prefixes, self.weights):
            for name in filter(self.is_trained, own):
                slots = self.slots.setdefault(prefix + name, {})
                new = losses.optimizer_step(options, slots, t, own[name], grads[prefix + name])
                own[name] = new.requires_grad_()

    def final(self):
        result = {name + "_final": w for name, w in self.trained().items()}
        result.update({p + n + "_final": w for (p, n), w in self.state().items()})
        return result


def prefixes(options, list_name, key):
    return [f"{list_name}{i}_" for i in range(options[key])]


def network(options, given):
    """Of all kinds but gan_training."""
    return Network(options, given, [""] if options["kind"] == "layer" else prefixes(options, "l", "layers"))


# --- kinds ------------------------------------------------------------------------------------------------------------

def layer_case(options, given):
    """A layer or a stack."""
    net = network(options, given)
    x, dy = given.get("x"), given.get("dy")
    inputs = {"x": x.requires_grad_()} if x.is_floating_point() else {}
    y = net.forward(x, options["training"])
    result = {"y": y}
    if options["training"]:
        for (prefix, name), value in net.state().items():
            base, fused = name.replace("_fused", ""), "_fused" if name.endswith("_fused") else ""
            result[prefix + base + "_after" + fused] = value
    grads = net.gradients((y * dy).sum(), inputs)
    result.update({"dx" if name == "x" else "d_" + name: g for name, g in grads.items()})
    return result


def dcgan_loss_case(given):
    real, fake = (given.get(name).requires_grad_() for name in ("real_logits", "fake_logits"))
    d_loss, g_loss = losses.dcgan_losses(real, fake)
    d_real, d_fake = torch.autograd.grad(d_loss, (real, fake))
    return {"discriminator_loss": d_loss.reshape(1), "generator_loss": g_loss.reshape(1), "d_real_logits": d_real,
            "d_fake_logits": d_fake, "d_fake_logits_generator": torch.autograd.grad(g_loss, fake)[0]}


def loss_case(options, given):
    if options["loss"] == "dcgan":
        return dcgan_loss_case(given)
    t, y = given.get("y_true"), given.get("y_pred").requires_grad_()
    rows = {"": losses.loss_by_rows(options, t, y)}
    if options["loss"] == "binary_crossentropy" and not options["from_logits"]:
        rows["_keras2"] = losses.binary_crossentropy(options, t, y, inside_log=1e-7)
    result = {}
    for suffix, values in rows.items():
        result["loss" + suffix] = values.mean().reshape(1)
        result["loss_per_sample" + suffix] = values
        result["d_y_pred" + suffix] = torch.autograd.grad(values.mean(), y)[0]
    return result


def optimizer_case(options, given):
    w, slots, trajectory = given.get("w0"), {}, []
    for t, gradient in enumerate(given.get("gradients"), 1):
        w = losses.optimizer_step(options, slots, t, w, gradient)
        trajectory.append(w)
    return dict({"w": torch.stack(trajectory)}, **{name + "_final": s for name, s in slots.items()})


def training_case(options, given):
    net = network(options, given)
    result, trajectory = {}, []
    for t, (x, y_true) in enumerate(zip(given.get("x"), given.get("y_true")), 1):
        loss = losses.loss_by_rows(options, y_true, net.forward(x, True)).mean()
        grads = net.gradients(loss)
        if t == 1:
            result.update({"d_" + name: g for name, g in grads.items()})
        trajectory.append(loss)
        net.update(options, t, grads)
    return dict(result, loss=torch.stack(trajectory), **net.final())


def gan_case(options, given):
    gen = Network(options, given, prefixes(options, "gen", "gen_layers"))
    disc = Network(options, given, prefixes(options, "disc", "disc_layers"))
    result, trajectory = {}, []
    for t, (noise, images) in enumerate(zip(given.get("noise"), given.get("images")), 1):
        real, fake = disc.forward(images, True), disc.forward(gen.forward(noise, True), True)
        both = losses.dcgan_losses(real, fake)
        of_disc, of_gen = disc.gradients(both[0]), gen.gradients(both[1])
        if t == 1:
            result.update({"d_" + name: g for name, g in dict(of_disc, **of_gen).items()})
        trajectory.append(torch.stack(both))
        disc.update(options, t, of_disc)
        gen.update(options, t, of_gen)
    both = torch.stack(trajectory)
    return dict(result, discriminator_loss=both[:, 0], generator_loss=both[:, 1], **gen.final(), **disc.final())


KINDS = {"layer": layer_case, "stack": layer_case, "loss": loss_case, "optimizer": optimizer_case,
         "training": training_case, "gan_training": gan_case}


def results(options, tensors, dtype=torch.float64):
    """(results by name, names of the tensors that were used)"""
    given = Given(tensors, dtype)
    found = KINDS[options["kind"]](options, given)
    return {name: value.detach().numpy() for name, value in found.items()}, given.used
