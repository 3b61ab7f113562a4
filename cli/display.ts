// What one sees of a training: a live bar in a terminal and one line an epoch, or JSON for programs.
import cliProgress from 'cli-progress'
import type { Network, Step } from '../engine/index.js'
import type { Epoch, Score } from '../training/index.js'
import { decimal, integer, minutes, percent, t } from './language.js'
import { summaryTable } from './tables.js'
import { jsonLine } from './visible.js'

export interface Display {
  /** What is going to learn, and how. */
  introduce(network: Network, sentences: readonly string[]): void
  /** A sentence for the reader. */
  say(sentence: string): void
  /** An epoch begins, or goes on after so many of its examples. */
  begin(epoch: number, seen: number): void
  step(step: Step): void
  /** An epoch is over. */
  end(epoch: number, score: Epoch): void
  /** The checkpoint is written; `next` is the command to go on with, if training is over. */
  saved(path: string, sha256: string, next?: string): void
  /** Leaves the terminal as it was found. */
  close(): void
}

/** Whether a bar can be drawn over: not in a file or a pipe, nor in a terminal that only writes. */
export const movesCursor = ({ isTTY }: { readonly isTTY?: boolean }) => !!isTTY && process.env.TERM !== 'dumb'

/** For programs: one JSON object a line on stdout, and the sentences on stderr. */
export function jsonDisplay(): Display {
  const write = (event: object) => process.stdout.write(jsonLine(event))
  const watch = stopwatch()
  return {
    introduce: () => {},
    say: sentence => process.stderr.write(sentence + '\n'),
    begin: (_, seen) => watch.start(seen),
    step: () => {},
    end: (epoch, score) => write({ event: 'epoch', epoch, ...score, seconds: watch.seconds() }),
    saved: (path, sha256) => write({ event: 'saved', path, sha256 }),
    close: () => {},
  }
}

/**
 * For people.
 * @param last the run's last epoch
 * @param examples how many an epoch has
 */
export function textDisplay(last: number, examples: number): Display {
  const watch = stopwatch()
  const bar = movesCursor(process.stdout) ? progressBar(last, watch) : undefined
  const leaveTerminal = () => bar?.stop()
  process.once('exit', leaveTerminal)
  const say = (sentence: string) => {
    bar?.stop()
    process.stdout.write(sentence + '\n')
  }
  return {
    introduce: (network, sentences) => say([summaryTable(network), ...sentences].join('\n')),
    say,
    begin(epoch, seen) {
      watch.start(seen)
      bar?.start(examples, seen, { epoch })
    },
    step: step => bar?.update(step.seen, { step }),
    end(epoch, score) {
      const parts = [t('train.epoch', { epoch, last }), ...figures(score)]
      if (score.validation) parts.push(t('train.validation', written(score.validation)))
      parts.push(t('train.seconds', { seconds: decimal(watch.seconds(), 1) }))
      say(parts.join('  '))
    },
    saved(path, sha256, next) {
      say(t('train.saved', { path }))
      say(`sha256 ${sha256}`)
      if (next) say(t('train.next', { command: next }))
    },
    close() {
      leaveTerminal()
      process.off('exit', leaveTerminal)
    },
  }
}

const written = ({ loss, accuracy }: Score) => ({ loss: decimal(loss, 4), accuracy: percent(accuracy) })
const figures = (score: Score) => [t('train.loss', written(score)), t('train.accuracy', written(score))]

/** A bar that takes what the terminal's width leaves beside the figures. */
function progressBar(last: number, watch: Stopwatch) {
  const format: cliProgress.GenericFormatter = (options, { progress, value, total, maxWidth }, payload) => {
    const { epoch, step } = payload as { epoch: number; step?: Step }
    const head = t('train.epoch', { epoch, last })
    const rate = watch.rate(value)
    const left = t('train.left', { time: minutes((total - value) / rate) })
    const tail = step
      ? [
          ...figures({ loss: step.loss, accuracy: step.metrics.accuracy }),
          t('train.rate', { rate: integer(rate) }),
          left,
        ].join('  ')
      : ''
    const barsize = Math.max(4, Math.min(40, maxWidth - head.length - tail.length - 5))
    return `${head}  ${cliProgress.Format.BarFormat(progress, { ...options, barsize })}  ${tail}`
  }
  const options = { format, clearOnComplete: true, hideCursor: true, gracefulExit: false, stream: process.stdout }
  return new cliProgress.SingleBar(options, cliProgress.Presets.shades_classic)
}

type Stopwatch = ReturnType<typeof stopwatch>

/** Times an epoch, from the example at which it began or went on. */
function stopwatch() {
  let begun = 0
  let before = 0
  const seconds = () => (performance.now() - begun) / 1000
  return {
    start(seen: number) {
      begun = performance.now()
      before = seen
    },
    seconds,
    /** Examples a second, having come to so many. */
    rate: (seen: number) => (seen - before) / seconds(),
  }
}
