"""Cases on disk: a folder with case.json and an .npy for each tensor, listed in index.txt (tests/goldens/README.md)."""
import json
import os

import numpy as np


def read_index(folder):
    with open(os.path.join(folder, "index.txt"), encoding="utf-8") as lines:
        return [line.split()[0] for line in lines]


def read_case(folder, name):
    """(options, tensors by name)"""
    with open(os.path.join(folder, name, "case.json"), encoding="utf-8") as file:
        options = json.load(file)
    return options, {t: np.load(os.path.join(folder, name, t + ".npy")) for t in options["tensors"]}


def write_case(folder, options, tensors):
    path = os.path.join(folder, options["case"])
    os.makedirs(path, exist_ok=True)
    options = dict(options, source="scripts/random-goldens", tensors=list(tensors))
    for name, tensor in tensors.items():
        kind = "<i4" if np.issubdtype(tensor.dtype, np.integer) else "<f4"
        np.save(os.path.join(path, name + ".npy"), np.ascontiguousarray(tensor, dtype=kind))
        options[name + "_shape"] = list(tensor.shape)
    with open(os.path.join(path, "case.json"), "w", encoding="utf-8") as file:
        file.write("{\n" + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in options.items()) + "\n}\n")


def share_of_tolerance(options, got, want):
    """The largest |got - want| / (atol + rtol |want|); infinite where shapes differ or one is not finite."""
    got, want = np.asarray(got, dtype=np.float64), np.asarray(want, dtype=np.float64)
    if got.shape != want.shape or not (np.isfinite(got).all() and np.isfinite(want).all()):
        return np.inf
    share = np.abs(got - want) / (options["atol"] + options["rtol"] * np.abs(want))
    return share.max(initial=0.0)
