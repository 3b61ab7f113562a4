// Runs a random network on a backend: a few steps of training, with all that may disturb what a backend remembers:
// readings in between, evaluation between steps, buffers freed in odd orders.
import {
  adam,
  backward,
  clipNorm,
  ExampleSet,
  gather,
  noGrad,
  parameter,
  pixels,
  random,
  scope,
  sgd,
  shuffle,
  sizeOf,
  tensor,
  type Backend,
  type Buffer,
  type Gradients,
  type Shape,
  type Tensor,
} from '../../engine/index.js'
import { isLeaf, rows, sinksOf, type Network, type Style, type Value } from './program.js'
import { floats, grey } from './values.js'

/** Takes a result: it is to be compared. */
export type Read = (name: string, buffer: Buffer) => void

/** Runs a network and yields between the phases of each step, so that another network can have its turn. */
export function* play(target: Backend, network: Network, name: string, read: Read): Generator<undefined, void> {
  const { values, seed, optimizer: kind, lr, decay, clip, steps, scoped, evaluates } = network
  const { backend, made } = tracked(target)
  const parameters = new Map<string, Tensor>()
  for (const [id, value] of values.entries())
    if (value.op === 'parameter' && isLeaf(value)) {
      const { style, shape } = value
      parameters.set(`v${id}`, parameter(backend, floats(style, sizeOf(shape), seed, `v${id}`), shape))
    }
  const optimizer =
    kind === 'adam'
      ? adam(parameters, { weightDecay: decay })
      : sgd(parameters, { momentum: kind === 'momentum' ? 0.5 : 0, weightDecay: decay })
  made.clear() // from here on: what a step makes

  /** All values, in their order; `after` sees each as it is made. */
  function forward(phase: string, after: (id: number, tensors: Tensor[]) => void = () => {}): Tensor[] {
    const tensors: Tensor[] = []
    for (const [id, value] of values.entries()) {
      const label = `v${id} ${phase}`
      if (!isLeaf(value)) {
        const labels = (n: number, classes: number) => {
          const rng = random(seed, label)
          return Array.from({ length: n }, () => Math.floor(rng() * classes))
        }
        const inputs = value.inputs.map(id => tensors[id])
        tensors.push(rows[value.op].run(value, inputs, labels))
        if (value.read === 'early') read(`${name} ${phase} v${id}`, tensors[id].data)
      } else if (value.op === 'parameter') tensors.push(parameters.get(`v${id}`)!)
      else if (value.op === 'data') {
        const data = tensor(backend, floats(value.style, sizeOf(value.shape), seed, label), value.shape)
        data.requiresGrad = value.wanted ?? false
        tensors.push(data)
      } else if (value.set) {
        const [n, ...shape] = value.shape
        const rng = random(seed, label)
        const indices = Uint32Array.from({ length: n }, () => Math.floor(rng() * value.set!))
        tensors.push(gather(backend, setOf(id, value.set, shape), indices))
      } else {
        const bytes = grey(value.style, value.shape[0], value.shape.slice(1), seed, label)
        tensors.push(pixels(backend, bytes, value.shape))
      }
      after(id, tensors)
    }
    return tensors
  }

  /** The set of a leaf, whose images are others every third time. */
  const sets = new Map<number, { set: ExampleSet; uses: number }>()
  function setOf(id: number, count: number, shape: Shape): ExampleSet {
    const { style } = values[id] as { style: Style }
    const draw = (uses: number) => grey(style, count, shape, seed, `v${id} set ${Math.floor(uses / 3)}`)
    const known = sets.get(id) ?? { set: new ExampleSet(draw(0), shape), uses: 0 }
    sets.set(id, known)
    if (known.uses > 0 && known.uses % 3 === 0) {
      known.set.values.set(draw(known.uses))
      known.set.changed()
    }
    known.uses++
    return known.set
  }

  /** What a step is to give: results that nothing or somebody has read, and gradients. */
  function train(phase: string): { results: [string, Buffer][]; gradients: Gradients[] } {
    const tensors = forward(phase)
    const sinks = sinksOf(network).slice(-3)
    const results: [string, Buffer][] = []
    for (const [id, value] of values.entries())
      if (!isLeaf(value) && (value.read === 'late' || sinks.includes(id)))
        results.push([`${name} ${phase} v${id}`, tensors[id].data])
    const gradients = sinks.map(id => {
      const { shape } = tensors[id]
      if (shape.length === 0) return backward(tensors[id])
      const style = network.kind === 'exact' ? 'integers' : 'uniform'
      return backward(tensors[id], tensor(backend, floats(style, sizeOf(shape), seed, `dv${id} ${phase}`), shape))
    })
    if (clip < Infinity) for (const [i, of] of gradients.entries()) gradients[i] = clipNorm(of, clip)
    for (const [i, of] of gradients.entries())
      for (const [id, value] of tensors.entries()) {
        const gradient = of.get(value)
        if (gradient && isLeaf(values[id])) results.push([`${name} ${phase} dv${sinks[i]}/dv${id}`, bufferOf(gradient)])
      }
    return { results, gradients }
  }

  for (let step = 1; step <= steps; step++) {
    const phase = `step ${step}`
    const update = (gradients: Gradients[]) => {
      const before = new Set(made)
      for (const one of gradients) optimizer.step(one, lr)
      for (const buffer of made) if (!before.has(buffer)) made.delete(buffer) // weights, and what the optimizer remembers
    }
    if (scoped)
      scope(() => {
        const { results, gradients } = train(phase)
        for (const [name, buffer] of results) read(name, buffer)
        update(gradients)
      })
    else {
      const { results, gradients } = train(phase)
      yield
      const rng = random(seed, 'frees', step)
      const wanted = new Set(gradients.flatMap(one => [...one.values()].map(bufferOf)))
      const free = (which: (buffer: Buffer) => boolean) => {
        const buffers = [...made].filter(which)
        for (const i of shuffle(buffers.length, rng)) {
          const buffer = buffers[i]
          for (const [name, result] of results) if (result === buffer) read(name, buffer)
          backend.free(buffer)
        }
      }
      // A parameter under another shape is read before it changes.
      for (const [name, buffer] of results) if (!made.has(buffer)) read(name, buffer)
      const early = rng() < 0.5
      if (early) update(gradients)
      free(buffer => !wanted.has(buffer))
      if (!early) update(gradients)
      free(() => true)
    }
    yield
    if (!evaluates) continue
    const outcome = sinksOf(network)
    if (scoped)
      scope(() => {
        const tensors = noGrad(() => forward(`evaluation ${step}`))
        for (const id of outcome) read(`${name} evaluation ${step} v${id}`, tensors[id].data)
      })
    else {
      // Frees what nobody needs any more at once, or a little later.
      const rng = random(seed, 'evaluation', step)
      const last = lastUses(network)
      const freed = new Set<number>()
      const tensors = noGrad(() =>
        forward(`evaluation ${step}`, (id, tensors) => {
          for (const [other, use] of last.entries())
            if (use <= id && isOwner(values[other]) && !freed.has(other) && rng() < 0.7) {
              freed.add(other)
              tensors[other].free()
            }
        }),
      )
      for (const id of outcome) read(`${name} evaluation ${step} v${id}`, tensors[id].data)
      for (const buffer of made) backend.free(buffer)
    }
    yield
  }
  for (const [id, { data }] of parameters) read(`${name} ${id} in the end`, data)
  optimizer.free()
  for (const one of parameters.values()) one.free()
}

