// `learn`: exercises that are cut from the engine's own sources. A file is watched and checked whenever it is saved.
import { existsSync, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { emitKeypressEvents } from 'node:readline'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fill } from '../../engine/index.js'
import type { Finding } from '../../learn/check.js'
import type { Exercise } from '../../learn/exercises.js'
import { failure, misuse } from '../errors.js'
import { replaceFile } from '../files.js'
import { currentLanguage, t } from '../language.js'
import { wrapped } from '../explained.js'
import { significant } from '../numbers.js'
import { filePath, grouped, valued, type Values } from '../options.js'
import { table } from '../tables.js'

export const options = () =>
  grouped('help.general', {
    folder: valued(t('option.folder'), filePath('folder'), t('option.folder.default')),
  })
export const words = '[list | check | hint | reset | solution] [NUMBER]'
const actions = ['list', 'check', 'hint', 'reset', 'solution'] as const
type Action = (typeof actions)[number]

/** What is remembered, in exercises/progress.json. */
interface Progress {
  readonly solved: readonly string[]
  readonly tried: readonly string[]
  /** How many hints were given. */
  readonly hints: Readonly<Record<string, number>>
}

const root = fileURLToPath(new URL('../../../', import.meta.url))
const say = (text: string) => process.stdout.write(text + '\n')

/** @returns the exit code: of `check`, 1 if the exercise is not solved */
export async function run(
  { folder }: Values<ReturnType<typeof options>>,
  program: string,
  words: readonly string[],
): Promise<number> {
  if (!existsSync(join(root, 'engine/backward.ts'))) throw failure('learn.clone')
  const [first, second, third] = words
  const action = actions.find(name => name === first)
  const number = action ? second : first
  const rest = action ? third : second
  if (rest !== undefined) throw misuse('learn.words', { actual: rest, words: actions.join(', ') })
  const course = await Course.open(program, number, folder ?? join(root, 'exercises'))
  if (action) return course[action]()
  if (process.stdin.isTTY && process.stdout.isTTY) return course.watch()
  await course.introduce()
  return course.check()
}

class Course implements Record<Action, () => number | Promise<number>> {
  private constructor(
    readonly lessons: typeof import('../../learn/exercises.js') & typeof import('../../learn/workshop.js'),
    readonly folder: string,
    public current: Exercise,
    public progress: Progress,
  ) {}

  /** @param number which exercise; the first that is not solved if left out */
  static async open(program: string, number: string | undefined, folder: string): Promise<Course> {
    const lessons = { ...(await import('../../learn/exercises.js')), ...(await import('../../learn/workshop.js')) }
    const progress = await readProgress(folder)
    const { exercises } = lessons
    const open = exercises.find(({ id }) => !progress.solved.includes(id)) ?? exercises[exercises.length - 1]
    const wanted = exercises.find(
      ({ id }) => id === number || id.split('-')[0] === number?.padStart(2, '0') || id.slice(3) === number,
    )
    if (number !== undefined && !wanted)
      throw misuse('learn.which', { actual: number, command: `${program} learn list` })
    return new Course(lessons, folder, wanted ?? open, progress)
  }

