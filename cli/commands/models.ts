// `models`: which networks there are, and what their checkpoints have learned.
import { ChiffreError } from '../../engine/index.js'
import { checkFit, scoreOf, type Training } from '../../training/index.js'
import { checkpointNames, checkpointPath, readCheckpoint } from '../checkpoint.js'
import { about } from '../errors.js'
import { integer, percent, t, translate } from '../language.js'
import { createNetwork, modelNames, parameterCount } from '../network.js'
import { grouped, jsonOption, storageOption, type Values } from '../options.js'
import { optimizerNames } from '../settings.js'
import { table } from '../tables.js'
import { testsOf, type Tests } from '../tested.js'
import { pretrained } from '../trained.js'
import { jsonLine, visible } from '../visible.js'

export const options = () => ({ ...storageOption(), ...grouped('help.general', jsonOption()) })

/** A checkpoint, or why it cannot be used. */
interface Found {
  readonly name: string
  readonly training?: Training
  readonly tests?: Tests
  /** Whether it comes with the program. */
  readonly shipped?: boolean
  readonly error?: string
}

/** A model with its checkpoints, or why it cannot be built. */
interface Listed {
  readonly model: string
  readonly parameters?: number
  readonly error?: string
  readonly checkpoints: readonly Found[]
}

type Models = Values<ReturnType<typeof options>>

export async function run({ storage, json }: Models): Promise<number> {
  const found: Found[] = []
  const own = await checkpointNames(storage)
  for (const name of own) found.push(await find(storage, name)) // in turn: each may be large
  for (const name of await checkpointNames(pretrained))
    if (!own.includes(name)) found.push({ ...(await find(pretrained, name)), shipped: true })
  const listed = await Promise.all((await modelNames()).map(model => list(model, found)))
  const unusable = found.flatMap(({ error }) => error ?? [])
  if (json) process.stdout.write(jsonLine({ models: listed.map(forPrograms), unusable }))
  else process.stdout.write([asTable(listed), ...unusable].join('\n') + '\n')
  return 0
}

async function find(storage: string, name: string): Promise<Found> {
  const path = checkpointPath(storage, name)
  return orError(
    async () => {
      const checkpoint = (await readCheckpoint(path))!
      const { model } = checkpoint.training
      await about(path, async () => checkFit(checkpoint, model, await createNetwork(model, checkpoint.training)))
      return { name, training: checkpoint.training, tests: await testsOf(path) }
    },
    { name },
  )
}

const list = (model: string, found: readonly Found[]): Promise<Listed> => {
  const checkpoints = found.filter(({ training }) => training?.model === model)
  return orError(async () => ({ model, parameters: parameterCount(await createNetwork(model)), checkpoints }), {
    model,
    checkpoints,
  })
}

/** What fn finds, or `other` with the error that the user made. */
async function orError<T, U>(fn: () => Promise<T>, other: U): Promise<T | (U & { error: string })> {
  try {
    return await fn()
  } catch (error) {
    if (!(error instanceof ChiffreError)) throw error
    return { ...other, error: translate(error) }
  }
}

function asTable(listed: readonly Listed[]): string {
  const rows = listed.flatMap(({ model, parameters, error, checkpoints }) => {
    const first = [model, parameters === undefined ? '–' : integer(parameters)]
    if (error) return [[...first, '–', error, '']]
    if (!checkpoints.length) return [[...first, '–', '', '']]
    return checkpoints.map(({ name, training, tests = {}, shipped }, i) => [
      ...(i ? ['', ''] : first),
      shipped ? t('models.shipped') : visible(name),
      ...describe(training!, tests),
    ])
  })
  const head = ['table.model', 'table.parameters', 'table.checkpoint', 'table.training', 'table.accuracy'] as const
  return table(
    head.map(key => t(key)),
    rows,
    ['left', 'right'],
  )
}

/** A checkpoint's training, and its accuracy. */
function describe(training: Training, tests: Tests): [string, string] {
  const { epoch, batch, optimizer, lr, examples, data } = training
  const values = {
    epochs: epoch,
    batch: integer(batch),
    optimizer: optimizerNames[optimizer],
    lr,
    examples: integer(examples),
    data,
  }
  const score = scoreOf(training)
  const accuracy = !score
    ? ''
    : score.validation
      ? t('models.validation', { accuracy: percent(score.validation.accuracy) })
      : t('models.learning', { accuracy: percent(score.accuracy) })
  const tested = Object.entries(tests).map(([data, { accuracy }]) =>
    t('models.tested', { accuracy: percent(accuracy), data }),
  )
  return [t(batch ? 'models.within' : 'models.training', values), [accuracy, ...tested].filter(Boolean).join('\n')]
}

const forPrograms = ({ checkpoints, ...model }: Listed) => ({
  ...model,
  checkpoints: checkpoints.map(({ name, training, tests, shipped = false }) => ({
    ...{ name, shipped, ...training },
    score: scoreOf(training!),
    tests,
  })),
})
