"""Keras on TensorFlow: `fit`, as its users write it; inference by a tf.function, which is faster than `predict`."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import tensorflow as tf

from contest import BATCH, TEST_BATCH, contest, examples, parse, timed

options = parse()
tf.config.threading.set_intra_op_parallelism_threads(options.threads)
tf.config.threading.set_inter_op_parallelism_threads(options.threads)
keras.utils.set_random_seed(0)

L = keras.layers
layers = {
    "deepnet1": [L.Flatten(), L.Dense(10)],
    "deepnet2": [L.Flatten(), L.Dense(128, activation="relu"), L.Dense(10)],
    "convnet": [
        L.Conv2D(32, 3, activation="relu"),
        L.Conv2D(64, 3, activation="relu"),
        L.MaxPooling2D(2),
        L.Flatten(),
        L.Dense(128, activation="relu"),
        L.Dense(10),
    ],
}[options.model]
network = keras.Sequential([keras.Input((28, 28, 1)), *layers])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
network.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, metrics=["accuracy"])

(images, labels), (test, _) = examples("train"), examples("t10k")


def fit(count):
    network.fit(images[:count], labels[:count], batch_size=BATCH, verbose=0)


fit(10 * BATCH)
count = len(images)
seconds = timed(lambda: fit(10 * BATCH)) / (10 * BATCH)  # an image
if seconds * count > options.limit:
    count = max(4 * BATCH, int(options.limit / seconds))
forward = tf.function(lambda x: tf.argmax(network(x, training=False), 1))


def infer():
    for i in range(0, len(test), TEST_BATCH):
        forward(tf.constant(test[i : i + TEST_BATCH])).numpy()


def train():
    return timed(lambda: fit(count)) * len(images) / count, count / len(images)


contest(f"Keras {keras.__version__}, TensorFlow {tf.__version__}", train, infer)
