// Turns the TypeScript of this repository into dist/, file by file, when something changed since the last time.
//
// `node cli`, `npm test` and `npm run …` all begin here, so nobody has to remember to build: `build()` compares
// the sources' names, sizes and dates with those that dist/ was made from, and returns at once when they agree.
// Types are stripped, not checked (`npm run types` checks them): a change to a model runs 0.1 s later.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const folders = ['engine', 'models', 'data', 'training', 'learn', 'cli', 'web', 'bench', 'test', 'scripts']
const assembly = 'engine/backends/wasm/assembly'
/** The names and parameters of the kernels, for the code that calls them: written from what assembly/ exports. */
const kernelTypes = 'engine/backends/wasm/kernels.ts'
/** One function for each kernel, all of one form, which a program calls by their numbers: written from the kernels' sources. */
const kernelCalls = `${assembly}/calls.ts`

/**
 * Every source below the folders, as `path size date`, sorted: equal lists mean that nothing changed. Each command waits for
 * this, and hundreds of short calls cost less without a promise each.
 */
function sources() {
  const found = []
  for (const folder of folders) {
    if (!existsSync(join(root, folder))) continue
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true, recursive: true })) {
      if (!entry.isFile() || !/\.(ts|js|html|css|svg)$/.test(entry.name)) continue
      const path = join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/')
      if (path.includes('node_modules/')) continue
      const { size, mtimeMs } = statSync(join(root, path))
      found.push(`${path} ${size} ${Math.round(mtimeMs)}`)
    }
  }
  return found.sort()
}

/** What the kernels' binary is made from: their sources, and how they are compiled. */
const isAssembly = line => line.startsWith(`${assembly}/`) || line.startsWith('scripts/build.js ')

/**
 * Brings dist/ up to date.
 * @param {{ force?: boolean, forPackage?: boolean, notice?: string }} [options] force: even when nothing changed; forPackage:
 *   as the package carries it, without source maps and with the few parts of large packages that it uses; notice: said before
 * @throws an Error whose one line says where a source does not compile
 */
export async function build({
  force = false,
  forPackage = false,
  notice = 'chiffre: the sources changed, building… ',
} = {}) {
  let list = sources()
  let stamp = list.join('\n')
  const before = await readFile(join(dist, '.stamp'), 'utf8').catch(() => '')
  if (!force && before === stamp) return
  process.stderr.write(notice)

  // Into a folder of its own, which then takes dist/'s place: a reader never sees half a build.
  const fresh = `${dist}.${process.pid}`
  try {
    const sameKernels = before.split('\n').filter(isAssembly).join() === list.filter(isAssembly).join()
    const kernels = ['fused', 'strict'].map(name => `engine/backends/wasm/${name}.js`)
    if (sameKernels && !force && kernels.every(file => existsSync(join(dist, file))))
      for (const file of kernels) await cp(join(dist, file), join(fresh, file))
    else if (list.some(isAssembly)) {
      await compileKernels(join(fresh, 'engine/backends/wasm'))
      list = sources()
      stamp = list.join('\n')
    }
    await transpile(list, fresh, !forPackage)
    await writeModelRegistry(list, join(fresh, 'models/index.js'))
    await writeOperations(list, join(fresh, 'training/operations.js'))
    await bundleWorker(join(fresh, 'engine/backends/wasm'))
    await bundlePage(fresh, !forPackage)
    if (forPackage) await bundlePlot(fresh)
    await writeFile(join(fresh, '.stamp'), stamp)
    if (existsSync(dist)) await rename(dist, `${fresh}.old`).catch(() => {})
    await rename(fresh, dist).catch(error => {
      // Another process built the same sources meanwhile: its dist/ is as good as ours.
      if (!existsSync(join(dist, '.stamp'))) throw error
    })
  } finally {
    for (const folder of [fresh, `${fresh}.old`]) await rm(folder, { recursive: true, force: true })
    process.stderr.write('\n')
  }
}

/** Strips the types of every source. JavaScript that the command line shares with its unbuilt beginning is copied. */
async function transpile(list, outdir, sourcemap) {
  const entryPoints = list
    .map(line => line.split(' ')[0])
    .filter(p => /(?<!\.d|\.as)\.ts$|^cli\/messages\/.*\.js$/.test(p)) // .as.ts is AssemblyScript
    .filter(p => !p.startsWith(assembly))
  const options = { outdir, outbase: root, sourcemap }
  await esbuild({ ...options, entryPoints, format: 'esm', platform: 'neutral', target: 'es2022' })
}

