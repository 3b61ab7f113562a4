// Makes the page cross-origin isolated where its host does not.

const tried = 'chiffre.isolation'

/**
 * Starts the service worker and loads the page again through it: once, for a browser may allow no such worker, or none
 * that isolates. The network then has one thread.
 * @returns whether the page is about to be loaded again
 */
export async function isolate(): Promise<boolean> {
  if (crossOriginIsolated || !isSecureContext || !('serviceWorker' in navigator)) return false
  try {
    if (sessionStorage.getItem(tried)) return false
    sessionStorage.setItem(tried, 'yes')
    await navigator.serviceWorker.register('isolate.js')
    await navigator.serviceWorker.ready
    location.reload()
    return true
  } catch {
    return false
  }
}
