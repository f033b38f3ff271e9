"""The limit: many MLPs trained side by side in JAX, written by hand with ``vmap`` and ``scan``.

``python -m tests.benchmarks.jax_limit`` prints milliseconds per model-step of Adam and of SGD.

Dense, ReLU, dropout, Dense, cross-entropy; learning rate and dropout rate are data of each model.
Keras' initialisers, Keras' Adam, and batches in another order in each epoch.
"""

import math
import time
from functools import partial

import numpy as np

from tests.benchmarks.tasks import BATCH_SIZE

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
UNITS, DROPOUT = 64, 0.2


def _glorot(rng, n_models, n_in, n_out):
    limit = math.sqrt(6 / (n_in + n_out))
    return rng.uniform(-limit, limit, (n_models, n_in, n_out)).astype("float32")


def initial(rng, n_models, n_in, n_out, units):
    """Weights of all models, stacked along the first axis."""
    return [
        _glorot(rng, n_models, n_in, units),
        np.zeros((n_models, units), "float32"),
        _glorot(rng, n_models, units, n_out),
        np.zeros((n_models, n_out), "float32"),
    ]


def loss(weights, X, y, in_batch, kept):
    """Mean cross-entropy of one model on one batch; ``kept`` scales its hidden units."""
    import jax

    first, first_bias, last, last_bias = weights
    hidden = jax.nn.relu(X @ first + first_bias) * kept
    log_p = jax.nn.log_softmax(hidden @ last + last_bias)
    losses = -log_p[np.arange(len(y)), y]
    return (losses * in_batch).sum() / in_batch.sum()


def adam(weights, gradient, state, rate, n_steps):
    import jax
    import jax.numpy as jnp

    means, squares = state
    means = jax.tree.map(lambda m, g: m + (g - m) * (1 - BETA_1), means, gradient)
    squares = jax.tree.map(lambda s, g: s + (g * g - s) * (1 - BETA_2), squares, gradient)
    rate = rate * jnp.sqrt(1 - BETA_2**n_steps) / (1 - BETA_1**n_steps)
    moved = jax.tree.map(
        lambda w, m, s: w - rate * m / (jnp.sqrt(s) + EPSILON), weights, means, squares
    )
    return moved, (means, squares)


def sgd(weights, gradient, state, rate, n_steps):
    import jax

    return jax.tree.map(lambda w, g: w - rate * g, weights, gradient), state


def trainer(update):
    """A compiled function that trains all models for one epoch."""
    import jax
    import jax.numpy as jnp

    def step(carry, batch, X, y, rates, dropout):
        weights, state, key, n_steps = carry
        index, in_batch = batch
        key, own = jax.random.split(key)
        # One draw for the whole stack: a key for each model costs more than its matrices.
        drawn = jax.random.uniform(own, (*index.shape, weights[0].shape[-1]))
        kept = (drawn >= dropout[:, None, None]) / (1 - dropout[:, None, None])
        gradient = jax.vmap(jax.grad(loss))(weights, X[index], y[index], in_batch, kept)
        moved, state = jax.vmap(update, (0, 0, 0, 0, None))(
            weights, gradient, state, rates, n_steps + 1.0
        )
        return (moved, state, key, n_steps + 1.0), None

    @partial(jax.jit, donate_argnums=0)
    def epoch(carry, batches, X, y, rates, dropout):
        one = partial(step, X=X, y=y, rates=rates, dropout=dropout)
        return jax.lax.scan(one, carry, batches)[0]

    def start(weights, seed):
        weights = [jnp.asarray(each) for each in weights]
        zeros = [jnp.zeros_like(each) for each in weights]
        state = (zeros, [jnp.zeros_like(each) for each in weights])
        return weights, state, jax.random.key(seed, impl="rbg"), jnp.float32(0)

    return start, epoch


def batches_of(rng, rows):
    """Row numbers and whether they count, shape (n_steps, n_models, batch size).

    Each model's rows are shuffled; the last batch is filled up with rows that do not count.
    """
    n_steps = {math.ceil(len(each) / BATCH_SIZE) for each in rows}
    if len(n_steps) > 1:
        raise ValueError(f"steps per epoch differ: {sorted(n_steps)}; equal ones are accepted")
    index = np.zeros((len(rows), n_steps.pop() * BATCH_SIZE), "int32")
    in_batch = np.zeros(index.shape, "float32")
    for model, each in enumerate(rows):
        index[model, : len(each)] = rng.permutation(each)
        in_batch[model, : len(each)] = 1
    return tuple(
        each.reshape(len(rows), -1, BATCH_SIZE).swapaxes(0, 1) for each in (index, in_batch)
    )


def search(task, X, y, splits, seed, update=adam):
    """All candidates and folds of a task at once: accuracies and updates."""
    import jax.numpy as jnp

    models = [(each, train) for each in task.candidates for train, _ in splits]
    rows = [train for _, train in models]
    rates, dropout = (
        jnp.array([each.get(name, default) for each, _ in models], "float32")
        for name, default in (("learning_rate", None), ("dropout", DROPOUT))
    )
    rng = np.random.default_rng(seed)
    units = task.candidates[0].get("units", UNITS)
    start, epoch = trainer(update)
    carry = start(initial(rng, len(models), X.shape[1], int(y.max()) + 1, units), seed)
    on_device = jnp.asarray(X), jnp.asarray(y)
    for _ in range(task.epochs):
        carry = epoch(carry, batches_of(rng, rows), *on_device, rates, dropout)
    accuracies = _accuracies([np.asarray(each) for each in carry[0]], X, y, splits)
    shape = len(task.candidates), len(splits)
    return accuracies.reshape(shape), np.full(shape, float(carry[3]))


def _accuracies(weights, X, y, splits):
    found = []
    for model, own in enumerate(zip(*weights, strict=True)):
        first, first_bias, last, last_bias = own
        test = splits[model % len(splits)][1]
        hidden = np.maximum(X[test] @ first + first_bias, 0)
        found.append(np.mean((hidden @ last + last_bias).argmax(axis=1) == y[test]))
    return np.array(found)


def milliseconds(update, n_models, n_epochs=20, n_repeats=5):
    """Least time per model-step, compilation apart, on rows of the digits' shape."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    X, y = jnp.asarray(rng.normal(size=(1198, 64)), "float32"), rng.integers(0, 10, 1198)
    start, epoch = trainer(update)
    carry = start(initial(rng, n_models, 64, 10, UNITS), 0)
    batches = batches_of(rng, [np.arange(1198)] * n_models)
    rates, dropout = jnp.full(n_models, 0.001), jnp.full(n_models, DROPOUT)
    rest = batches, X, jnp.asarray(y), rates, dropout
    carry = jax.block_until_ready(epoch(carry, *rest))
    times = []
    for _ in range(n_repeats):
        before = time.perf_counter()
        for _ in range(n_epochs):
            carry = epoch(carry, *rest)
        jax.block_until_ready(carry)
        times.append(time.perf_counter() - before)
    return 1000 * min(times) / (n_epochs * len(batches[0]) * n_models)


def main():
    print("ms per model-step, batch of 32, 64-64-10 units, dropout")
    print("models  Adam    SGD")
    for n_models in (1, 3, 18, 180):
        found = [milliseconds(update, n_models) for update in (adam, sgd)]
        print(f"{n_models:6}  {found[0]:.4f}  {found[1]:.4f}", flush=True)


if __name__ == "__main__":
    main()