/** Runs esbuild. @throws an Error whose one line says where, and what is wrong there */
async function esbuild(options) {
  const { build: run } = await import('esbuild')
  await run({ absWorkingDir: root, logLevel: 'silent', ...options }).catch(error => {
    const { text, location } = error.errors?.[0] ?? { text: error.message }
    throw new Error(location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text)
  })
}

/**
 * Writes dist/models/index.js, whose `models` holds every function that a file of models/ exports, by its name:
 * adding a function to models/ is all it takes to add a model.
 */
async function writeModelRegistry(list, path) {
  const files = list.map(line => line.split(' ')[0]).filter(p => /^models\/[^/]+(?<!\.d)\.ts$/.test(p))
  const names = files.map(file => file.slice('models/'.length, -'.ts'.length))
  const code = [
    ...names.map((name, i) => `import * as file${i} from './${name}.js'`),
    'export const models = {}',
    `for (const [file, exported] of [${names.map((name, i) => `['${name}', file${i}]`).join(', ')}])`,
    '  for (const [name, model] of Object.entries(exported)) {',
    "    if (typeof model !== 'function') continue",
    '    if (models[name]) throw Object.assign(new Error(`there is a model ${name} already`), { file, twice: name })',
    '    models[name] = model',
    '  }',
  ]
  await writeFile(path, code.join('\n') + '\n')
  await cp(join(root, 'models/index.d.ts'), path.replace(/js$/, 'd.ts'))
}

/**
 * Writes dist/training/operations.js: of each operation its formulas, as the comment above it says them, and the line that it
 * begins in. A trace of a step shows them, and they are never other ones than the source's.
 */
