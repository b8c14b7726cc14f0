#!/usr/bin/env python3
"""Writes tests/data/npz: small archives of the kind Keras' imdb.npz is, and what Keras makes of them.

    python3 tests/make_npz.py numpy       with numpy: protocol2.npz to protocol5.npz, rows.npz, the expected texts
    python2 tests/make_npz.py python2     python2.npz by Python 2's own pickler
    python3 tests/make_npz.py numpy2      numpy2.npz, with the module names of numpy 2

The last two need no numpy: classes of its names stand in for the array and its type, with the states numpy gives them.
The tests read the files that are kept and need none of this. The files kept were written by numpy 1.24.2 (Python
3.11), Python 2.7.18 and Python 3.12.1.
"""
import os
import struct
import sys
import types
import zipfile

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "npz")
WORDS = [1, 2, 3, 97, 99, 255, 256, 9996, 9997, 65535, 65536, 88584]


def make_reviews(count, first):
    """Reviews of 0 to 6 words, and one of 2001: the pickler writes thousands, and a single one by another opcode."""
    reviews = [[WORDS[(first + i * i + k) % len(WORDS)] for k in range(i % 7)] for i in range(count)]
    reviews[3] = [1 + (k * k + first) % 120 for k in range(2001)]
    return reviews


def parts():
    return {"train": (make_reviews(31, 0), [(i * 5 % 7) % 2 for i in range(31)]),
            "test": (make_reviews(20, 5), [(i * 3 % 5) % 2 for i in range(20)])}


def npy(descr, count, content):
    text = "{'descr': '%s', 'fortran_order': False, 'shape': (%d,), }" % (descr, count)
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode("ascii") + content


def write(name, pack, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(os.path.join(FOLDER, name), "w", method) as archive:
        for part, (reviews, labels) in sorted(parts().items()):
            members = (("x_", npy("|O", len(reviews), pack(reviews))),
                       ("y_", npy("<i8", len(labels), struct.pack("<%dq" % len(labels), *labels))))
            for letter, content in members:
                archive.writestr(zipfile.ZipInfo(letter + part + ".npy"), content, method)


# --- without numpy ----------------------------------------------------------------------------------------------------

def stand_ins(core):
    """Modules of numpy's names with what its pickles refer to."""
    numpy, multiarray = types.ModuleType("numpy"), types.ModuleType(core)

    def _reconstruct(*_):
        return None

    class dtype(object):
        def __reduce__(self):
            flags = (0, 1) if sys.version_info[0] == 2 else (False, True)
            return dtype, ("O8",) + flags, (3, "|", None, None, None, -1, -1, 63)

    class ndarray(object):
        def __init__(self, rows):
            self.rows = rows

        def __reduce__(self):
            return _reconstruct, (ndarray, (0,), b"b"), (1, (len(self.rows),), dtype(), False, self.rows)

    _reconstruct.__module__ = core
    dtype.__module__ = ndarray.__module__ = "numpy"
    for thing in (dtype, ndarray, _reconstruct):
        thing.__qualname__ = thing.__name__
    numpy.dtype, numpy.ndarray, multiarray._reconstruct = dtype, ndarray, _reconstruct
    parent = types.ModuleType(core.rsplit(".", 1)[0])
    sys.modules.update({"numpy": numpy, parent.__name__: parent, core: multiarray})
    return ndarray


def write_python2():
    import cPickle
    array = stand_ins("numpy.core.multiarray")
    write("python2.npz", lambda rows: cPickle.dumps(array(rows), 2))


def write_numpy2():
    import pickle
    array = stand_ins("numpy._core.multiarray")
    write("numpy2.npz", lambda rows: pickle.dumps(array(rows), 4))


# --- with numpy -------------------------------------------------------------------------------------------------------

def objects(numpy, rows):
    array = numpy.empty(len(rows), dtype=object)
    array[:] = rows
    return array


def write_expected(numpy, seed, num_words, skip_top):
    """The steps of Keras' imdb.load_data: one generator orders both parts, then start, offset and limits."""
    random = numpy.random.RandomState(seed)
    with open(os.path.join(FOLDER, "keras_%d.txt" % seed), "w") as out:
        for part in ("train", "test"):
            reviews, labels = parts()[part]
            order = numpy.arange(len(reviews))
            random.shuffle(order)
            for i in order:
                indices = [1] + [rank + 3 for rank in reviews[i]]
                kept = [index if skip_top <= index < num_words else 2 for index in indices]
                out.write(" ".join(map(str, [labels[i], len(kept)] + kept)) + "\n")


def write_permutations(numpy):
    """Orders one after the other from one seed: of short ones all, of long ones the ends and a sum."""
    with open(os.path.join(FOLDER, "permutations.txt"), "w") as out:
        for seed in (0, 1, 113, 2**31, 2**32 - 1):
            random = numpy.random.RandomState(seed)
            for count in (1, 2, 3, 16, 17, 623, 625, 25000, 25000):
                order = numpy.arange(count)
                random.shuffle(order)
                order = order.tolist()
                shown = order if count < 20 else order[:8] + order[-8:]
                total = sum((k + 1) * value for k, value in enumerate(order))
                out.write(" ".join(map(str, [seed, count, total, len(shown)] + shown)) + "\n")


def write_with_numpy():
    import pickle
    import numpy
    for protocol in (2, 4, 5):
        write("protocol%d.npz" % protocol, lambda rows: pickle.dumps(objects(numpy, rows), protocol))
    arrays = {}
    for part, (reviews, labels) in parts().items():
        arrays["x_" + part], arrays["y_" + part] = objects(numpy, reviews), numpy.array(labels, dtype="<i8")
    numpy.savez(os.path.join(FOLDER, "protocol3.npz"), **arrays)
    # More rows than the pickler writes at a time, packed as Keras' file is.
    rows = [[i % 90 + 1] * (i % 3) for i in range(2001)]
    labels = numpy.arange(2001) % 2
    numpy.savez_compressed(os.path.join(FOLDER, "rows.npz"), x_train=objects(numpy, rows), y_train=labels,
                           x_test=objects(numpy, rows[:1]), y_test=labels[:1])
    write_expected(numpy, 113, 10000, 0)
    write_expected(numpy, 7, 100, 5)
    write_permutations(numpy)


if __name__ == "__main__":
    {"numpy": write_with_numpy, "python2": write_python2, "numpy2": write_numpy2}[sys.argv[1]]()
