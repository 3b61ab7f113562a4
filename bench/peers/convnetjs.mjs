// ConvNetJS: one image at a time, in Float64. With Adadelta, as its own MNIST demonstration: its Adam multiplies by the
// bias correction where it should divide.
import convnetjs from 'convnetjs'
import { contest, model, version } from './contest.mjs'

const { Net, Trainer, Vol } = convnetjs
const input = { type: 'input', out_sx: 28, out_sy: 28, out_depth: 1 }
const output = { type: 'softmax', num_classes: 10 }
const hidden = { type: 'fc', num_neurons: 128, activation: 'relu' }
const models = {
  deepnet1: [input, output],
  deepnet2: [input, hidden, output],
  convnet: [
    input,
    { type: 'conv', sx: 3, filters: 32, stride: 1, pad: 0, activation: 'relu' },
    { type: 'conv', sx: 3, filters: 64, stride: 1, pad: 0, activation: 'relu' },
    { type: 'pool', sx: 2, stride: 2 },
    hidden,
    output,
  ],
}
const network = new Net()
network.makeLayers(models[model])
const trainer = new Trainer(network, { method: 'adadelta', batch_size: 128, l2_decay: 0 })

function* images({ pixels, labels }) {
  for (let i = 0; i < labels.length; i++) {
    const image = new Vol(28, 28, 1, 0)
    image.w.set(pixels.subarray(i * 784, (i + 1) * 784))
    yield [image, labels[i]]
  }
}

await contest({
  ran: `${version('convnetjs')}, adadelta`,
  step(batch) {
    for (const [image, label] of images(batch)) trainer.train(image, label)
  },
  infer(batch) {
    for (const [image] of images(batch)) network.forward(image)
  },
})
