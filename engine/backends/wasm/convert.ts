// Carries plans out, and converts a buffer from one layout to another, which may take a plan.
import { constants as sizes } from './kernels.js'
import {
  Block, csrOf, isGrey, lazyOf,
  type Bytes, type Csr, type Dense, type Packed,
} from './layout.js' // prettier-ignore
import {
  mostEntries,
  packedSize,
  piecesOf,
  type Arg,
  type First,
  type Plan,
  type Planner,
  type Size,
  type Space,
} from './planner.js'
import type { Live } from './recording.js'
import type { Store } from './store.js'

/** What a buffer can be asked for: matrices by their shape. */
interface Layouts {
  readonly dense: Dense
  readonly bytes: Bytes
  readonly csr: Csr
  readonly packed: Packed
}

export type Converter = ReturnType<typeof createConverter>

export function createConverter(store: Store, planner: Planner) {
  const { another, drop, forget, free, functions, give, run, runKernel, take, adopt } = store

  const bytesOf = (size: Size) =>
    typeof size === 'number'
      ? size
      : (functions[size.f] as (...args: readonly number[]) => number)(...size.args) * size.unit

  /** Runs a plan's kernels. What it notes of the result has its memory then, and is the caller's. */
  function execute(plan: Plan) {
    const { steps, temps, active, argmax } = plan
    try {
      for (const space of temps) space.at = take(bytesOf(space.size))
      for (const space of [active?.mask, argmax]) if (space) space.at = take(bytesOf(space.size))
      for (const { kernel, items, args, scratch } of steps)
        runKernel(kernel, items, args.map(resolve), bytesOf(scratch), { plan, args })
    } finally {
      for (const space of temps) give(space.at)
    }
  }

  /** A plan, after what it wanted to have first. */
  function planned<P extends object>(make: () => P | First): P {
    for (;;) {
      const plan = make()
      if (!('first' in plan)) return plan
      resolve(plan.first)
    }
  }

  /** The number that an argument stands for. */
  function resolve(arg: Arg): number | Live {
    if (typeof arg === 'number' || typeof arg === 'function') return arg
    if ('size' in arg) return arg.at
    const { of, m, n } = arg
    store.recording?.use(of)
    switch (arg.as) {
      case 'dense':
      case 'bytes':
      case 'packed':
        return as(of, arg.as, m, n).at
      case 'csr':
        return as(of, 'csr', m, n).starts
      case 'shift':
        return as(of, 'csr', m, n).shift
      case 'argmax':
        return of.pooled!.argmax
      case 'active':
        return of.active!.at
      case 'lumped':
        return lumpedOf(of)
      case 'totals':
        return lumpedOf(of) + 4 * of.length
    }
  }

  /** A buffer in a layout, which it has from then on; csr and packed are of a matrix [m,n]. */
  function as<K extends keyof Layouts>(x: Block, kind: K, m = 0, n = 0): Layouts[K] {
    if (x.holders <= 0) throw new Error('wasm: a buffer was used after it had been freed')
    store.recording?.use(x)
    for (const l of x.layouts)
      if (l.kind === kind && ((l.kind !== 'csr' && l.kind !== 'packed') || (l.m === m && l.n === n)))
        return l as Layouts[K]
    const made = kind === 'dense' ? toDense(x) : kind === 'bytes' ? toBytes(x) : kind === 'csr' ? toCsr(x, m, n) : toPacked(x, m, n) // prettier-ignore
    return made as Layouts[K]
  }

  function toDense(x: Block): Dense {
    const layout: Dense = { kind: 'dense', at: take(4 * x.length) }
    const lazy = lazyOf(x)
    const packed = x.layouts.find(l => l.kind === 'packed')
    try {
      if (packed) run('unpack', piecesOf(packed.m, sizes.PANEL_ROWS), [packed.at, layout.at, packed.m, packed.n])
      else if (isGrey(x)) run('toFloat', piecesOf(x.length, sizes.CHUNK), [as(x, 'bytes').at, layout.at, x.length])
      else if (lazy) computeTo(x, { size: 4 * x.length, at: layout.at })
      else throw new Error('wasm: a buffer without numbers')
    } catch (error) {
      give(layout.at)
      throw error
    }
    x.layouts.push(layout)
    // The csr of a product with a mask begins where the mask's does, which may now go.
    if (lazy && lazy.op !== 'gather')
      drop(x, l => l.kind === 'lazy' || (l.kind === 'csr' && lazy.op === 'matmul' && !!lazy.mask))
    return layout
  }

  function computeTo(x: Block, y: Space) {
    const plan = planned(() => planner.compute(x, y))
    execute(plan)
    const { active } = plan
    if (active)
      x.active = { at: active.mask.at, n: active.n, h: active.h, w: active.w, image: active.image, s: active.s }
  }

  function toBytes(x: Block): Bytes {
    const op = lazyOf(x)
    if (op?.op !== 'gather') throw new Error('wasm: no buffer of bytes')
    const layout: Bytes = { kind: 'bytes', at: take(x.length) }
    run('gatherBytes', piecesOf(op.count, sizes.GATHERED), [
      op.set.places,
      op.indices,
      layout.at,
      op.count,
      op.set.size,
    ])
    x.layouts.push(layout)
    return layout
  }

  function toPacked(x: Block, m: number, n: number): Packed {
    const from = as(x, 'dense').at
    // One at a time: what wants another shape seldom wants the first one again.
    drop(x, l => l.kind === 'packed')
    const layout: Packed = { kind: 'packed', m, n, at: take(4 * packedSize(m, n)) }
    run('pack', piecesOf(m, sizes.PANEL_ROWS), [from, layout.at, m, n])
    x.layouts.push(layout)
    return layout
  }

  function toCsr(x: Block, m: number, n: number): Csr {
    return maskedCsr(x, m, n) ?? (isGrey(x) ? greyCsr(x, m, n) : floatCsr(x, m, n))
  }

  /** The entries of a product with a mask, whose places are those of the mask's. */
  function maskedCsr(x: Block, m: number, n: number): Csr | undefined {
    const entries: Space = { size: entryBytes(m, n), at: 0 }
    const plan = planner.sampledProduct(x, m, n, entries)
    if (!plan) return undefined
    const rows = csrOf(plan.mask, m, n)!
    const at = take(entryBytes(m, n))
    const layout: Csr = { ...rows, shift: at - rows.owned[0], owned: [at] }
    store.recording?.list(rows.starts, ...rows.owned, at)
    x.layouts.push(layout)
    execute(plan)
    return layout
  }

  /** The entries of images: they are in the set already, or are made now. */
  function greyCsr(x: Block, m: number, n: number): Csr {
    const starts = takeStarts(m, n)
    const gather = (places: number, indices: number) => {
      run('gatherCsr', piecesOf(m, sizes.GATHERED), [places, indices, starts, m, n])
    }
    const csr = { kind: 'csr', m, n, starts, grey: true, shift: 0 } as const
    const op = lazyOf(x)
    if (op?.op === 'gather' && op.set.size === n) {
      gather(op.set.places, op.indices)
      return noted(x, { ...csr, full: op.set.full, owned: [starts] })
    }
    const room = functions.imageBytes(n, n)
    const [places, piece] = [take(4 * m), take(m * room)]
    for (const lists of [places, starts]) store.recording?.list(lists, piece)
    run('bytesToCsr', piecesOf(m, sizes.CSR_ROWS), [as(x, 'bytes').at, places, piece, room, m, n])
    gather(places, 0)
    give(places)
    return noted(x, { ...csr, full: isFull(starts, m, n, 2), owned: [starts, piece] })
  }

  /** The entries of numbers. */
  function floatCsr(x: Block, m: number, n: number): Csr {
    const from = as(x, 'dense').at
    const entries = take(entryBytes(m, n))
    const starts = takeStarts(m, n)
    store.recording?.list(starts, entries)
    run('denseToCsr', piecesOf(m, sizes.CSR_ROWS), [from, entries, starts, m, n])
    const full = isFull(starts, m, n, 8)
    return noted(x, { kind: 'csr', m, n, starts, grey: false, shift: 0, full, owned: [entries, starts] })
  }

  /** Whether rows whose entries have so many bytes have too many of them for products of what is not 0. */
  function isFull(starts: number, m: number, n: number, size: number): boolean {
    const count = store.takeOwn(4)
    run('countEntries', 1, [starts, m, n, size, count])
    const full = !store.isAtMost(count, mostEntries(m * n))
    give(count)
    return full
  }

  function noted(x: Block, csr: Csr): Csr {
    x.layouts.push(csr)
    return csr
  }

  const entryBytes = (m: number, n: number) => 8 * m * (n + sizes.SPARE)
  const takeStarts = (m: number, n: number) => take(4 * m * (functions.blocksOf(n) + 1))

  /** Where what stands for an input gradient in sums over pixels is, and its totals behind it: computed once. */
  function lumpedOf(x: Block): number {
    if (x.lumped) return x.lumped
    const op = lazyOf(x)
    if (op?.op !== 'inputGrad') throw new Error('wasm: no input gradient')
    const size = 4 * x.length
    const at = take(size + 4 * op.s.n * op.s.ci)
    const totals: Space = { size: 4 * op.s.n * op.s.ci, at: at + size }
    execute(planner.inputGrad(op, { size, at }, totals))
    return (x.lumped = at)
  }

  /**
   * The block that a step makes of one that it uses up, with its numbers, for the step to change; in panels if they are
   * asked for. It is the same one, with nothing of what was noted of its numbers; unless something that waits still wants to
   * read them: then it is a new one, with its numbers only if they are to be copied.
   */
  function successor(x: Block, copied: boolean, panels?: { readonly m: number; readonly n: number }): Block {
    const layout = panels ? as(x, 'packed', panels.m, panels.n) : as(x, 'dense')
    if (x.holders > 1) {
      const next = adopt(new Block(x.length))
      next.layouts.push({ ...layout, at: another(layout.at, copied) })
      free(x)
      return next
    }
    store.recording?.change(x)
    drop(x, other => other !== layout)
    forget(x)
    return x
  }

  return { as, execute, planned, successor }
}
