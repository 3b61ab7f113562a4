// What the page is made of: its own files, MNIST's, the checkpoints, and how it begins.
import { statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mnistFolder } from './datasets.js'
import type { Site } from './serve.js'
import { rejectorPath } from './trained.js'

export const mnistFiles = ['train', 't10k'].flatMap(part => [`${part}-images-idx3-ubyte`, `${part}-labels-idx1-ubyte`])

/** How the page begins, unless its address says otherwise. */
export interface PageSettings {
  readonly model: string
  readonly backend: string
  readonly lang: string
  /** How its reader calls the command line. */
  readonly program?: string
  /** Whether MNIST's files end in .gz. */
  readonly compressed?: boolean
  /** Where the weights are that know what is no digit. */
  readonly rejector?: string
}

/** The page, as the build has put it together. */
export const pageFolder = fileURLToPath(new URL('../page', import.meta.url))

/**
 * The page, as a site to serve.
 * @param checkpoints where each model's checkpoint may be, best first; the page takes the first that exists
 */
export function pageSite(settings: PageSettings, checkpoints: Readonly<Record<string, readonly string[]>>): Site {
  const places = Object.entries(checkpoints).flatMap(([model, paths]) =>
    paths.map((path, i) => ({ model, path, at: `/checkpoints/${model}/${i}/` })),
  )
  const hasRejector = isFile(rejectorPath)
  return {
    folders: {
      '/': { root: pageFolder },
      ...(hasRejector && { '/rejection/': { root: dirname(rejectorPath), only: [basename(rejectorPath)] } }),
      '/data/mnist/': { root: mnistFolder(), only: mnistFiles },
      ...Object.fromEntries(places.map(({ path, at }) => [at, { root: dirname(path), only: [basename(path)] }])),
    },
    documents: {
      '/settings.json': async () => ({
        ...settings,
        models: Object.keys(checkpoints),
        ...(hasRejector && { rejector: `rejection/${basename(rejectorPath)}` }),
      }),
      '/checkpoints.json': async () => {
        const found = places.filter(({ path }) => isFile(path)).reverse()
        return Object.fromEntries(found.map(({ model, path, at }) => [model, at.slice(1) + basename(path)]))
      },
    },
    workers: ['/network.js', '/worker.js'],
  }
}

/** Whether there is a file: a link to nothing, or to itself, is none. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}
