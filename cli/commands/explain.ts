// `explain`: one example on its way through a network, to the loss and back, in the numbers of backward itself.
import { emitKeypressEvents } from 'node:readline'
import ndarray from 'ndarray'
import { cpu, sizeOf, type Backend, type Network } from '../../engine/index.js'
import { chainOf, learnedWeights, lossOf, traceStep, type Trace } from '../../training/index.js'
import { openDataset } from '../datasets.js'
import { draw } from '../drawing.js'
import { about, failure, misuse } from '../errors.js'
import { backwardTable, chainTable, forwardTable, pages, titleOf } from '../explained.js'
import { decimal, integer, percent, t } from '../language.js'
import { largest, norm, placeOf, significant } from '../numbers.js'
import { checkpointOptions, filePath, flag, grouped, hint, index, jsonOption, valued, type Values } from '../options.js'
import { inItsTerms, knownData } from '../settings.js'
import { table } from '../tables.js'
import { openTrained, type Trained } from '../trained.js'
import { jsonLine, visible } from '../visible.js'
import { takeImage } from './use.js'

export const options = async () => ({
  ...(await checkpointOptions()),
  ...grouped('help.example', {
    index: valued(t('option.index'), index('index'), '0'),
    data: valued(t('option.data'), filePath('data'), t('option.data.learned')),
    image: valued(t('option.example'), filePath('image')),
    label: valued(t('option.label'), typed => typed, t('option.label.default')),
  }),
  ...grouped('help.explain', {
    weight: valued(t('option.weight'), typed => typed),
    step: flag(t('option.step')),
    ...jsonOption(),
  }),
})

type Explain = Values<Awaited<ReturnType<typeof options>>>

/** An example that a network is to be explained with. */
interface Example {
  readonly x: Float32Array
  readonly label: number
  /** Where it comes from, in a sentence. */
  readonly title: string
}

export async function run(argv: Explain, program: string): Promise<number> {
  if (argv.image !== undefined && argv.index !== undefined)
    throw misuse('usage.conflict', { first: 'image', second: 'index' })
  if (argv.step && argv.json) throw misuse('usage.conflict', { first: 'step', second: 'json' })
  const trained = await openTrained(argv, program)
  const { network, checkpoint, path } = trained
  const backend = cpu({ precision: 'float64' })
  await about(path, () => network.load(backend, learnedWeights(checkpoint)))
  const { x, label, title } = await exampleOf(argv, trained, backend)
  const trace = await traceStep(network, backend, x, [label])
  const weight =
    argv.weight === undefined ? undefined : await explainWeight(argv.weight, network, backend, x, label, trace)
  const { classes } = checkpoint.training
  const print = (text: string) => process.stdout.write(text + '\n')

  if (argv.json) process.stdout.write(jsonLine({ ...asJson(trace), label, ...(weight && { weight: weight.json }) }))
  else if (argv.step) await turn(pages(trace))
  else {
    print(`${title}\n`)
    const [rows, columns] = network.input
    if (sizeOf(network.input) === rows * columns && columns <= 80)
      print(
        draw(
          ndarray(
            Uint8Array.from(x, v => v * 255),
            [rows, columns],
          ),
          colours(),
        ).lines.join('\n') + '\n',
      )
    print(`${t('explain.forward.title')}\n${forwardTable(trace)}`)
    print(`${answers(trace, classes, label)}\n`)
    print(`${t('explain.backward.title')}\n${backwardTable(trace)}`)
    if (weight) print(`\n${weight.text}`)
    else {
      const node = trace.nodes.filter(({ op, shape }) => op === 'parameter' && shape.length > 1)[1]
      const [place] = node ? largest(node.gradient, 1) : []
      if (node && place !== undefined)
        print(t('explain.next', { option: `--weight ${node.name}[${placeOf(place, node.shape)}]` }))
    }
  }
  network.free()
  await backend.dispose()
  return 0
}

const colours = () => (process.stdout.isTTY ? process.stdout.getColorDepth() : 1)

async function exampleOf(argv: Explain, { checkpoint, path, network }: Trained, backend: Backend): Promise<Example> {
  const { training } = checkpoint
  const { classes } = training
  const given = argv.label === undefined ? undefined : classes.indexOf(argv.label)
  if (given === -1) {
    const [actual, choices] = [argv.label!, classes.join(', ')]
    throw misuse('usage.choice', { option: 'label', actual: actual || "''", hint: hint(actual, classes), choices })
  }
  if (argv.image !== undefined) {
    const { input: x } = await takeImage(argv.image, training.input)
    const label = given ?? (await answerOf(network, backend, x))
    const key = given === undefined ? 'explain.image' : 'explain.image.label'
    return { x, label, title: t(key, { path, image: argv.image, label: visible(classes[label]) }) }
  }
  const data = argv.data ?? knownData(training, path)
  const { examples } = await openDataset(data, 'test')
  const set = await about(path, () => inItsTerms(examples, training, data))
  const at = argv.index ?? 0
  if (at >= set.length) throw failure('explain.index', { index: at, data, length: integer(set.length) })
  const size = sizeOf(set.shape)
  const x = Float32Array.from(set.pixels.subarray(at * size, (at + 1) * size), v => v / 255)
  const label = given ?? set.targets[at]
  return { x, label, title: t('explain.example', { path, index: at, data, label: visible(classes[label]) }) }
}

/** The class that the network takes it for. */
async function answerOf(network: Network, backend: Backend, x: Float32Array): Promise<number> {
  const { nodes } = await traceStep(network, backend, x, [0])
  const { values } = logitsOf({ nodes, loss: 0 })
  return values.indexOf(Math.max(...values))
}

