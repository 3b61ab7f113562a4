// JS-PyTorch, whose tensors are nested arrays.
import { torch } from 'js-pytorch'
import { cannot, contest, model, version } from './contest.mjs'

if (model === 'convnet') cannot('no convolution')
const { nn, optim } = torch

class Network extends nn.Module {
  constructor() {
    super()
    if (model === 'deepnet2') {
      this.hidden = new nn.Linear(784, 128)
      this.relu = new nn.ReLU()
    }
    this.output = new nn.Linear(model === 'deepnet2' ? 128 : 784, 10)
  }
  forward(x) {
    return this.output.forward(this.hidden ? this.relu.forward(this.hidden.forward(x)) : x)
  }
}

const network = new Network()
const optimizer = new optim.Adam(network.parameters(), 0.001, 0)
const loss = new nn.CrossEntropyLoss()
const images = ({ pixels, labels }) =>
  torch.tensor(Array.from(labels, (_, i) => Array.from(pixels.subarray(i * 784, (i + 1) * 784))))

await contest({
  ran: version('js-pytorch'),
  step(batch) {
    loss.forward(network.forward(images(batch)), torch.tensor(Array.from(batch.labels))).backward()
    optimizer.step()
    optimizer.zero_grad()
  },
  infer: batch => network.forward(images(batch)),
})
