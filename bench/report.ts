// npm run bench:report: docs/benchmarks.md and its picture, from the newest results of the other benches. Nothing is
// measured here. This machine's results, where there are some, are also kept in bench/results/published/, so that the
// page can be made again from what is committed.
import { writeFile } from 'node:fs/promises'
import { format, resolveConfig } from 'prettier'
import type { BrowserResults } from './browser.js'
import type { GpuResults } from './gpu.js'
import type { KernelResults } from './kernels.js'
import type { LadderResults } from './ladder.js'
import type { ModelResults } from './models.js'
import type { PeerResults } from './peers.js'
import type { ProcessResults } from './process.js'
import type { SpeedrunResults } from './speedrun.js'
import { goals } from './goals.js'
import { load, publish, root, type Results } from './results.js'
import { roofline } from './roofline.js'
import {
  besideTable,
  browserTable,
  duration,
  kernelTable,
  ladderTable,
  markdown,
  modelTable,
  peerTable,
  processTable,
  speedrunTable,
  transferTable,
  type Table,
} from './tables.js'

const page = `${root}docs/benchmarks.md`
const picture = `${root}docs/roofline.svg`

/** What a section's figures come from. */
function source({ machine, command }: Results<unknown>): string {
  const { cpu, cores, node, commit, date, load } = machine
  const busy = `${load.toFixed(1)} processes running when it began`
  return `\`${command}\`: ${cpu}, ${cores} cores, Node ${node}, commit ${commit}, ${date.slice(0, 10)}, ${busy}.`
}

async function newest<R>(name: string): Promise<R | undefined> {
  await publish(name)
  return load<R>(name)
}

/** A section, or how to fill it. */
async function section<R extends Results<unknown>>(
  results: R | undefined,
  command: string,
  write: (results: R) => readonly string[] | Promise<readonly string[]>,
): Promise<string> {
  if (!results) return `Not measured yet: \`${command}\`.`
  return [source(results), ...(await write(results))].join('\n\n')
}

const onSoftware = `**That is software GL, on the processor.** These figures compare kernels on the same GL, and say nothing about a graphics card.
On a machine that has one, \`npm run bench:browser -- --window\` measures it, and this page then names it; in Node, \`npm run bench:gpu\` does
([what it needs](backends.md#gpujs-kernels-on-a-graphics-card)). No card's figures are published here yet: \`bench:gpu\` ends in a report that is welcome in an issue.`

const hidden = (title: string, ...tables: readonly Table[]) =>
  `<details><summary>${title}</summary>\n\n${tables.map(markdown).join('\n\n')}\n\n</details>`

const [kernels, ladder, browser, gpu, models, peers, wholeProcess, speedrun] = await Promise.all([
  section(await newest<KernelResults>('kernels'), 'npm run bench', async results => {
    await writeFile(picture, roofline(results))
    return [
      '![Each kernel between the limits of the machine](roofline.svg)',
      `Every dot is a kernel at one of its sizes. No kernel can stand above the flat line, the processor's arithmetic, which was
       measured with 128-bit registers: WebAssembly has no wider ones. Left of the corner the slanted line limits it, the bandwidth of the main
       memory; operands that still are in a cache come faster, so a small kernel can stand above that line. Calls of less than
       100,000 operations are not drawn.`,
      Object.entries(results.waiting)
        .map(([name, seconds]) => `- Waiting for a result on ${name}: ${duration(seconds)}, which every time includes`)
        .join('\n'),
      markdown(transferTable(results.transfers)),
      hidden('All kernels, sizes and backends', kernelTable(results)),
    ]
  }),
  section(await newest<LadderResults>('ladder'), 'npm run bench:ladder', ({ rows }) => [markdown(ladderTable(rows))]),
  section(await newest<BrowserResults>('browser'), 'npm run bench:browser', results => [
    `${results.browser}, drawing with ${results.gl}.`,
    ...(/SwiftShader|llvmpipe|software/i.test(results.gl) ? [onSoftware] : []),
    markdown(besideTable(results)),
    ...Object.entries(results.absent).map(([name, reason]) => `${name} did not start: ${reason}`),
    Object.entries(results.waiting)
      .map(([name, seconds]) => `- Waiting for a result on ${name}: ${duration(seconds)}, which every time includes`)
      .join('\n'),
    hidden('All contestants, and transfers', browserTable(results), transferTable(results.transfers)),
  ]),
  section(await newest<GpuResults>('gpu'), 'npm run bench:gpu', ({ adapter, rows }) => [
    `On ${adapter.name}.`,
    ...(adapter.software
      ? ['**That is a software adapter, which the processor runs.** The figures compare libraries on it, and say nothing about a graphics card.'] // prettier-ignore
      : []),
    markdown(modelTable(rows)),
  ]),
  section(await newest<ModelResults>('models'), 'npm run bench:models', ({ rows }) => [markdown(modelTable(rows))]),
  section(await newest<PeerResults>('peers'), 'npm run bench:peers', results => [markdown(peerTable(results))]),
  section(await newest<ProcessResults>('process'), 'npm run bench:process', ({ rows }) => [
    markdown(processTable(rows)),
  ]),
  section(await newest<SpeedrunResults>('speedrun'), 'npm run bench:speedrun', ({ rows }) => [
    markdown(speedrunTable(rows)),
  ]),
])
const reached = goals(await load<PeerResults>('peers'))

