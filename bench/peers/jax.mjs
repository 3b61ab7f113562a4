// jax-js, the whole step compiled by its jit; jax-js.mjs and jax-js-webgpu.mjs choose the device. An array is used up by the function
// that it is passed to; `.ref` keeps it for one more use.
import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax'
import { cannot, contest, model, version } from './contest.mjs'

const shapes = {
  deepnet1: { w1: [784, 10], b1: [10] },
  deepnet2: { w1: [784, 128], b1: [128], w2: [128, 10], b2: [10] },
  convnet: {
    k1: [32, 1, 3, 3],
    c1: [32, 1, 1],
    k2: [64, 32, 3, 3],
    c2: [64, 1, 1],
    w1: [9216, 128],
    b1: [128],
    w2: [128, 10],
    b2: [10],
  },
}[model]

/** Weights of about the right size: values do not change the time. */
const weights = shape => {
  const length = shape.reduce((a, b) => a * b)
  const limit = shape.length > 1 && length > 64 ? 0.05 : 0
  return np.array(Float32Array.from({ length }, (_, i) => limit * Math.sin(i * 12.9898))).reshape(shape)
}
const parametersOf = make => Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, make(shape)]))

function forward({ k1, c1, k2, c2, w1, b1, w2, b2 }, x) {
  if (k1) {
    x = nn.relu(lax.conv(x, k1, [1, 1], 'VALID').add(c1))
    x = nn.relu(lax.conv(x, k2, [1, 1], 'VALID').add(c2))
    x = lax.reduceWindow(x, window => np.max(window), [2, 2], [2, 2]).reshape([-1, 9216])
  }
  x = np.matmul(x, w1).add(b1)
  return w2 ? np.matmul(nn.relu(x), w2).add(b2) : x
}

const loss = (w, x, y) =>
  nn
    .logSoftmax(forward(w, x))
    .mul(y)
    .sum()
    .mul(-1 / 128)

const step = jit((w, m, v, rate, x, y) => {
  const [value, dw] = valueAndGrad(loss)(tree.ref(w), x, y)
  for (const name of Object.keys(shapes)) {
    const g = dw[name]
    m[name] = m[name].mul(0.9).add(g.ref.mul(0.1))
    v[name] = v[name].mul(0.999).add(g.ref.mul(g).mul(0.001))
    w[name] = w[name].sub(m[name].ref.mul(rate.ref).div(np.sqrt(v[name].ref).add(1e-7)))
  }
  rate.dispose()
  return [value, w, m, v]
})
const predict = jit((w, x) => nn.softmax(forward(w, x)))

const images = ({ pixels, labels }) =>
  np.array(pixels).reshape(model === 'convnet' ? [labels.length, 1, 28, 28] : [labels.length, 784])
const oneHot = ({ labels }) =>
  np.array(Float32Array.from({ length: labels.length * 10 }, (_, i) => (labels[Math.floor(i / 10)] === i % 10 ? 1 : 0)))

export async function run(device) {
  if (!(await init(device)).includes(device)) cannot(`${device} does not start`)
  defaultDevice(device)
  let w = parametersOf(weights)
  let m = parametersOf(shape => np.zeros(shape))
  let v = parametersOf(shape => np.zeros(shape))
  let t = 0
  await contest({
    ran: `${version('@jax-js/jax')}, ${defaultDevice()}`,
    async step(batch) {
      t++
      const rate = np.array([(0.001 * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t)])
      let value
      ;[value, w, m, v] = step(w, m, v, rate, images(batch), oneHot(batch).reshape([batch.labels.length, 10]))
      await value.data()
    },
    infer: batch => predict(tree.ref(w), images(batch)).data(),
  })
}
