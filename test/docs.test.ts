// The chapters of docs/ and the READMEs do what they say, block by block:
//   ```js        a program of its own, which prints exactly the ```text block that follows it
//   ```js FILE   the same, and what the page's commands find under that name
//   ```ts FILE   stands in that file, whatever its indentation
//   ```console   commands after `$ ` and what they print; a line `…` stands for any lines
//   ```html      a page: test/package reads digits in it
//   ```sh        commands that install or measure: they are not run
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PNG } from 'pngjs'
import { drawn } from '../bench/figures/index.js'
import { loadDataset } from '../cli/datasets.js'
import { chiffre, temporaryFolder } from './cli/chiffre.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** What a student reads from end to end, in engine/. */
const { core } = (await import(new URL('../../scripts/core.js', import.meta.url).href)) as { core: string[] }
const read = (path: string) => readFileSync(root + path, 'utf8')
const pages = ['', 'docs/'].flatMap(folder =>
  readdirSync(root + folder, { recursive: folder !== '', encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => folder + name.replaceAll('\\', '/'))
    // written by `npm run reference`, whose --check is CI's
    .filter(name => !name.startsWith('docs/en/reference/')),
)

interface Block {
  /** `js`, or `ts` with the file that it quotes. */
  readonly language: string
  readonly file: string
  readonly code: string
  /** The ```text right below it. */
  readonly output: string
}

/** The fenced blocks of a page. */
const blocksOf = (page: string): Block[] =>
  [...read(page).matchAll(/^```(\w+) ?(.*)\n([^]*?)^```$(?:\s*^```text\n([^]*?)^```$)?/gm)].map(
    ([, language, file, code, output = '']) => ({ language, file, code, output }),
  )

/** The files that a page links to or shows, from the root. */
const targetsOf = (page: string) =>
  [...read(page).matchAll(/\]\(([^)#]+)/g)]
    .map(([, link]) => link)
    .filter(link => !link.includes('://'))
    .map(link => join(page, '..', link).replaceAll('\\', '/'))

/** The numbers in a text: 1,234.5 in English is 1 234,5 in French. */
const figures = (text: string, french: boolean) =>
  text
    .replace(french ? /(?<=\d)[ \u00a0\u202f](?=\d{3}\b)/g : /(?<=\d),(?=\d{3}\b)/g, '')
    .replace(/(?<=\d),(?=\d)/g, '.')
    .match(/-?\d+(\.\d+)?/g)
    ?.join(' ')

/** The guide's pages in one language. The chapters begin with their number. */
const guide = (language: string) => readdirSync(`${root}docs/${language}`).filter(name => name.endsWith('.md'))
const chapters = (language: string) => guide(language).filter(name => /^\d\d-/.test(name))

/** The page in English that a page in French says again, if there is one. */
function inEnglish(path: string): string | undefined {
  if (path === 'README.fr.md') return 'README.md'
  const [, name] = /^docs\/fr\/(.*)/.exec(path) ?? []
  if (!name) return path.replace(/^(docs\/figures\/.*)\.fr\.svg$/, '$1.svg')
  const others: Record<string, string> = { 'seance.md': 'lesson.md', 'ecriture.md': 'handwriting.md' }
  const twin = chapters('en').find(chapter => chapter.slice(0, 3) === name.slice(0, 3)) ?? others[name] ?? name
  return guide('en').includes(twin) ? `docs/en/${twin}` : undefined
}

/** The files that a page links to, in English, without those that there are in French only. */
const linksOf = (page: string) =>
  targetsOf(page)
    .map(inEnglish)
    .filter(path => path !== undefined)

const flushLeft = (text: string) => text.replace(/^ +/gm, '')
const run = promisify(execFile)

describe('The chapters', () => {
  for (const page of pages) {
    const blocks = blocksOf(page)

    const programs = blocks.filter(({ language }) => language === 'js')
    if (programs.length > 0)
      it(`${page} prints what it says, each program on its own`, async function () {
        this.timeout(60_000)
        const printed = programs.map(({ code }) =>
          run(process.execPath, ['--input-type=module', '--eval', code], { cwd: root }).then(({ stdout }) => stdout),
        )
        assert.deepEqual(
          await Promise.all(printed),
          programs.map(({ output }) => output),
        )
      })

    for (const { file, code } of blocks.filter(({ language }) => language === 'ts'))
      it(`${page} quotes ${file} as it is`, () => {
        assert.ok(flushLeft(read(file)).includes(flushLeft(code)), `${file} does not contain:\n${code}`)
      })

    it(`${page} links to files that there are`, () => {
      assert.deepEqual(
        targetsOf(page).filter(path => !existsSync(root + path)),
        [],
      )
    })

    it(`${page} has no block of a kind that nobody looks at`, () => {
      const known = ['js', 'ts', 'console', 'html', 'sh']
      assert.deepEqual(
        blocks.filter(({ language }) => !known.includes(language)).map(({ language, code }) => `${language}: ${code}`),
        [],
      )
    })

    const sessions = blocks.filter(({ language }) => language === 'console')
    if (sessions.length > 0)
      it(`${page} shows what the program prints`, async function () {
        this.timeout(240_000)
        const folder = join(temporaryFolder(), page)
        mkdirSync(folder, { recursive: true })
        await writePictures(folder)
        for (const { file, code } of programs) if (file) writeFileSync(join(folder, file), code)
        const language = /\bfr\b/.test(page) ? 'fr' : 'en'
        for (const { code } of sessions)
          for (const [, line, expected] of code.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
            const printed = plain(await print(line, folder, language))
            if (expected) assert.match(printed, patternOf(expected), `$ ${line}\n${printed}`)
          }
        // of the pictures, those that its commands draw
        for (const [, link] of read(page).matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)) {
          const drawn = join(folder, 'storage', basename(link))
          if (existsSync(drawn)) assertSamePicture(drawn, join(root, page, '..', link))
        }
      })
  }
})

/** With CHIFFRE_RECORD a page is given the picture instead. */
function assertSamePicture(drawn: string, shown: string) {
  if (process.env.CHIFFRE_RECORD) copyFileSync(drawn, shown)
  const [now, then] = [drawn, shown].map(path => readFileSync(path))
  const content = (bytes: Buffer) =>
    shown.endsWith('.png') ? PNG.sync.read(bytes).data.toString('latin1') : plain(bytes.toString())
  assert.ok(content(now) === content(then), `${shown} is not what the program draws now: see CONTRIBUTING.md`)
}

/** Commands that compute, and so may differ in the last digit between processors unless they are told not to. */
const computing = ['train', 'test', 'use', 'read']

/** What a command prints, run where `storage/` is. */
async function print(line: string, folder: string, language: string): Promise<string> {
  const [node, cli, command, ...options] = line.split(' ')
  assert.deepEqual([node, cli], ['node', 'cli'], `a command that this test cannot run: ${line}`)
  const strict = computing.includes(command) ? ['--strict-float'] : []
  const here = process.cwd()
  process.chdir(folder)
  try {
    const { code, out, err } = await chiffre(command, '--lang', language, ...options, ...strict)
    assert.equal(code, 0, `$ ${line}\n${err}`)
    return out
  } finally {
    process.chdir(here)
  }
}

/** Without what differs from run to run: times and hashes. */
const plain = (text: string) =>
  text
    .replace(/\b\d+[.,]\d s$/gm, 'T s')
    .replace(/\b[0-9a-f]{64}\b/g, 'HASH')
    .replace(/[ \u00a0]+$/gm, '')
    .replace(/[\u00a0\u202f]/g, ' ')

function patternOf(expected: string): RegExp {
  const lines = plain(expected)
    .split('\n')
    .map(line => (line === '…' ? '[^]*?' : line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') + '\n'))
  return new RegExp(`^${lines.join('').replace(/\n$/, '')}$`)
}

/** digit.png and code.png: the first of MNIST's test images, and the first five of them, 7 2 1 0 4, side by side. */
async function writePictures(folder: string) {
  const { images } = await loadDataset('mnist', 'test')
  for (const [count, ...names] of [
    [1, 'digit.png', 'chiffre.png'],
    [5, 'code.png'],
  ] as const) {
    const png = new PNG({ width: 28 * count, height: 28 })
    for (let k = 0; k < count; k++)
      for (let i = 0; i < 28; i++)
        for (let j = 0; j < 28; j++) {
          const at = 4 * (28 * (count * i + k) + j)
          png.data.fill(255 - images.get(k, i, j), at, at + 3)
          png.data[at + 3] = 255
        }
    for (const name of names) writeFileSync(join(folder, name), PNG.sync.write(png))
  }
}

describe('The two READMEs', () => {
  const [english, french] = ['README.md', 'README.fr.md'].map(read)
  const tables = (text: string) => [...text.matchAll(/^\|.*\|$/gm)].map(([row]) => row)

  it('have the same headings, in the same order, tables of the same size, and links to the same files', () => {
    const levels = (text: string) => [...text.matchAll(/^(#+) /gm)].map(([, level]) => level)
    assert.deepEqual(levels(french), levels(english))
    assert.equal(tables(french).length, tables(english).length)
    const others = (page: string) => [...new Set(linksOf(page))].filter(link => !link.startsWith('README')).sort()
    assert.deepEqual(others('README.fr.md'), others('README.md'))
  })
  it('have the same figures in their tables', () => {
    const rows = (text: string) => tables(text).map(row => figures(row, text === french))
    assert.deepEqual(rows(french), rows(english))
  })
  it('lead to every file that a reader meets, with the chapters beside them', () => {
    const files = [...core, 'network.ts', 'program.ts', 'backend.ts', 'backends/cpu.ts'].map(name => `engine/${name}`)
    for (const target of [
      ...files,
      ...chapters('en')
        .slice(0, 8)
        .map(name => `docs/en/${name}`),
    ])
      assert.ok(linksOf('README.md').includes(target), target)
  })
  it('lead to the guide', () => {
    assert.ok(
      linksOf('README.md').includes('docs/en/README.md') && read('README.fr.md').includes('](docs/fr/README.md)'),
    )
  })
  it('are short', () => {
    for (const text of [english, french]) assert.ok(text.length <= 10_161, `${text.length}`)
  })
})

describe('The guide', () => {
  for (const page of guide('fr').map(name => `docs/fr/${name}`)) {
    const twin = inEnglish(page)
    if (twin)
      it(`${page} has the headings, programs, figures and links of ${twin}`, () => {
        const shapeOf = (page: string, french: boolean) => ({
          levels: [...read(page).matchAll(/^(#+) /gm)].map(([, level]) => level),
          // what programs print, and their comments, may be said in either language
          blocks: blocksOf(page).map(({ language, file, code, output }) => ({
            language,
            file,
            code: language === 'console' ? commandsOf(code) : speechless(code),
            // of a program without spaces: 413 141 514 are three numbers that it prints, and 10 000 one that a French label says
            figures: language === 'console' ? figures(code, french) : figures(output, false)?.replaceAll(' ', ''),
          })),
          links: linksOf(page),
          rows: [...read(page).matchAll(/^\|.*/gm)].map(([row]) => figures(row.replace(/\([^)]*\)/g, ''), french)),
        })
        assert.deepEqual(shapeOf(page, true), shapeOf(twin, false))
      })
  }

  for (const [language, contents] of [
    ['en', 'Contents'],
    ['fr', 'Sommaire'],
  ]) {
    const folder = `docs/${language}/`
    const linkTo = (name?: string) => (name ? `[${/^# (.*)/.exec(read(folder + name))?.[1]}](${name})` : '')

    it(`in ${folder} leads from chapter to chapter, and lists its pages`, () => {
      const names = chapters(language)
      const index = read(folder + 'README.md')
      names.forEach((name, i) => {
        const [before, after] = [linkTo(names[i - 1]), linkTo(names[i + 1])]
        const way = [before && `← ${before}`, `[${contents}](README.md)`, after && `${after} →`]
          .filter(Boolean)
          .join(' · ')
        assert.equal(
          read(folder + name)
            .trimEnd()
            .split('\n')
            .at(-1),
          way,
          name,
        )
      })
      const others = guide(language).filter(name => name !== 'README.md' && !names.includes(name))
      for (const name of [...names, ...others])
        assert.ok(index.includes(`](${name})`), `${folder}README.md lists ${name}`)
    })
  }
})

/** Without comments and what stands in quotes. */
const speechless = (code: string) => code.replace(/'[^'\n]*'/g, "''").replace(/ *\/\/.*|\/\*[^]*?\*\//g, '')

const commandsOf = (code: string) => [...code.matchAll(/^\$ (.*)/gm)].map(([, line]) => line.replace(' --lang fr', ''))

describe('Every file of engine/', () => {
  it('opens with its role: the first words after its imports', () => {
    const files = readdirSync(root + 'engine', { recursive: true, encoding: 'utf8' }).filter(name =>
      name.endsWith('.ts'),
    )
    const silent = files.filter(name => {
      const text = read(`engine/${name}`).replace(
        /^(import|export type) [^']*'.*'\n|^export type \{ \w+ \}\n|^\n/gm,
        '',
      )
      return !/^(\/\/ |\/\*\*)/.test(text)
    })
    assert.deepEqual(silent, [])
  })
})

describe('The figures', () => {
  it('of the learning rates and the table beside them are what was measured', () => {
    const runs = JSON.parse(read('bench/figures/learning-rates.json')) as { optimizer: string; accuracies: number[] }[]
    for (const [optimizer, name] of [
      ['adam', 'Adam'],
      ['sgd', 'SGD'],
    ]) {
      const accuracies = runs.filter(run => run.optimizer === optimizer).map(run => 100 * run.accuracies.at(-1)!)
      const [row] = new RegExp(`^\\| ${name} .*$`, 'm').exec(read('docs/en/06-optimizers.md'))!
      assert.equal(figures(row, false), accuracies.map(value => value.toFixed(2)).join(' '))
    }
  })
  it('are what `npm run figures` draws, and each stands on a page', async () => {
    const folder = `${root}docs/figures/`
    const files = await drawn()
    for (const [name, text] of files)
      assert.equal(readFileSync(folder + name, 'utf8'), text, `npm run figures: ${name}`)
    const shown = ['en', 'fr'].flatMap(language =>
      guide(language).flatMap(name => targetsOf(`docs/${language}/${name}`)),
    )
    const pictures = readdirSync(folder).filter(name => name.endsWith('.svg'))
    assert.deepEqual(pictures.sort(), [...files.keys()].sort())
    for (const name of pictures) assert.ok(shown.includes(`docs/figures/${name}`), `no page shows ${name}`)
  })
})