  get #file() {
    return join(this.folder, `${this.current.id}.ts`)
  }
  get #shown() {
    const path = relative(process.cwd(), this.#file)
    return path.startsWith('..') ? this.#file : path
  }

  /** The task, and the file, which is made if it is not there. */
  async introduce() {
    const { title, task } = this.current
    if (!existsSync(this.#file)) await this.#write(await this.lessons.begin(this.current, currentLanguage()))
    const lines = wrapped(task[currentLanguage()].replaceAll('\n', ' '), '')
    say(`\n${title[currentLanguage()]}\n\n${lines.join('\n')}\n\n${t('learn.file', { path: this.#shown })}`)
  }

  async check(): Promise<number> {
    if (!existsSync(this.#file)) await this.introduce()
    const { id } = this.current
    const text = await readFile(this.#file, 'utf8')
    const { judgeInThread } = await import('../../learn/thread.js')
    const finding = await judgeInThread(this.current, text)
    if (finding) {
      if (!(await this.#isUntouched(text))) await this.#remember({ tried: [...this.progress.tried, id] })
      say(finding === 'endless' ? t('learn.endless', { id }) : await report(id, finding))
      return 1
    }
    await this.#remember({ solved: [...this.progress.solved, id] })
    const { exercises } = this.lessons
    say(t('learn.solved', { id, done: this.progress.solved.length, all: exercises.length }))
    if (this.progress.solved.length === exercises.length) say(t('learn.done'))
    return 0
  }

  list(): number {
    const { solved, tried } = this.progress
    const stateOf = (id: string) =>
      solved.includes(id) ? t('learn.state.solved') : tried.includes(id) ? t('learn.state.tried') : ''
    const rows = this.lessons.exercises.map(({ id, title }) => [
      id,
      title[currentLanguage()].replace(/^\d+\. /, ''),
      stateOf(id),
    ])
    say(table([t('learn.exercise'), t('learn.title'), t('learn.state')], rows))
    return 0
  }

  async hint(): Promise<number> {
    const { id, hints } = this.current
    const given = this.progress.hints[id] ?? 0
    const texts = [...hints.map(hint => hint[currentLanguage()]), this.lessons.beginningOf(this.current)]
    if (given >= texts.length) say(t('learn.noHints'))
    else {
      say(t('learn.hint', { level: given + 1, hint: '' }) + texts[given])
      await this.#remember({ hints: { ...this.progress.hints, [id]: given + 1 } })
    }
    return 0
  }

  async reset(): Promise<number> {
    await this.#write(await this.lessons.begin(this.current, currentLanguage()))
    const hints = { ...this.progress.hints, [this.current.id]: 0 }
    await this.#remember({ solved: this.progress.solved.filter(id => id !== this.current.id), hints })
    say(t('learn.reset', { path: this.#shown }))
    return 0
  }

  async solution(): Promise<number> {
    if (!this.progress.tried.includes(this.current.id)) {
      say(t('learn.try'))
      return 1
    }
    await this.#write(await this.lessons.solution(this.current, currentLanguage()))
    say(t('learn.solution', { path: this.#shown }))
    return 0
  }

  /** Checks whenever the file is saved, until q or Ctrl-C. */
  async watch(): Promise<number> {
    const { stdin } = process
    const begin = async () => {
      await this.introduce()
      say(`${t('learn.watching')}\n${t('learn.keys')}\n`)
      if (!(await this.#isUntouched(await readFile(this.#file, 'utf8')))) await this.check()
    }
    await begin()
    // One thing after the other: an editor may save twice, and a key may come while a check is under way.
    let busy: Promise<unknown> = Promise.resolve()
    let last = await readFile(this.#file, 'utf8')
    const next = (work: () => Promise<unknown> | number) =>
      void (busy = busy.then(work).catch((error: unknown) => say(String(error))))
    const watcher = watch(dirname(this.#file), (_, name) => {
      if (name !== basename(this.#file)) return
      next(async () => {
        const text = await readFile(this.#file, 'utf8').catch(() => last)
        if (text === last || text === '') return
        last = text
        await this.check()
      })
    })
    emitKeypressEvents(stdin)
    stdin.setRawMode(true)
    try {
      await new Promise<void>(resolve => {
        stdin.on('keypress', (_, key: { name?: string; ctrl?: boolean }) => {
          if (key.name === 'q' || (key.ctrl && key.name === 'c')) return resolve()
          const keys: Record<string, () => Promise<unknown> | number> = {
            h: () => this.hint(),
            l: () => this.list(),
            r: () => this.reset(),
            s: () => this.solution(),
            n: async () => {
              const { exercises } = this.lessons
              this.current = exercises[(exercises.indexOf(this.current) + 1) % exercises.length]
              await begin()
              last = await readFile(this.#file, 'utf8')
            },
          }
          const work = keys[key.name ?? '']
          if (work) next(work)
        })
      })
    } finally {
      watcher.close()
      stdin.setRawMode(false)
      stdin.removeAllListeners('keypress')
      stdin.pause()
      await busy
    }
    return 0
  }

  #write(text: string) {
    return replaceFile(this.#file, Buffer.from(text))
  }

  /** Whether the file is as it was handed out, in either language. */
  async #isUntouched(text: string): Promise<boolean> {
    return (
      text === (await this.lessons.begin(this.current, 'en')) || text === (await this.lessons.begin(this.current, 'fr'))
    )
  }

  async #remember(changes: Partial<Progress>) {
    const { solved, tried, hints } = { ...this.progress, ...changes }
    this.progress = { solved: [...new Set(solved)], tried: [...new Set(tried)], hints }
    await replaceFile(progressFile(this.folder), Buffer.from(JSON.stringify(this.progress, null, 2) + '\n'))
  }
}

const progressFile = (folder: string) => join(folder, 'progress.json')

async function readProgress(folder: string): Promise<Progress> {
  const none: Progress = { solved: [], tried: [], hints: {} }
  try {
    return { ...none, ...(JSON.parse(await readFile(progressFile(folder), 'utf8')) as Partial<Progress>) }
  } catch {
    return none
  }
}

/** What is wrong: the number, what it should be, and the likely cause. */
async function report(id: string, { what, place, found, right, cause, message }: Finding): Promise<string> {
  const { causes } = await import('../../learn/diagnosis.js')
  const language = currentLanguage()
  const values = { what: what[language], place: place && place.length > 0 ? `[${place}] ` : '' }
  const lines = [t('learn.notYet', { id })]
  if (message !== undefined) lines.push(t('learn.message', { ...values, message }))
  else if (found === undefined || right === undefined) lines.push(t('learn.only', values))
  else lines.push(t('learn.numbers', { ...values, found: significant(found), right: significant(right) }))
  if (cause) {
    const factor = cause.factor === undefined ? '' : significant(cause.factor)
    lines.push(t('learn.cause', { cause: fill(causes[cause.cause][language], { factor }) }))
  }
  return lines.join('\n')
}
