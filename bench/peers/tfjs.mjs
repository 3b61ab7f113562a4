// TensorFlow.js: its layers, Adam and loss. tfjs-cpu.mjs and tfjs-wasm.mjs choose the backend.
import * as tf from '@tensorflow/tfjs'
import { cannot, contest, model } from './contest.mjs'

const { dense, flatten, conv2d, maxPooling2d } = tf.layers
const models = {
  deepnet1: () => [dense({ units: 10, inputShape: [784] })],
  deepnet2: () => [dense({ units: 128, activation: 'relu', inputShape: [784] }), dense({ units: 10 })],
  convnet: () => [
    conv2d({ filters: 32, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
    conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
    maxPooling2d({ poolSize: 2 }),
    flatten(),
    dense({ units: 128, activation: 'relu' }),
    dense({ units: 10 }),
  ],
}

export async function run(backend) {
  if (!(await tf.setBackend(backend))) cannot(`backend ${backend} does not start`)
  if (model === 'convnet' && !tf.getKernel('Conv2DBackpropFilter', backend)) cannot('no Conv2DBackpropFilter')
  const network = tf.sequential({ layers: models[model]() })
  const loss = (labels, logits) => tf.losses.softmaxCrossEntropy(labels, logits)
  network.compile({ optimizer: tf.train.adam(0.001), loss })
  const shape = model === 'convnet' ? [28, 28, 1] : [784]
  const images = ({ pixels, labels }) => tf.tensor(pixels, [labels.length, ...shape])

  await contest({
    ran: `tfjs ${tf.version.tfjs}, ${tf.getBackend()}`,
    async step(batch) {
      const x = images(batch)
      const y = tf.tidy(() => tf.oneHot(tf.tensor1d(batch.labels, 'int32'), 10).toFloat())
      await network.trainOnBatch(x, y)
      tf.dispose([x, y])
    },
    async infer(batch) {
      const y = tf.tidy(() => tf.softmax(network.predict(images(batch))))
      await y.data()
      y.dispose()
    },
  })
}
