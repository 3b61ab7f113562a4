"""onnxruntime, for inference: the network's graph with random weights, which do not change the time."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from contest import TEST_BATCH, contest, examples, parse

options = parse()
rng = np.random.default_rng(0)
nodes, weights = [], []


def add(kind, *shapes, **attributes):
    """A node that takes the last one's result, and weights of these shapes."""
    i = len(nodes)
    names = [f"w{i}.{j}" for j in range(len(shapes))]
    weights.extend(
        numpy_helper.from_array(rng.normal(0, 0.05, shape).astype(np.float32), name) for name, shape in zip(names, shapes)
    )
    nodes.append(helper.make_node(kind, [f"x{i}", *names], [f"x{i + 1}"], **attributes))


if options.model == "convnet":
    add("Conv", (32, 1, 3, 3), (32,))
    add("Relu")
    add("Conv", (64, 32, 3, 3), (64,))
    add("Relu")
    add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
add("Flatten")
size = {"deepnet1": 10}.get(options.model, 128)
add("Gemm", (9216 if options.model == "convnet" else 784, size), (size,))
if options.model != "deepnet1":
    add("Relu")
    add("Gemm", (128, 10), (10,))
graph = helper.make_graph(
    nodes,
    options.model,
    [helper.make_tensor_value_info("x0", TensorProto.FLOAT, ["n", 1, 28, 28])],
    [helper.make_tensor_value_info(f"x{len(nodes)}", TensorProto.FLOAT, ["n", 10])],
    weights,
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
onnx.checker.check_model(model)

settings = onnxruntime.SessionOptions()
settings.intra_op_num_threads = options.threads
session = onnxruntime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
test = examples("t10k")[0].reshape(-1, 1, 28, 28)


def infer():
    for i in range(0, len(test), TEST_BATCH):
        session.run(None, {"x0": test[i : i + TEST_BATCH]})[0].argmax(1)


contest(f"onnxruntime {onnxruntime.__version__}", None, infer)