/** The last value for which each is needed, Infinity for results; what shares a buffer is needed together. */
function lastUses(network: Network): number[] {
  const { values } = network
  const last = values.map((_, id) => id)
  for (const [id, value] of values.entries()) for (const input of isLeaf(value) ? [] : value.inputs) last[input] = id
  for (const id of sinksOf(network)) last[id] = Infinity
  for (let id = values.length - 1; id >= 0; id--) {
    const value = values[id]
    if (value.op === 'reshape' && !isLeaf(value)) last[value.inputs[0]] = Math.max(last[value.inputs[0]], last[id])
  }
  for (const [id, value] of values.entries())
    if (value.op === 'reshape' && !isLeaf(value)) last[id] = last[value.inputs[0]]
  return last
}

/** Whether freeing a value frees a buffer that is a step's own. */
const isOwner = ({ op }: Value) => op !== 'parameter' && op !== 'reshape'

const bufferOf = ({ data }: Tensor): Buffer => data

/** The backend, and the set of buffers that it has given out and not been given back. */
function tracked(target: Backend): { backend: Backend; made: Set<Buffer> } {
  const made = new Set<Buffer>()
  const backend = new Proxy(target, {
    get(target, name: keyof Backend) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        if (name === 'free') made.delete(args[0] as Buffer)
        const result: unknown = Reflect.apply(member, target, args)
        if (name === 'sgdStep' || name === 'adamStep') return result
        if (name !== 'free' && name !== 'download' && name !== 'dispose') made.add(result as Buffer)
        return result
      }
    },
  })
  return { backend, made }
}