async function writeOperations(list, path) {
  const files = list.map(line => line.split(' ')[0]).filter(p => /^engine\/(ops|losses)\/\w+\.ts$/.test(p))
  const operations = {}
  for (const file of files) {
    const text = (await readFile(join(root, file), 'utf8')).replaceAll('\r\n', '\n')
    for (const found of text.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\nexport (?:const|function) (\w+)/g)) {
      const [all, comment, name] = found
      const parts = comment
        .replace(/^ *\* ?/gm, '')
        .replace(/@throws[^]*|^docs\/.*$/gm, '')
        .split(/\n\s*\n| {3,}|\n(?=x \[)/)
        .map(part => part.replace(/\s+/g, ' ').trim())
      const [forward] = parts
      if (!/^\S+ = /.test(forward) && !text.includes(`record('${name}'`)) continue // a helper
      const backward = parts.filter(part => /^(d[^ ]+( =|:)|y' =)/.test(part)).join('   ')
      const shapes = parts.find(part => /\[.*→/.test(part)) ?? ''
      const line = text.slice(0, found.index + all.length).split('\n').length
      operations[name] = { forward, backward, shapes, file, line }
    }
  }
  await writeFile(path, `export const operations = ${JSON.stringify(operations, null, 2)}\n`)
  const types = 'training/operations.d.ts'
  if (existsSync(join(root, types))) await cp(join(root, types), path.replace(/js$/, 'd.ts'))
}

/**
 * Makes the script of the wasm backend's threads one file without imports, and writes it as a text too: with that a thread
 * begins wherever a bundler has put the engine.
 */
async function bundleWorker(folder) {
  const worker = join(folder, 'worker.js')
  if (!existsSync(worker)) return
  const options = { allowOverwrite: true, bundle: true, minify: true, format: 'iife', target: 'es2022' }
  await esbuild({ entryPoints: [worker], outfile: worker, ...options })
  await rm(`${worker}.map`, { force: true })
  const source = (await readFile(worker, 'utf8')).trim()
  await writeFile(join(folder, 'workerSource.js'), `export const source = ${JSON.stringify(source)}\n`)
}

/**
 * Puts the page together in dist/page, from the modules that were just transpiled: a script for the page, one for its
 * Worker, and what both load when they need it. Minified, because it may be put on a host (cli/site.ts); source maps show
 * what was written.
 */
async function bundlePage(fresh, sourcemap) {
  const page = join(fresh, 'page')
  const entryPoints = ['web/main.js', 'web/network.js', 'web/isolate.js', 'engine/backends/wasm/worker.js']
    .map(path => join(fresh, path))
    .filter(path => existsSync(path))
  const options = { outdir: page, entryNames: '[name]', target: 'es2022', bundle: true, minify: true }
  const styles = { in: join(root, 'web/main.css'), out: 'main' }
  await esbuild({ ...options, entryPoints, splitting: true, format: 'esm', sourcemap })
  await esbuild({ ...options, entryPoints: [styles] })
  for (const file of ['index.html', 'icon.svg']) await cp(join(root, 'web', file), join(page, file))
}

/** Takes what the curves' picture uses of Observable Plot, d3 and linkedom into its module: they are 12 MB, and this 0.5. */
async function bundlePlot(fresh) {
  const path = join(fresh, 'cli/curvesPicture.js')
  const options = { bundle: true, minify: true, format: 'esm', platform: 'node', target: 'es2022' }
  const ownModules = {
    name: 'own modules stay where they are',
    setup: plugin =>
      plugin.onResolve({ filter: /^\./ }, ({ path: what, importer }) =>
        importer === path ? { path: what, external: true } : undefined,
      ),
  }
  const plugins = [ownModules]
  await esbuild({
    entryPoints: [path],
    outfile: path,
    allowOverwrite: true,
    legalComments: 'inline',
    plugins,
    ...options,
  })
}

/**
 * Compiles the AssemblyScript kernels twice, with and without relaxed SIMD (fused multiply-add), and writes each as
 * base64 into a module: the engine reads no file, and a page loads one of them.
 */
async function compileKernels(folder) {
  const signatures = await writeKernelCalls()
  await mkdir(folder, { recursive: true })
  for (const [name, fused] of [
    ['fused', true],
    ['strict', false],
  ]) {
    const { bytes, types } = await compileAssembly(join(assembly, 'exports.ts'), { fused })
    const code = `export const binary = '${Buffer.from(bytes).toString('base64')}'\n`
    await writeFile(join(folder, `${name}.js`), `// Compiled from ${assembly} by scripts/build.js.\n${code}`)
    if (name === 'strict') await writeKernelTypes(types, await constantsOf(bytes), signatures)
  }
}

/**
 * Writes calls.ts, if it has changed: for each kernel(item, scratch, …) of assembly/, a function that takes what follows from memory.
 * @returns of each kernel the types of these arguments
 */
async function writeKernelCalls() {
  const kernels = []
  for (const file of readdirSync(join(root, assembly)).sort()) {
    const source = await readFile(join(root, assembly, file), 'utf8')
    const found = source.matchAll(/^export function (\w+)\(\s*item: i32,\s*scratch: usize,([^)]*)\)/gm)
    for (const [, name, list] of found)
      kernels.push({
        name,
        file: file.slice(0, -'.ts'.length),
        types: [...list.matchAll(/\w+: (\w+)/g)].map(m => m[1]),
      })
  }
  const files = [...new Set(kernels.map(({ file }) => file))]
  const load = (type, i) =>
    type === 'bool' ? `load<i32>(args, ${4 * i}) != 0` : `load<${addresses[type] ? 'u32' : type}>(args, ${4 * i})`
  const code = [
    '// Kernels by number, their arguments being in memory, 4 bytes each; written by scripts/build.js: do not edit.',
    ...files.map(
      file =>
        `import { ${kernels
          .filter(k => k.file === file)
          .map(k => k.name)
          .join(', ')} } from './${file}'`,
    ),
    '',
    ...kernels.map(
      ({ name, types }) =>
        `function call_${name}(item: i32, scratch: usize, args: usize): void { ${name}(item, scratch, ${types.map(load).join(', ')}) }`,
    ),
    '',
    'export const CALLS: StaticArray<(item: i32, scratch: usize, args: usize) => void> = [',
    ...kernels.map(({ name }) => `  call_${name},`),
    ']',
    '',
  ].join('\n')
  const path = join(root, kernelCalls)
  if ((await readFile(path, 'utf8').catch(() => '')) !== code) await writeFile(path, code)
  const kindOf = type => addresses[type] ?? (type === 'f32' ? 'f' : 'i')
  return kernels.map(({ name, types }) => [name, types.map(kindOf).join('')])
}

/** What a kernel does where an argument of such a type points to, in signatures (assembly/simd.ts says what they are). */
const addresses = { usize: 'r', Out: 'w', Lists: 'l', OutLists: 'o', Stride: 'i' }

/** The constants that the kernels export. */
async function constantsOf(bytes) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } })
  return Object.entries(instance.exports).filter(([, member]) => member instanceof WebAssembly.Global)
}

