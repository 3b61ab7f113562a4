// The page in a real browser, for the tests that need one. They run where CHIFFRE_CHROMIUM says where Chromium is.
import assert from 'node:assert/strict'
import { chromium, type Browser, type Page } from 'playwright-core'
import { serve, type Serving } from '../../cli/serve.js'
import { pageSite, type PageSettings } from '../../cli/site.js'

export const executablePath = process.env.CHIFFRE_CHROMIUM

export interface Opened {
  readonly page: Page
  readonly url: string
  /** What the page should not have done: errors and warnings in its console, requests to other hosts. */
  readonly wrong: readonly string[]
  /** The text that one sees of an element. */
  text(id: string): Promise<string>
  /** Waits until an expression is true in the page. */
  until(expression: string, timeout?: number): Promise<void>
  /** Waits until the page has started. */
  started(): Promise<void>
  /** Draws one stroke on a board, through points that are parts of its sides. */
  draw(points: readonly (readonly [number, number])[], board?: string): Promise<void>
  /**
   * How long the page's main thread was busy with each of its tasks while `work` ran, in milliseconds of its own time:
   * a machine that has other things to do does not count as the page being slow.
   */
  tasksDuring(work: () => Promise<void>): Promise<number[]>
  close(): Promise<void>
}

/** What Chromium's tracing says of a thread: its name (ph M), or a task with the time it took of it (ph X). */
interface TraceEvent {
  readonly ph: string
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** Microseconds of the thread's own time. */
  readonly tdur?: number
  readonly args: { readonly name?: string }
}

/** Serves the page and opens it. @param checkpoints as pageSite() takes them; options.serving: another server of the page */
export async function openPage(
  settings: Partial<PageSettings> = {},
  checkpoints: Parameters<typeof pageSite>[1] = {},
  {
    hash = '',
    flags = [],
    serving: other,
    ...context
  }: { hash?: string; flags?: readonly string[]; serving?: Omit<Serving, 'port'> } & NonNullable<
    Parameters<Browser['newContext']>[0]
  > = {},
): Promise<Opened> {
  const site = pageSite({ model: 'deepnet2', backend: 'wasm', lang: 'en', ...settings }, checkpoints)
  const serving = other ?? (await serve(site, 0))
  const args = [
    '--no-sandbox',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    ...flags,
  ]
  const browser = await chromium.launch({ executablePath: executablePath!, args })
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...context })
  const wrong: string[] = []
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) wrong.push(message.text())
  })
  page.on('pageerror', error => wrong.push(error.message))
  page.on('request', request => {
    if (!request.url().startsWith(serving.url) && !request.url().startsWith('blob:')) wrong.push(request.url())
  })
  const text = (id: string) => page.locator(`#${id}`).innerText()
  const started = async () => {
    await page.waitForSelector('html[data-backend]')
    await page.waitForSelector('#layers canvas', { state: 'attached' })
  }
  await page.goto(serving.url + hash)
  await started()
  return {
    page,
    url: serving.url,
    wrong,
    text,
    started,
    async until(expression, timeout = 30_000) {
      const end = Date.now() + timeout
      while (!(await page.evaluate(expression))) {
        if (Date.now() > end) assert.fail(`in vain: ${expression}; the page says: ${await text('notice-text')}`)
        await page.waitForTimeout(20)
      }
    },
    async draw(points, board = 'pen') {
      await page.locator(`#${board}`).scrollIntoViewIfNeeded()
      const { x, y, width, height } = (await page.locator(`#${board}`).boundingBox())!
      const at = ([u, v]: readonly [number, number]) => [x + u * width, y + v * height] as const
      await page.mouse.move(...at(points[0]))
      await page.mouse.down()
      for (const point of points.slice(1)) await page.mouse.move(...at(point), { steps: 5 })
      await page.mouse.up()
    },
    async tasksDuring(work) {
      await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] })
      await work()
      const trace = (await browser.stopTracing()).toString()
      const { traceEvents } = JSON.parse(trace) as { traceEvents: TraceEvent[] }
      const threads = traceEvents.filter(e => e.name === 'thread_name' && e.args.name === 'CrRendererMain')
      const ofPage = (e: TraceEvent) => threads.some(({ pid, tid }) => pid === e.pid && tid === e.tid)
      const tasks = traceEvents.filter(e => e.ph === 'X' && e.name.endsWith('RunTask') && ofPage(e))
      return tasks.map(({ tdur = 0 }) => tdur / 1000)
    },
    async close() {
      await browser.close()
      await serving.close()
    },
  }
}

/** Tests that need Chromium: skipped, with a word about how to run them, where there is none. */
export function inChromium(what: string, tests: (this: Mocha.Suite) => void) {
  if (executablePath) return describe(`${what}, in Chromium`, tests)
  const why = 'SKIPPED, set CHIFFRE_CHROMIUM=/usr/bin/chromium to run it'
  return describe.skip(`${what} in Chromium: ${why}`, () => it('works'))
}