/** The loss's input: the network's scores. */
const logitsOf = ({ nodes }: Trace) => nodes[nodes.at(-1)!.inputs[0].node]

/** What the network says: the likeliest classes, and what that costs. */
function answers(trace: Trace, classes: readonly string[], label: number): string {
  const { values } = logitsOf(trace)
  const most = Math.max(...values)
  const shares = Array.from(values, v => Math.exp(v - most))
  const sum = shares.reduce((a, b) => a + b)
  const likeliest = largest(shares, 3).map(i => `${visible(classes[i])}: ${percent(shares[i] / sum)}`)
  return t('explain.answer', {
    answers: likeliest.join(', '),
    label: visible(classes[label]),
    share: significant(shares[label] / sum),
    loss: significant(trace.loss),
  })
}

/** How far a weight is moved, to see the loss move. */
const nudges = [-0.1, -0.01, 0.01, 0.1]
const h = 1e-4

async function explainWeight(
  typed: string,
  network: Network,
  backend: Backend,
  x: Float32Array,
  label: number,
  trace: Trace,
) {
  const leaves = trace.nodes.filter(({ inputs }) => inputs.length === 0)
  const [, name = typed, list = ''] = /^(.*?)\[([\d, ]*)\]$/.exec(typed) ?? []
  const node = leaves.find(leaf => leaf.name === name)
  const names = leaves.map(leaf => leaf.name)
  const actual = typed || "''"
  if (!node)
    throw misuse('usage.choice', { option: 'weight', actual, hint: hint(name, names), choices: names.join(', ') })
  const place = list.split(',').map(Number)
  if (list === '' || place.length !== node.shape.length || place.some((at, i) => !(at < node.shape[i])))
    throw misuse('explain.place', { actual, name, shape: `${node.shape}`, last: `${node.shape.map(size => size - 1)}` })
  const at = place.reduce((sum, index, i) => sum * node.shape[i] + index, 0)

  /** Runs fn with the number moved. */
  async function moved<T>(by: number, fn: (x: Float64Array) => Promise<T>): Promise<T> {
    const values = Float64Array.from(node!.values)
    values[at] += by
    const weight = network.parameters.get(name)
    if (!weight) return fn(values)
    const before = weight.data
    weight.data = backend.upload(values)
    try {
      return await fn(Float64Array.from(x))
    } finally {
      backend.free(weight.data)
      weight.data = before
    }
  }
  const traceAt = (by: number) => moved(by, x => traceStep(network, backend, x, [label]))
  const chain = chainOf([trace, await traceAt(h), await traceAt(-h)], h)
  const gradient = node.gradient[at]
  const rows = []
  for (const by of nudges) {
    const loss = await moved(by, x => lossOf(network, backend, x, [label]))
    rows.push({ by, loss, promised: trace.loss + by * gradient })
  }
  const text = [
    t('explain.weight', {
      weight: `${name}[${place}]`,
      value: significant(node.values[at]),
      gradient: significant(gradient),
    }),
    chain.length > 0 ? chainTable(trace, chain) : t('explain.still'),
    t('explain.nudge'),
    table(
      [t('explain.by'), t('explain.loss'), t('explain.promised')],
      rows.map(({ by, loss, promised }) => [
        `w ${by < 0 ? '−' : '+'} ${Math.abs(by)}`,
        decimal(loss, 6),
        decimal(promised, 6),
      ]),
      ['left', 'right', 'right'],
    ),
  ].join('\n')
  const links = chain.map(({ node: link, ...rest }) => ({ tensor: titleOf(trace.nodes[link]), ...rest }))
  return { text, json: { name, place, value: node.values[at], gradient, chain: links, nudges: rows } }
}

/** The trace for programs, without the numbers themselves, of which there may be millions. */
const asJson = ({ nodes, loss }: Trace) => ({
  loss,
  nodes: nodes.map(({ name, op, layer, shape, values, gradient, inputs }) => ({
    name,
    op,
    ...(layer !== undefined && { layer }),
    shape,
    inputs: inputs.map(({ node }) => node),
    norm: norm(values),
    gradientNorm: norm(gradient),
    largest: largest(gradient, 3).map(i => ({ index: placeOf(i, shape), gradient: gradient[i], value: values[i] })),
  })),
})

/** Pages to turn with ← and →; q, Escape or Ctrl-C ends. Without a terminal, all of them one after the other. */
async function turn(all: readonly string[]): Promise<void> {
  const { stdin, stdout } = process
  if (!stdin.isTTY || !stdout.isTTY) return void stdout.write(all.join('\n\n') + '\n')
  let at = 0
  const show = () => stdout.write(`\x1b[H\x1b[2J${all[at]}\n\n${t('explain.keys')}`)
  emitKeypressEvents(stdin)
  stdin.setRawMode(true)
  stdout.write('\x1b[?1049h\x1b[?25l')
  try {
    show()
    await new Promise<void>(resolve => {
      stdin.on('keypress', (_, key: { name?: string; ctrl?: boolean }) => {
        if (key.name === 'q' || key.name === 'escape' || (key.ctrl && key.name === 'c')) return resolve()
        const to = { right: at + 1, left: at - 1, space: at + 1, home: 0, end: all.length - 1 }[key.name ?? '']
        at = Math.max(0, Math.min(all.length - 1, to ?? at))
        show()
      })
    })
  } finally {
    stdout.write('\x1b[?25h\x1b[?1049l')
    stdin.setRawMode(false)
    stdin.pause()
    stdin.removeAllListeners('keypress')
  }
}
