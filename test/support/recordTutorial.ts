// `npm run record:page`, too: the page in docs/fr/tutoriel.md. Drives Chromium as recordPage.ts does, and writes
// docs/fr/tutoriel/page.png with 16 colours, which makes a third of it.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import gifenc from 'gifenc'
import { PNG } from 'pngjs'
import { modelNames } from '../../cli/network.js'
import { root } from '../../bench/results.js'

process.env.CHIFFRE_CHROMIUM ??= '/usr/bin/chromium'
const { openPage } = await import('./chromium.js')

const places = (await modelNames()).map(
  model => [model, [join(root, `storage/pretrained/${model}.safetensors`)]] as const,
)
const { page, draw, until, close } = await openPage({ model: 'convnet', lang: 'fr' }, Object.fromEntries(places), {
  viewport: { width: 1280, height: 1180 },
  colorScheme: 'light',
  hash: '#model=convnet&compare=deepnet2',
})
await draw([[0.3, 0.27], [0.36, 0.21], [0.45, 0.18], [0.54, 0.2], [0.6, 0.26], [0.61, 0.34], [0.56, 0.42], [0.48, 0.46], [0.57, 0.5], [0.63, 0.57], [0.64, 0.66], [0.59, 0.76], [0.5, 0.81], [0.4, 0.8], [0.31, 0.74]]) // prettier-ignore
await until("document.querySelector('#bars').textContent.includes('%')")
await page.waitForTimeout(500)
const image = PNG.sync.read(await page.screenshot())
await close()

const palette = gifenc.quantize(new Uint8Array(image.data), 16)
for (const [i, colour] of gifenc.applyPalette(new Uint8Array(image.data), palette).entries())
  image.data.set(palette[colour], 4 * i)
const picture = PNG.sync.write(image, { colorType: 2, filterType: 0, deflateLevel: 9, deflateStrategy: 0 })
await writeFile(join(root, 'docs/fr/tutoriel/page.png'), picture)
console.log(`docs/fr/tutoriel/page.png: ${(picture.length / 1000).toFixed(0)} kB`)
