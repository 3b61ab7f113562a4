// A service worker for hosts that send no headers of ours: it adds those with which a page is cross-origin isolated, so that
// threads may share memory. web/isolation.ts starts it.
const worker = globalThis as unknown as ServiceWorkerGlobalScope

worker.addEventListener('install', () => void worker.skipWaiting())
worker.addEventListener('activate', event => event.waitUntil(worker.clients.claim()))
worker.addEventListener('fetch', event => {
  if (new URL(event.request.url).origin === location.origin) event.respondWith(isolated(event.request))
})

async function isolated(request: Request): Promise<Response> {
  const response = await fetch(request)
  const headers = new Headers(response.headers)
  headers.set('Cross-Origin-Opener-Policy', 'same-origin')
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp')
  headers.set('Cross-Origin-Resource-Policy', 'same-origin')
  const { status, statusText } = response
  return new Response(status === 304 || status === 204 ? null : response.body, { status, statusText, headers })
}
