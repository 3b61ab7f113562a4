"""PyTorch. The same work and the same line of JSON as the peers in JavaScript (contest.mjs); with --save, what the command
line's `train` does: one epoch, then the weights are written to a file."""

import argparse
import json
import resource
import statistics
import sys
import time

sys.path = [path for path in sys.path if not path.endswith("bench/peers")]  # this file is called torch too
import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--data", required=True)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--limit", type=float, default=float("inf"))
parser.add_argument("--save")
options = parser.parse_args()

torch.set_num_threads(options.threads)
torch.manual_seed(0)

models = {
    "deepnet1": lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)),
    "deepnet2": lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)),
    "convnet": lambda: nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    ),
}


def examples(name):
    """Pixels [n,1,28,28] from 0 to 1 and labels [n]: the IDX headers are 16 and 8 bytes long."""
    pixels = np.fromfile(f"{options.data}/{name}-images-idx3-ubyte", np.uint8, offset=16)
    labels = np.fromfile(f"{options.data}/{name}-labels-idx1-ubyte", np.uint8, offset=8)
    images = pixels.reshape(-1, 1, 28, 28).astype(np.float32) / 255
    return torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64))


network = models[options.model]()
optimizer = torch.optim.Adam(network.parameters(), lr=0.001, eps=1e-7)
loss = nn.CrossEntropyLoss()
images, labels = examples("train")


def train_epoch(limit):
    start = time.perf_counter()
    batches = torch.randperm(len(images)).split(128)
    for done, batch in enumerate(batches, 1):
        optimizer.zero_grad(set_to_none=True)
        loss(network(images[batch]), labels[batch]).backward()
        optimizer.step()
        if time.perf_counter() - start > limit:
            break
    share = done / len(batches)
    return (time.perf_counter() - start) / share, share


def inference(batches):
    start = time.perf_counter()
    with torch.no_grad():
        for batch in batches:
            torch.softmax(network(batch), 1)
    return time.perf_counter() - start


if options.save:
    train_epoch(float("inf"))
    torch.save(network.state_dict(), options.save)
    sys.exit()

train_epoch(min(1, options.limit))  # warm-up
start = time.perf_counter()
epochs = []
while len(epochs) < options.epochs or time.perf_counter() - start < 1:  # as in bench/ours.ts
    epochs.append(train_epoch(options.limit))
test = examples("t10k")[0].split(100)
inference(test[:1])  # warm-up
print(
    json.dumps(
        {
            "ran": f"PyTorch {torch.__version__}",
            "secondsPerEpoch": statistics.median(seconds for seconds, _ in epochs),
            "inferenceSeconds": inference(test),
            "share": min(share for _, share in epochs),
            "peakMemory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
    )
)
