"""JAX with optax, in two forms: a step is one compiled program (--form step), or a whole epoch is (--form epoch)."""

import os
from functools import partial

from contest import BATCH, TEST_BATCH, contest, examples, glorot, in_steps, options, parse, parser, timed

parser.add_argument("--form", choices=["step", "epoch"], default="step")
parse()
if options.threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
if hasattr(os, "sched_setaffinity"):  # XLA takes as many threads as it may use processors
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

rng = np.random.default_rng(0)
(X, Y), (T, _) = examples("train"), examples("t10k")
Z = jnp.zeros
model = options.model
if model == "deepnet1":
    weights = [glorot(rng, 784, 10), Z(10)]
elif model == "deepnet2":
    weights = [glorot(rng, 784, 128), Z(128), glorot(rng, 128, 10), Z(10)]
else:
    weights = [glorot(rng, 3, 3, 1, 32), Z(32), glorot(rng, 3, 3, 32, 64), Z(64)]
    weights += [glorot(rng, 9216, 128), Z(128), glorot(rng, 128, 10), Z(10)]
weights = [jnp.asarray(w) for w in weights]


def convolve(x, w):
    return lax.conv_general_dilated(x, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def forward(w, x):
    if model == "convnet":
        x = jax.nn.relu(convolve(x, w[0]) + w[1])
        x = jax.nn.relu(convolve(x, w[2]) + w[3])
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        w = w[4:]
    x = x.reshape(len(x), -1) @ w[0] + w[1]
    return x if model == "deepnet1" else jax.nn.relu(x) @ w[2] + w[3]


optimizer = optax.adam(1e-3, eps=1e-7)
state = optimizer.init(weights)
loss = lambda w, x, y: optax.softmax_cross_entropy_with_integer_labels(forward(w, x), y).mean()


def update(w, s, x, y):
    value, gradients = jax.value_and_grad(loss)(w, x, y)
    updates, s = optimizer.update(gradients, s, w)
    return optax.apply_updates(w, updates), s, value


step = jax.jit(update, donate_argnums=(0, 1))
predict = jax.jit(lambda w, x: forward(w, x).argmax(1))
value = None


def one(batch):
    global weights, state, value
    weights, state, value = step(weights, state, X[batch], Y[batch])


def infer():
    for i in range(0, len(T), TEST_BATCH):
        predict(weights, T[i : i + TEST_BATCH]).block_until_ready()


train = lambda: in_steps(rng.permutation(len(X)), one, lambda: value.block_until_ready())
if options.form == "step":
    one(np.arange(BATCH))
else:
    images, labels = jnp.asarray(X), jnp.asarray(Y)

    @partial(jax.jit, donate_argnums=(0, 1))
    def epoch(w, s, batches):
        def body(carry, batch):
            w, s, value = update(*carry, images[batch], labels[batch])
            return (w, s), value

        (w, s), losses = lax.scan(body, (w, s), batches)
        return w, s, losses

    def scan(count):
        global weights, state
        batches = jnp.asarray(rng.permutation(len(X))[: count * BATCH].reshape(count, BATCH))
        weights, state, losses = epoch(weights, state, batches)
        losses.block_until_ready()

    # All whole batches, or as many as the limit allows: a program cannot be stopped halfway. It is compiled for their number.
    count = len(X) // BATCH
    scan(2)
    seconds = timed(lambda: scan(2)) / 2
    if seconds * count > options.limit:
        count = max(2, int(options.limit / seconds))
    scan(count)

    def train():
        share = 1 if count == len(X) // BATCH else count * BATCH / len(X)
        return timed(lambda: scan(count)) * len(X) / (count * BATCH), share


# The two forms infer alike.
contest(f"JAX {jax.__version__}, a compiled {options.form}", train, infer if options.form == "step" else None)
