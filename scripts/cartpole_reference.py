#!/usr/bin/env python3
"""Writes tests/data/cartpole_reference.txt: CartPole episodes computed from the formulas alone, with numpy's generator
and Python's sine and cosine, to hold libenv against. Run it from the root of the project; it needs numpy.

Each block is 1,000 steps over successive episodes of one environment:
    run <name> seed <seed> limit <steps>
    reset <x> <x_dot> <theta> <theta_dot>
    step <action> <terminated> <truncated> <x> <x_dot> <theta> <theta_dot>
with the numbers as hexadecimal floats.
"""
import math

import numpy

GRAVITY, CART, POLE, HALF_LENGTH, FORCE, TAU = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
TOTAL = POLE + CART
STEPS = 1000


def step(state, action):
    x, x_dot, theta, theta_dot = state
    force = FORCE if action else -FORCE
    sine, cosine = math.sin(theta), math.cos(theta)
    temp = (force + POLE * HALF_LENGTH * (theta_dot * theta_dot) * sine) / TOTAL
    theta_acc = (GRAVITY * sine - cosine * temp) / (HALF_LENGTH * (4.0 / 3.0 - POLE * (cosine * cosine) / TOTAL))
    x_acc = temp - POLE * HALF_LENGTH * theta_acc * cosine / TOTAL
    return x + TAU * x_dot, x_dot + TAU * x_acc, theta + TAU * theta_dot, theta_dot + TAU * theta_acc


def run(name, seed, limit, policy):
    generator = numpy.random.Generator(numpy.random.PCG64(numpy.random.SeedSequence(seed)))

    def reset():
        start = tuple(float(value) for value in generator.uniform(-0.05, 0.05, 4))
        print("reset", *(value.hex() for value in start), file=out)
        return start

    print("run", name, "seed", seed, "limit", limit, file=out)
    state, taken = reset(), 0
    for number in range(STEPS):
        action = policy(number, state)
        state = step(state, action)
        taken += 1
        terminated = abs(state[0]) > 2.4 or abs(state[2]) > 12 * 2 * math.pi / 360
        truncated = taken >= limit
        print("step", action, int(terminated), int(truncated), *(value.hex() for value in state), file=out)
        if terminated or truncated:
            state, taken = reset(), 0


def random_policy(seed):
    draws = numpy.random.default_rng(seed).integers(0, 2, STEPS)
    return lambda number, state: int(draws[number])


def balance(number, state):
    x, x_dot, theta, theta_dot = state
    return int(theta + 0.5 * theta_dot + 0.02 * x_dot + 0.01 * x > 0)


with open("tests/data/cartpole_reference.txt", "w", encoding="ascii") as out:
    run("random", 123, 500, random_policy(7))
    run("alternate", 2**40 + 5, 500, lambda number, state: number % 2)
    run("lean", 0, 500, lambda number, state: int(state[2] > 0))
    run("balance_v0", 1, 200, balance)
    run("balance_v1", 42, 500, balance)