/**
 * Writes what a caller has to know of the kernels, if it has changed. A kernel's first parameters, `item` and `scratch`, are
 * those that the thread pool gives it; what has other ones is a function of sizes, or an innermost loop.
 */
async function writeKernelTypes(types, constants, signatures) {
  const declared = [...types.matchAll(/^ {2}export function (\w+)\((.*)\): (\w+);$/gm)]
  const members = declared.map(([, name, list, result]) => [name, list.replaceAll(': boolean', ': number'), result])
  const own = 'item: number, scratch: number'
  const kernels = members.filter(([, list]) => list.startsWith(own))
  const others = members.filter(([, list]) => !list.startsWith(own))
  const code = [
    '// The exports of assembly/, written by scripts/build.js: do not edit.',
    '',
    '/** Each kernel and its arguments, after the item and the scratch that the thread pool gives it. */',
    'export interface Kernels {',
    ...kernels.map(([name, list]) => `  ${name}: [${list.slice(own.length + 2)}]`),
    '}',
    '',
    '/** Functions of sizes, and of the tables that kernels use. */',
    'export interface Functions {',
    ...others.map(([name, list, result]) => `  ${name}(${list}): ${result}`),
    '}',
    '',
    '/**',
    ' * Each kernel at its number of calls.ts, with the kinds of its arguments: whole numbers (i) or floats (f); addresses of what it',
    ' * reads (r) or writes (w), or of lists, whose entries lie elsewhere, which it reads (l) or writes (o).',
    ' */',
    'export const signatures: readonly (readonly [kernel: keyof Kernels, kinds: string])[] = [',
    ...signatures.map(([name, kinds]) => `  ['${name}', '${kinds}'],`),
    ']',
    '',
    '/** How much an item of a kernel is, and how a program is laid out. */',
    'export const constants = {',
    ...constants.map(([name, { value }]) => `  ${name}: ${value},`),
    '} as const',
    '',
  ].join('\n')
  const path = join(root, kernelTypes)
  if ((await readFile(path, 'utf8').catch(() => '')) !== code) await writeFile(path, code)
}

/**
 * Compiles an AssemblyScript file and what it imports to WebAssembly with SIMD, for a shared memory that it imports.
 * @param {string} path seen from the root of the repository
 * @param {{ fused: boolean }} options fused: allow relaxed SIMD, which has the fused multiply-add
 * @returns {Promise<{ bytes: Uint8Array, types: string }>} types: declarations of what it exports
 */
export async function compileAssembly(path, { fused }) {
  const asc = await import('assemblyscript/asc')
  const written = new Map()
  const { error, stderr } = await asc.main(
    [
      path,
      '--baseDir',
      root,
      '--outFile',
      'out.wasm',
      '--optimizeLevel',
      '3',
      '--shrinkLevel',
      '0',
      '--noAssert',
      '--runtime',
      'stub',
      '--bindings',
      'raw',
      '--importMemory',
      '--sharedMemory',
      '--initialMemory',
      '1',
      '--maximumMemory',
      '65536',
      '--memoryBase',
      '8192',
      ...['simd', 'threads', ...(fused ? ['relaxed-simd'] : [])].flatMap(feature => ['--enable', feature]),
    ],
    {
      readFile: (file, base) => readFile(join(base, file), 'utf8').catch(() => null),
      writeFile: (name, contents) => void written.set(name, contents),
      listFiles: () => [],
    },
  )
  if (error) throw new Error(`${path} does not compile: ${stderr.toString()}`)
  return { bytes: written.get('out.wasm'), types: written.get('out.d.ts') }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const forPackage = process.argv.includes('--package')
  await build({ force: forPackage || process.argv.includes('--force'), forPackage })
}
