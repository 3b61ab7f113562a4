import js from '@eslint/js'
import { defineConfig } from 'eslint/config'
import { join, relative } from 'node:path'
import tseslint from 'typescript-eslint'

// Who may import whom. The first line that a file's path begins with counts; a path stands for a file or a folder.
//   ours      what it may import of this project, besides its own folder
//   never     exceptions from that
//   packages  which packages it may import: none if left out
//   dynamic   packages that it may import only when needed, by `await import(…)`
// What is not listed is an error: so nobody but the tests imports cli, web, bench or scripts.
const anyPackage = /^(?!gpu\.js)/
const noNode = /^(?!gpu\.js|node:)/
const sealed = { ours: ['engine/backend', 'engine/backends/bySizes', 'engine/backends/gathered', 'engine/errors'] }
const maths = ['engine/backend', 'engine/errors', 'engine/scope', 'engine/tensor']
const importRules = [
  ['engine/backends/gpujs', { ours: [...sealed.ours, 'engine/backends/webgpu'], dynamic: /^gpu\.js$/ }],
  ['engine/backends', sealed],
  ['engine/ops/index', { ours: ['engine/ops', 'engine/losses'] }],
  ['engine/ops', { ours: maths }],
  ['engine/losses', { ours: [...maths, 'engine/ops'] }],
  ['engine/layers', { ours: [...maths, 'engine/ops', 'engine/initializers', 'engine/network', 'engine/random'] }],
  ['engine/optim', { ours: [...maths, 'engine/ops', 'engine/backward', 'engine/serialize'] }],
  ['engine/index', { ours: ['engine'] }],
  ['engine/inference', { ours: ['engine'] }],
  ['engine', { ours: ['engine'], never: ['engine/backends', 'engine/index'] }],
  ['models', { ours: ['engine/index'] }],
  ['data', { ours: ['engine/index'], packages: noNode }],
  ['training', { ours: ['engine/index', 'data/index', 'data/augment'], packages: noNode }],
  ['web', { ours: ['engine/index', 'models/index', 'data', 'training'], packages: noNode }],
  ['learn', { ours: ['engine', 'models/index', 'data', 'training'], packages: anyPackage }],
  [
    'cli',
    { ours: ['engine/index', 'models/index', 'data', 'training', 'learn', 'scripts/build'], packages: anyPackage },
  ],
  ['scripts', { ours: [], packages: anyPackage }],
  ['bench', { ours: ['engine', 'models', 'data', 'training', 'scripts'], packages: anyPackage }],
  ['test', { ours: [''], packages: anyPackage }],
  ['', { ours: [], packages: anyPackage }],
]

const root = import.meta.dirname
const within = (path, folder) => folder === '' || path === folder || path.startsWith(`${folder}/`)

/** Reports every import, export-from or import() that importRules does not allow. */
const imports = {
  create(context) {
    const file = relative(root, context.filename)
      .replaceAll('\\', '/')
      .replace(/\.\w+$/, '')
    const [from, { ours, never = [], packages, dynamic }] = importRules.find(([folder]) => within(file, folder))
    function check(node) {
      const name = node.source?.value
      if (typeof name !== 'string') return
      if (name.startsWith('.')) {
        const path = relative(root, join(context.filename, '..', name))
          .replaceAll('\\', '/')
          .replace(/\.\w+$/, '')
        const own = from !== '' && within(path, from)
        const allowed = own || ours.some(folder => within(path, folder))
        const refused = never.some(folder => within(path, folder))
        if (!allowed || refused) context.report({ node, message: `${file} may not import ${path} (eslint.config.js)` })
      } else if (!packages?.test(name) && !(node.type === 'ImportExpression' && dynamic?.test(name)))
        context.report({ node, message: `${file} may not import the package ${name} here (eslint.config.js)` })
    }
    const kinds = ['ImportDeclaration', 'ImportExpression', 'ExportNamedDeclaration', 'ExportAllDeclaration']
    return Object.fromEntries(kinds.map(kind => [kind, check]))
  },
}

export default defineConfig(
  // AssemblyScript is TypeScript's dialect for WebAssembly, with types of its own: its compiler checks it.
  {
    ignores: [
      'dist',
      'dist.*',
      'storage',
      'site',
      'engine/backends/wasm/assembly',
      '**/*.as.ts',
      'bench/peers',
      'exercises',
      '.stryker',
      '**/node_modules',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.js'],
    languageOptions: { globals: { process: false, console: false, Buffer: false, URL: false, WebAssembly: false } },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowArray: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'off', // a map's entry that was just put there, an array's last
      '@typescript-eslint/no-unnecessary-condition': 'off', // users may call us from JavaScript
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/require-await': 'off', // the contract of backends is async where one of them waits
    },
  },
  {
    files: ['test/**/*.ts'], // fixtures are JSON of any type, and proxies watch methods
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    plugins: { chiffre: { rules: { imports } } },
    rules: {
      'chiffre/imports': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Take random() of engine/random.ts, with a seed.' },
      ],
      eqeqeq: 'error',
    },
  },
)
