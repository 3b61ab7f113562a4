// What a tensor promises about memory and gradients: scope, noGrad, free, record and backward.
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import {
  backward,
  conv2d,
  cpu,
  dense,
  flatten,
  noGrad,
  ops,
  parameter as parameterOf,
  relu,
  scope,
  sequential,
  tensor,
} from '../engine/index.js'
import { type Backend, type Tensor } from '../engine/index.js'
import { uniform } from './support/numbers.js'

let backend: Backend
beforeEach(() => {
  backend = cpu()
})

const make = (shape: number[], name = 'x') =>
  tensor(
    backend,
    uniform(
      shape.reduce((a, b) => a * b, 1),
      name,
    ),
    shape,
  )
const parameter = (shape: number[], name = 'w') => Object.assign(make(shape, name), { requiresGrad: true })

describe('a tensor', () => {
  it('says in a word what it is, and not its numbers', () => {
    const [x, w] = [make([2, 3]), parameterOf(backend, new Float32Array(12), [3, 4])]
    assert.equal(inspect(x), 'tensor [2,3] on cpu')
    assert.equal(inspect(w), 'parameter [3,4] on cpu')
    const y = ops.relu(ops.matmul(x, w))
    assert.equal(String(y), 'relu [2,4] on cpu')
    y.free()
    assert.equal(inspect(y), 'relu [2,4] on cpu, freed')
  })
  it('that is a parameter requires a gradient, and outlives the scope it was made in', async () => {
    const w = scope(() => {
      const w = parameterOf(backend, Float32Array.of(3, 4), [2])
      return { w, n: backward(ops.mul(w, w), make([2])).size }
    })
    assert.deepEqual([w.n, w.w.requiresGrad, backend.live], [1, true, 1])
    assert.deepEqual([...(await w.w.download())], [3, 4])
    assert.throws(() => parameterOf(backend, new Float32Array(3), [2]), { key: 'engine.data' })
  })
})

describe('scope', () => {
  it('frees all but its result', () => {
    const y = scope(() => ops.relu(ops.add(make([3]), make([3]))))
    assert.equal(backend.live, 1)
    y.free()
    assert.equal(backend.live, 0)
  })
  it('keeps results in an array and in a record', async () => {
    const [a, b] = scope(() => [make([2]), ops.relu(make([2]))] as const)
    const { c, n } = scope(() => ({ c: ops.add(a, b), n: 7 }))
    assert.equal(backend.live, 3)
    assert.equal(n, 7)
    assert.equal((await c.download()).length, 2)
  })
  it('keeps what existed before, parameters above all', () => {
    const w = parameter([3])
    const before = make([3])
    scope(() => ops.mul(w, before)).free()
    assert.equal(backend.live, 2)
    assert.ok(w.data && before.data)
  })
  it('hands its result to the scope around it', () => {
    scope(() => {
      const inner = scope(() => ops.relu(make([3])))
      assert.equal(backend.live, 1)
      scope(() => void ops.relu(inner))
      assert.equal(backend.live, 1, 'the inner scope ended, its result belongs to the outer one')
    })
    assert.equal(backend.live, 0)
  })
  it('frees everything when fn throws', () => {
    assert.throws(() =>
      scope(() => {
        ops.relu(make([3]))
        throw new Error('stop')
      }),
    )
    assert.equal(backend.live, 0)
    scope(() => void make([1]))
    assert.equal(backend.live, 0, 'and the next scope is sound')
  })
  it('frees the gradients as well', () => {
    const w = parameter([2, 2])
    scope(() => void backward(ops.crossEntropy(ops.matmul(make([1, 2]), w), [1])))
    assert.equal(backend.live, 1)
  })
  it('tensors freed by hand inside are not freed again', () => {
    scope(() => {
      make([3]).free()
      const x = make([2, 3])
      ops.reshape(x, [6]).free()
    })
    assert.equal(backend.live, 0)
  })
  it('a result is a constant from then on: what it was made from is gone', () => {
    const w = parameter([2])
    const y = scope(() => ops.mul(w, w))
    assert.deepEqual([y.requiresGrad, y.edges.length], [false, 0])
    const v = parameter([2], 'v')
    const gradients = scope(() => [...backward(ops.mul(y, v), make([2])).keys()])
    assert.deepEqual(gradients, [v])
  })
})

describe('reshape', () => {
  it('shares the numbers', async () => {
    const x = make([2, 3])
    const y = ops.reshape(x, [3, 2])
    assert.equal(backend.live, 1)
    assert.deepEqual(await y.download(), await x.download())
    assert.deepEqual(y.shape, [3, 2])
  })
  it('of a result of scope: both live, and are freed once', () => {
    const [x, y] = scope(() => {
      const x = make([2, 3])
      return [x, ops.reshape(x, [6])] as const
    })
    assert.equal(backend.live, 1)
    y.free()
    assert.equal(backend.live, 0)
    assert.throws(() => x.data, { key: 'engine.freed' })
    x.free()
  })
  it('alone can leave a scope', async () => {
    const y = scope(() => ops.reshape(ops.relu(make([2, 3])), [6]))
    assert.equal(backend.live, 1)
    assert.equal((await y.download()).length, 6)
    y.free()
    assert.equal(backend.live, 0)
  })
  it('of a parameter does not make the parameter the scope’s', () => {
    const w = parameter([2, 3])
    scope(() => void ops.reshape(w, [6]))
    assert.equal(backend.live, 1)
    assert.ok(w.data)
  })
})

