"""PyTorch: batch after batch, as its users write it; inference in the memory format that is faster. With --save, what the
command line's `train` does: epochs, then the weights are written to a file; with --test too, the accuracy is said afterwards."""

import json
import math
import sys

import torch
from torch import nn

from contest import BATCH, TEST_BATCH, contest, examples, in_steps, parse, parser, timed

parser.add_argument("--save")
parser.add_argument("--test", action="store_true")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--lr", type=float, default=0.001)
parser.add_argument("--schedule", choices=["constant", "onecycle"], default="constant")
options = parse()
torch.set_num_threads(options.threads)
torch.manual_seed(options.seed)

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
network = models[options.model]()
for layer in network:
    if hasattr(layer, "weight"):  # Keras's initial weights, which are ours too
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
optimizer = torch.optim.Adam(network.parameters(), lr=options.lr, eps=1e-7)
loss = nn.CrossEntropyLoss()


def tensors(name):
    pixels, labels = examples(name)
    return torch.from_numpy(pixels).reshape(-1, 1, 28, 28), torch.from_numpy(labels).long()


images, labels = tensors("train")


def blend(start, end, part):
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * part))


def onecycle(progress):
    """As in engine/optim/schedule.ts."""
    return blend(1 / 25, 1, progress / 0.3) if progress < 0.3 else blend(1, 1 / 25e4, (progress - 0.3) / 0.7)


steps = 0


def step(batch):
    global steps
    if options.schedule == "onecycle":
        progress = steps / (options.epochs * math.ceil(len(images) / BATCH))
        optimizer.param_groups[0]["lr"] = options.lr * onecycle(progress)
    steps += 1
    optimizer.zero_grad(set_to_none=True)
    loss(network(images[batch]), labels[batch]).backward()
    optimizer.step()


train = lambda: in_steps(torch.randperm(len(images)), step)

if options.save:
    for _ in range(options.epochs):
        train()
    torch.save(network.state_dict(), options.save)
    ran = f"PyTorch {torch.__version__}"
    print(json.dumps({"ran": ran, "saved": options.save}), flush=True)
    if options.test:
        test, expected = tensors("t10k")
        with torch.inference_mode():
            right = sum((network(x).argmax(1) == y).sum().item() for x, y in zip(test.split(500), expected.split(500)))
        print(json.dumps({"ran": ran, "accuracy": right / len(test)}))
    sys.exit()

step(torch.arange(128))
test = tensors("t10k")[0]
formats = [torch.contiguous_format] + ([torch.channels_last] if options.model == "convnet" else [])


def infer(memory_format):
    with torch.inference_mode():
        for batch in test.split(TEST_BATCH):
            network(batch.contiguous(memory_format=memory_format)).argmax(1)


def fastest():
    """The memory format in which the network infers faster; the weights are put into it."""
    seconds = {}
    for memory_format in formats:
        network.to(memory_format=memory_format)
        infer(memory_format)
        seconds[memory_format] = timed(lambda: infer(memory_format))
    best = min(seconds, key=seconds.get)
    network.to(memory_format=best)
    return best


best = []
contest(f"PyTorch {torch.__version__}", train, lambda: infer(best[0] if best else best.append(fastest()) or best[0]))
