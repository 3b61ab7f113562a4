// The chapters of docs/ and the READMEs do what they say. The ```js blocks of a page are one program: each must print
// exactly the ```text block that follows it. A ```ts block names a file, and must stand in it, whatever its indentation.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string) => readFileSync(root + path, 'utf8')
const pages = ['', 'docs/'].flatMap(folder =>
  readdirSync(root + folder)
    .filter(name => name.endsWith('.md'))
    .map(name => folder + name),
)

/** The fenced blocks of a page: what stands behind the fence, the text inside, and the ```text right below it. */
function blocksOf(page: string) {
  const fence = /^```(\w+) ?(.*)\n([^]*?)^```$(?:\s*^```text\n([^]*?)^```$)?/gm
  return [...read(page).matchAll(fence)].map(([, language, file, code, output = '']) => ({
    language,
    file,
    code,
    output,
  }))
}

const flushLeft = (text: string) => text.replace(/^ +/gm, '')

describe('The chapters', () => {
  for (const page of pages) {
    const blocks = blocksOf(page)

    const programs = blocks.filter(({ language }) => language === 'js')
    if (programs.length > 0)
      it(`${page} prints what it says`, () => {
        const mark = '--- next block ---'
        const program = programs.map(({ code }) => code).join(`console.log('${mark}')\n`)
        const args = ['--input-type=module', '--eval', program]
        const printed = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
        assert.deepEqual(
          printed.split(`${mark}\n`),
          programs.map(({ output }) => output),
        )
      })

    for (const { file, code } of blocks.filter(({ language }) => language === 'ts'))
      it(`${page} quotes ${file} as it is`, () => {
        assert.ok(flushLeft(read(file)).includes(flushLeft(code)), `${file} does not contain:\n${code}`)
      })
  }
})
