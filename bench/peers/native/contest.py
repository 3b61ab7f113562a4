"""What the engines in Python share: the data, the clock, and the line of JSON that bench/rounds.ts reads. The work is that of
bench/trained.ts: epochs of 60,000 shuffled examples in batches of 128 with Adam, then 10,000 in batches of 500."""

import argparse
import json
import resource
import statistics
import time

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--data", required=True)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--limit", type=float, default=float("inf"))
parser.add_argument("--repeat", type=int, default=5)

BATCH = 128
TEST_BATCH = 500

options = argparse.Namespace()


def parse():
    """Reads the command line: every module of an engine calls this first, and may add arguments before."""
    parser.parse_args(namespace=options)
    return options


def examples(name):
    """Pixels [n,28,28,1] from 0 to 1 and labels [n]: the IDX headers are 16 and 8 bytes long."""
    pixels = np.fromfile(f"{options.data}/{name}-images-idx3-ubyte", np.uint8, offset=16)
    labels = np.fromfile(f"{options.data}/{name}-labels-idx1-ubyte", np.uint8, offset=8)
    return pixels.reshape(-1, 28, 28, 1).astype(np.float32) / 255, labels.astype(np.int32)


def glorot(rng, *shape):
    """Glorot uniform, as Keras has it: filters are [kh,kw,ci,co]."""
    taps = int(np.prod(shape[:-2]))
    limit = (6 / (taps * (shape[-2] + shape[-1]))) ** 0.5
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def timed(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def in_steps(order, step, finish=lambda: None):
    """An epoch, batch after batch, until the limit: how long all would take, and the share that was done."""
    start = time.perf_counter()
    done = 0
    while done < len(order) and (done == 0 or time.perf_counter() - start < options.limit):
        step(order[done : done + BATCH])
        done = min(done + BATCH, len(order))
    finish()
    share = done / len(order)
    return (time.perf_counter() - start) / share, share


def contest(ran, train=None, infer=None):
    """train() is an epoch and returns (seconds, share); infer() reads the test set. Both have been warmed up once."""
    outcome = {"ran": ran, "share": 1}
    if train:
        epochs = [train()]
        while len(epochs) < options.epochs and epochs[-1][1] == 1:
            epochs.append(train())
        seconds = [seconds for seconds, _ in epochs]
        outcome["secondsPerEpoch"] = statistics.median(seconds)
        outcome["share"] = min(share for _, share in epochs)
    if infer:
        infer()
        outcome["inferenceSeconds"] = statistics.median(timed(infer) for _ in range(options.repeat))
    outcome["peakMemory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(outcome))
