// A web server for one person: it listens on this computer's own address alone, and gives out the files of a few
// folders and nothing else.
import { realpath, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, dirname, join } from 'node:path'
import send from 'send'

const host = '127.0.0.1'

export interface Site {
  /** Which files are served under which address, such as `/data/mnist/`: those of a folder, or a few of them. */
  readonly folders: Readonly<Record<string, { readonly root: string; readonly only?: readonly string[] }>>
  /** JSON documents made on request, by their address. */
  readonly documents?: Readonly<Record<string, () => Promise<unknown>>>
  /** The addresses of scripts that run as Workers. */
  readonly workers?: readonly string[]
}

export interface Serving {
  /** Where a browser finds it. */
  readonly url: string
  readonly port: number
  /** Ends it, and every connection. */
  close(): Promise<void>
}

/**
 * Serves a site on 127.0.0.1, at the given port or, where that is in use, at the next that is free.
 * @param patience the milliseconds that a request may take to be sent
 * @throws the system's error if none of the next 100 can be had
 */
export async function serve(site: Site, port: number, patience = 10_000): Promise<Serving> {
  // Node looks for connections that are over their time every half a minute, unless told otherwise.
  const limits = { headersTimeout: patience, requestTimeout: patience, connectionsCheckingInterval: patience / 10 }
  const server = createServer(limits, (request, response) => {
    answer(site, server, request, response).catch(() => refuse(response, 500))
  })
  await listen(server, port, port === 0 ? 0 : Math.min(port + 100, 65535))
  const actual = (server.address() as AddressInfo).port
  return {
    url: `http://${host}:${actual}/`,
    port: actual,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function listen(server: Server, port: number, last: number): Promise<void> {
  const error = await new Promise<NodeJS.ErrnoException | undefined>(resolve => {
    server.once('error', resolve)
    server.listen(port, host, () => {
      server.off('error', resolve)
      resolve(undefined)
    })
  })
  if (!error) return
  if (error.code !== 'EADDRINUSE' || port >= last) throw error
  await listen(server, port + 1, last)
}

async function answer(site: Site, server: Server, request: IncomingMessage, response: ServerResponse) {
  // A page elsewhere can point its own host name at 127.0.0.1 (DNS rebinding): only our own names are answered.
  const { port } = server.address() as AddressInfo
  if (![`${host}:${port}`, `localhost:${port}`].includes(request.headers.host ?? '')) return refuse(response, 403)
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return refuse(response, 405)
  }
  const path = decode(request.url ?? '')
  if (path === undefined) return refuse(response, 400)

  const document = site.documents?.[path]
  const file = document ? undefined : await find(site, path)
  if (!document && !file) return refuse(response, 404)
  for (const [name, value] of Object.entries(headersFor(site.workers?.includes(path)))) response.setHeader(name, value)
  if (document) {
    response.setHeader('Content-Type', 'application/json; charset=utf-8')
    response.end(request.method === 'HEAD' ? undefined : JSON.stringify(await document()))
  } else {
    // `send` knows types, ranges and ETags. What it is asked for is one file by its name.
    const stream = send(request, basename(file!), { root: dirname(file!), cacheControl: false, dotfiles: 'deny' })
    stream.on('error', (error: { status?: number }) => refuse(response, error.status ?? 500)).pipe(response)
  }
}

/** The path of an address, without its query; undefined if it is malformed. */
function decode(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.split(/[?#]/)[0])
    return /^\/[^\0\\]*$/.test(path) ? path : undefined
  } catch {
    return undefined
  }
}

/**
 * The file at a path: one inside its folder, reached by plain names, with no link on the way. A file that is served by
 * its name may be a link: to what, its owner has decided.
 */
async function find(site: Site, path: string): Promise<string | undefined> {
  const [at, folder] =
    Object.entries(site.folders)
      .filter(([at]) => path.startsWith(at))
      .sort(([a], [b]) => b.length - a.length)[0] ?? []
  if (at === undefined || !folder) return undefined
  const name = path.slice(at.length) || 'index.html'
  if (folder.only && !folder.only.includes(name)) return undefined
  if (name.split('/').some(part => part === '' || part.startsWith('.'))) return undefined
  try {
    const file = join(await realpath(folder.root), name)
    const inside = folder.only !== undefined || (await realpath(file)) === file
    return inside && (await stat(file)).isFile() ? file : undefined
  } catch {
    return undefined
  }
}

/**
 * The page may load from this server alone, and runs no script but its files. It is isolated from other sites'
 * windows, which is what browsers ask for before threads may share memory (COOP, COEP). A Worker, which sees no page,
 * may also compile WebAssembly and build functions from text: ndarray and gpu.js do.
 */
function headersFor(worker = false): Record<string, string> {
  const policy = {
    'default-src': "'none'",
    'script-src': worker ? "'self' 'wasm-unsafe-eval' 'unsafe-eval'" : "'self'",
    'style-src': "'self'",
    'img-src': "'self' blob:",
    'font-src': "'self'",
    'connect-src': "'self'",
    'worker-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
  }
  return {
    'Content-Security-Policy': Object.entries(policy)
      .map(directive => directive.join(' '))
      .join('; '),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-cache',
  }
}

function refuse(response: ServerResponse, status: number) {
  if (response.headersSent) return void response.destroy()
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' })
  response.end(`${status}\n`)
}