const text = `# Benchmarks

How fast this engine is, beside others and beside what the machine can do. \`npm run bench:report\` writes this page from measured results;
no figure is typed in by hand.

## How to read the figures

- A time is a **median** of several. What stands behind ± is the median distance from it; what stands in parentheses goes from the
  shortest to the longest.
- The libraries **take turns**, each in a process of its own, and then all again: the same machine is faster at some times than at others, by a
  third. So compare within a table, and distrust small differences. A load above 1 when a run began says that other programs ran beside it.
- **ours / theirs** divides medians of the same table: 0.5 says that ours takes half the time. It compares equal numbers of threads.
- An **epoch** is 60,000 images in batches of 128 with Adam, the data in memory; the **test set** is 10,000 images. What would take
  longer than a limit (120 s unless the command says \`--limit\`) is extrapolated from a part, and the row says so.
- Beside other libraries **ours** is \`train --batch-size 128 --epochs 8\` from a cold start, the median of its epochs, the first included; the native engines have
  taken a step before the clock begins, so what they compile does not count. They read the test set in batches of 500, ours in batches of 1,000 (convnet: 250; its images are lists then, as theirs are floats), the libraries in JavaScript in batches of 100;
  the median of five times after a first one, by one \`evaluator\`, as theirs is one session or compiled function.
- Each engine is given what makes it fastest ([bench/native.ts](../bench/native.ts), [bench/peers/native](../bench/peers/native)): freed memory is kept; PyTorch infers in the memory format that is faster; Keras
  trains by \`fit\` and infers by a compiled function; JAX compiles a step, or a whole epoch with the images inside (it cannot leave the program then); onnxruntime only infers.
- Every kernel is checked against the reference in double precision before it is measured; **error** is the largest difference, in proportion to the
  largest number.
- The **first call** of a kernel compiles what it needs (on a GPU its program); it is not among the samples. Uploads and downloads have a table of their
  own, and are in no kernel's time.
- **GFLOP/s** count the operations of the definition. A kernel that does less, such as Winograd's, or leaves out products with 0, is counted as if it
  did not.

## Goals

${markdown(reached)}

The goals are ours ([bench/goals.ts](../bench/goals.ts)): what must be reached, and what was aimed at. An epoch and 10,000 images are shares of what the fastest native engine
takes for them with as many threads.

## Beside other libraries

${peers}

## A whole process

From the shell's start of \`node cli train\` for one epoch to its end, beside a Python script that does the same in PyTorch.

${wholeProcess}

## A speedrun

Seconds from starting a process until it has saved a network that reads 97, 98 or 99 % of the test images. Epochs and settings were chosen on 10,000 training
images kept apart ([bench/speedrun.ts](../bench/speedrun.ts)); the test images are read once, after training, and the mean over the seeds must reach the threshold.

${speedrun}

## The models, by backend

${models}

## The kernels

${kernels}

## On a GPU, in a browser

The products and convolutions of the models (forward, and both gradients of a convolution) in Chromium on gpu.js, beside TensorFlow.js's WebGL backend
and naive gpu.js kernels ([bench/browser/naive.ts](../bench/browser/naive.ts): one number of the result a call, by its definition). A ratio
below 1 says that ours is faster. Batches are of 32 unless the command says otherwise: a slow GL takes so long over a naive convolution of 128 images that
the browser takes it away.

${browser}

## On WebGPU, in Node

An epoch and the test set on kernels of our own (\`webgpu\`) and of gpu.js, beside TensorFlow.js's and jax-js's WebGPU on the same adapter, and \`wasm\` on all cores.

${gpu}

## The ladders

[bench/ladder](../bench/ladder) takes a product of matrices and a convolution from the definition to a fast kernel, a step a file, and [on a graphics card](../bench/ladder/webgpu), where there is one, a product. Each step is checked against the first.

${ladder}

## Measure it again

\`\`\`sh
npm ci
npm run bench:peers:install          # the other libraries: those in JavaScript, and the native engines where there is Python with pip (up to 8 GB)
npm run bench                        # the kernels: 10 minutes; \`npm run bench -- matmul --backend wasm\` selects
npm run bench:ladder                 # the ladders: 1 minute
npm run bench:browser                # kernels in Chromium: 5 minutes; --window where a GPU needs one
npm run bench:gpu                    # a graphics card beside wasm, kernels and models: a report to paste
npm run bench:models                 # the models by backend: half an hour
npm run bench:peers                  # beside other libraries: an hour
npm run bench:process                # whole processes: a minute
npm run bench:speedrun               # seconds to 97, 98 and 99 %: half an hour
npm run bench:report                 # this page
\`\`\`

Each command writes its raw samples to \`bench/results/\`, with the commit, the processor, Node's version and what really ran. \`--help\` lists the options.
`

const options = await resolveConfig(page)
await writeFile(page, await format(text, { ...options, parser: 'markdown' }))
console.log('Written: docs/benchmarks.md, docs/roofline.svg')
