// brain.js: a step for each example instead of each batch, sigmoid outputs and a squared error; Adam is its "praxis".
import { NeuralNetwork } from 'brain.js'
import { cannot, contest, model, version } from './contest.mjs'

if (model === 'convnet') cannot('no convolution in its trainable networks')
const hiddenLayers = { deepnet1: [], deepnet2: [128] }[model]
const network = new NeuralNetwork({ inputSize: 784, outputSize: 10, hiddenLayers, praxis: 'adam' })

const rows = ({ pixels, labels }) =>
  Array.from(labels, (label, i) => ({
    input: pixels.subarray(i * 784, (i + 1) * 784),
    output: Float32Array.from({ length: 10 }, (_, digit) => (digit === label ? 1 : 0)),
  }))

await contest({
  ran: version('brain.js'),
  step: batch => network.train(rows(batch), { iterations: 1, learningRate: 0.001, errorThresh: Number.MIN_VALUE }),
  infer(batch) {
    for (const { input } of rows(batch)) network.run(input)
  },
})
