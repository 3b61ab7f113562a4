// `npm run reference`: docs/en/reference/, the public names as their docstrings explain them, by TypeDoc and its plugin for
// Markdown. With --check nothing is written, and what is stale is named.
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Application } from 'typedoc'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(root, 'docs/en/reference')

/** TypeDoc's files, and what they become. */
const pages = {
  'README.md': 'README.md',
  'engine/README.md': 'engine.md',
  'engine/namespaces/ops.md': 'ops.md',
  'engine/namespaces/losses.md': 'losses.md',
  'data.md': 'data.md',
  'training.md': 'training.md',
  'models.md': 'models.md',
}
const titles = {
  'README.md': 'Reference',
  'engine.md': '`chiffre`',
  'ops.md': '`ops`, of `chiffre`',
  'losses.md': '`losses`, of `chiffre`',
  'data.md': '`chiffre/data`',
  'training.md': '`chiffre/training`',
  'models.md': '`chiffre/models`',
}
const index = `Written by \`npm run reference\` from the docstrings.

- [chiffre](engine.md): tensors, layers, networks, optimizers and backends, with [ops](ops.md), the operations, and [losses](losses.md).
  \`chiffre/inference\` has those of them that read: layers, networks, \`cpu\`, \`wasm\` and \`deserialize\`.
- [chiffre/data](data.md): data sets, their files, and how a picture is prepared.
- [chiffre/training](training.md): a whole training, with checkpoints; one step laid open; gradients checked.
- [chiffre/models](models.md): the networks that come with it.
`

const out = await mkdtemp(join(tmpdir(), 'reference-'))
const written = await typedoc()
await rm(out, { recursive: true })
if (process.argv.includes('--check')) {
  const names = new Set([...written.keys(), ...(await readdir(folder))])
  for (const name of names)
    if ((await readFile(join(folder, name), 'utf8').catch(() => '')) !== written.get(name)) {
      console.error(`docs/en/reference/${name} is stale: npm run reference:install && npm run reference`)
      process.exitCode = 1
    }
} else {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  for (const [name, text] of written) await writeFile(join(folder, name), text)
}

/** @returns {Promise<Map<string, string>>} what each page says */
async function typedoc() {
  const app = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    tsconfig: join(root, 'scripts/reference/tsconfig.json'),
    basePath: root,
    entryPoints: ['engine/index.ts', 'data/index.ts', 'training/index.ts', 'models/index.d.ts'].map(
      path => root + path,
    ),
    out,
    readme: 'none',
    disableGit: true,
    sourceLinkTemplate: '../../../{path}',
    excludeExternals: true,
    excludeInternal: true,
    excludePrivate: true,
    validation: { notExported: false, invalidLink: true, invalidPath: true },
    treatWarningsAsErrors: true,
    logLevel: 'Warn',
    outputFileStrategy: 'modules',
    hideBreadcrumbs: true,
    hidePageHeader: true,
    useCodeBlocks: true,
    expandParameters: true,
    classPropertiesFormat: 'table',
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    propertyMembersFormat: 'table',
    typeDeclarationFormat: 'table',
    tableColumnSettings: {
      hideSources: true,
      hideDefaults: true,
      hideInherited: true,
      hideOverrides: true,
      hideModifiers: true,
    },
  })
  const project = await app.convert()
  if (!project) process.exit(1)
  app.validate(project)
  await app.generateOutputs(project)
  if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1)
  const names = (await readdir(out, { recursive: true })).filter(name => name.endsWith('.md'))
  const entries = names.map(async name => {
    const page = pages[name.replaceAll('\\', '/')]
    if (!page) throw new Error(`scripts/reference/write.js: what is ${name}?`)
    const body = page === 'README.md' ? index : tidy(await readFile(join(out, name), 'utf8'))
    return /** @type {const} */ ([page, `# ${titles[page]}\n\n${body.trim()}\n`])
  })
  return new Map((await Promise.all(entries)).sort())
}

/**
 * Without line numbers, which every change of a file would move, and without what the signature says already: parameters
 * that nobody describes, and the type of a result about which nothing is said.
 * @param {string} text
 */
function tidy(text) {
  const section = (/** @type {string} */ name, /** @type {string} */ body) =>
    new RegExp(`^#+ ${name}\\n\\n${body}\\n(?=\\n|$)`, 'gm')
  return text
    .replace(/^# .*\n/, '')
    .replace(/^(Defined in: \[[^\]]*?):\d+\]/gm, '$1]')
    .replace(/^(#{4,}.*\n\n(?:```[^]*?```\n\n)?)Defined in:.*\n\n/gm, '$1')
    .replace(/^\*\*\*\n/gm, '')
    .replace(/__namedParameters\d*/g, 'options')
    .replace(section('Parameters', String.raw`\| Parameter \| Type \|\n(?:\|.*\n?)+`), '')
    .replace(section('(?:Returns|Inherited from|Overrides|Implementation of|Extends|Implements)', '(?:[^#\\n].*)'), '')
    .replace(
      /(\]\()(?:\.\.\/)*(?:engine\/)?(?:namespaces\/)?(README|ops|losses|data|training|models)\.md/g,
      (_, open, name) => `${open}${name === 'README' ? 'engine' : name}.md`,
    )
    .replace(/\n{3,}/g, '\n\n')
}