describe('a tensor that was freed', () => {
  it('is refused by name', () => {
    const y = scope(() => {
      const y = ops.matmul(make([2, 3]), make([3, 4]))
      y.free()
      return y.shape
    })
    assert.deepEqual(y, [2, 4])
    let leaked: Tensor | undefined
    scope(() => void (leaked = ops.matmul(make([2, 3]), make([3, 4]))))
    assert.throws(() => ops.relu(leaked!), {
      name: 'ChiffreError',
      key: 'engine.freed',
      message: 'matmul: [2,4] was freed already; tensors made inside scope() live until its end',
    })
    assert.throws(() => leaked!.download(), { key: 'engine.freed' })
  })
  it('can be freed again, to no effect', () => {
    const x = make([3])
    x.free()
    x.free()
    assert.equal(backend.live, 0)
  })
})

describe('noGrad', () => {
  it('records nothing, and recording goes on after it, even after an error', () => {
    const w = parameter([3])
    assert.equal(noGrad(() => ops.mul(w, w)).edges.length, 0)
    assert.throws(() =>
      noGrad(() => {
        throw new Error('stop')
      }),
    )
    assert.equal(ops.mul(w, w).edges.length, 2)
  })
  it('nests', () => {
    const w = parameter([3])
    noGrad(() => {
      noGrad(() => 0)
      assert.equal(ops.relu(w).requiresGrad, false)
    })
  })
})

describe('backward', () => {
  it('gives tensors of the parameters’ shapes, which end with the scope', () => {
    const [w, b] = [parameter([3, 2]), parameter([2], 'b')]
    let leaked: Tensor | undefined
    scope(() => {
      const gradients = backward(ops.crossEntropy(ops.bias(ops.matmul(make([4, 3]), w), b), [0, 1, 1, 0]))
      assert.deepEqual(gradients.get(w)!.shape, [3, 2])
      assert.deepEqual(gradients.get(b)!.shape, [2])
      leaked = gradients.get(w)
    })
    assert.throws(() => leaked!.data, { key: 'engine.freed' })
  })
  it('a gradient that leaves the scope is kept', async () => {
    const w = parameter([2])
    const dw = scope(() => backward(ops.mul(w, w), make([2], 'dy')).get(w)!)
    assert.equal(backend.live, 2)
    assert.equal((await dw.download()).length, 2)
  })
  it('walks chains of operations that are longer than JavaScript’s stack is deep', async () => {
    const w = parameterOf(backend, Float32Array.of(1), [1])
    const dw = scope(() => {
      let y: Tensor = w
      for (let i = 0; i < 50_000; i++) y = ops.add(y, w)
      return backward(y).get(w)!
    })
    assert.deepEqual([...(await dw.download())], [50_001])
  })
  it('from several numbers needs dy, of their shape', () => {
    const y = ops.relu(parameter([2, 3]))
    assert.throws(() => backward(y), {
      key: 'engine.scalar',
      message: 'backward: starts from one number such as a loss, not from shape [2,3], unless dy is given',
    })
    assert.throws(() => backward(y, make([3, 2])), {
      key: 'engine.shape',
      message: 'backward: dy has shape [3,2]; expected [2,3]',
    })
    assert.equal(backward(y, make([2, 3])).size, 1)
  })
  it('returns the gradients of parameters only, and of none that the loss does not depend on', () => {
    const [w, unused, x] = [parameter([3, 2]), parameter([3, 2], 'unused'), make([4, 3])]
    const gradients = backward(ops.crossEntropy(ops.matmul(x, w), [0, 1, 1, 0]))
    assert.deepEqual([...gradients.keys()], [w])
    assert.ok(!gradients.has(unused) && !gradients.has(x))
  })
  it('of a parameter itself is dy', async () => {
    const w = parameter([1])
    assert.deepEqual([...(await backward(w).get(w)!.download())], [1])
  })
  it('goes through a graph that is wide and deep without doing anything twice', () => {
    let calls = 0
    backend.unaryGrad = (_f, _x, y, dy) => {
      calls++
      return backend.add(y, dy)
    }
    let y: Tensor = parameter([1])
    for (let i = 0; i < 200; i++) {
      const h = ops.relu(y)
      y = ops.add(h, h) // 2²⁰⁰ paths
    }
    scope(() => void backward(y))
    assert.equal(calls, 200)
  })
  it('images get no gradient: conv2dGradInput is never called for them', () => {
    let inputs = 0
    const { conv2dGradInput } = backend
    backend.conv2dGradInput = (...args) => {
      inputs++
      return conv2dGradInput.apply(backend, args)
    }
    const network = sequential([6, 6, 1], conv2d(2, 3), relu(), conv2d(3, 3), flatten(), dense(2)).init(backend, 0)
    scope(() => {
      const gradients = backward(ops.crossEntropy(network.forward(make([2, 6, 6, 1])), [0, 1]))
      assert.equal(gradients.size, 6)
    })
    assert.equal(inputs, 1, 'the second convolution passes its gradient on, the first has nowhere to pass it')
  })
  it('but an image that wants one gets it: which pixels mattered', async () => {
    const network = sequential([6, 6, 1], conv2d(2, 3), flatten(), dense(2)).init(backend, 0)
    const image = parameter([1, 6, 6, 1])
    const dx = scope(() =>
      backward(ops.crossEntropy(network.forward(image), [0]))
        .get(image)!
        .download(),
    )
    assert.ok((await dx).some(v => v !== 0))
  })
})
