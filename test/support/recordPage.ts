// `npm run record:page`: the moving picture of the page that opens the README. Drives Chromium (CHIFFRE_CHROMIUM, or
// /usr/bin/chromium) through the page as a hand would, with the networks that come with the program, and writes
// docs/page.gif: of each frame only what has changed.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import gifenc from 'gifenc'
import { PNG } from 'pngjs'
import { modelNames } from '../../cli/network.js'
import { root } from '../../bench/results.js'

process.env.CHIFFRE_CHROMIUM ??= '/usr/bin/chromium'
const { openPage } = await import('./chromium.js')

const { GIFEncoder, quantize, applyPalette } = gifenc
const size = { width: 1000, height: 640 }
const out = join(root, 'docs/page.gif')

const places = (await modelNames()).map(
  model => [model, [join(root, `storage/pretrained/${model}.safetensors`)]] as const,
)
const options = { viewport: size, colorScheme: 'light', hash: '#model=convnet&compare=deepnet1,deepnet2' } as const
const { page, until, close } = await openPage({ model: 'convnet' }, Object.fromEntries(places), options)

/** A picture of the page, and for how many milliseconds it stands. */
const frames: { image: PNG; delay: number }[] = []
async function shot(delay: number) {
  await page.waitForTimeout(60)
  frames.push({ image: PNG.sync.read(await page.screenshot()), delay })
}
const toTop = (id: string) => page.evaluate(`document.getElementById('${id}').scrollIntoView({ behavior: 'instant' })`)

/** Draws a stroke, with a frame wherever the hand has gone a little farther. */
async function draw(points: readonly (readonly [number, number])[], board: string) {
  const { x, y, width, height } = (await page.locator(`#${board}`).boundingBox())!
  const at = ([u, v]: readonly [number, number]) => [x + u * width, y + v * height] as const
  await page.mouse.move(...at(points[0]))
  await page.mouse.down()
  for (const [i, point] of points.slice(1).entries()) {
    await page.mouse.move(...at(point), { steps: 4 })
    if (i % 2 === 1) await shot(90)
  }
  await page.mouse.up()
}

// Draw a 5, and see it read at every moment.
await shot(700)
await draw([[0.64, 0.2], [0.52, 0.2], [0.4, 0.21], [0.39, 0.33], [0.37, 0.45], [0.47, 0.42], [0.58, 0.46], [0.64, 0.56], [0.62, 0.68], [0.53, 0.77], [0.43, 0.79], [0.34, 0.74]], 'pen') // prettier-ignore
await shot(1200)
await page.check('#show-saliency')
await shot(1400)
await page.uncheck('#show-saliency')

// Disturb it: the dense networks are lost first.
await page.evaluate('scrollTo({ top: 190, behavior: "instant" })')
for (let right = 0; right <= 5; right += 1) {
  await page.fill('#right', String(right))
  await shot(right === 5 ? 1400 : 160)
}
await page.click('#calm')

// Look inside.
await toTop('inside')
await shot(500)
const maps = page.locator('#layers canvas')
for (const [layer, u, v] of [
  [0, 0.09, 0.3],
  [0, 0.53, 0.2],
  [1, 0.28, 0.7],
] as const) {
  // prettier-ignore
  const { x, y, width, height } = (await maps.nth(layer + 1).boundingBox())!
  await page.mouse.move(x + u * width, y + v * height)
  await page.waitForTimeout(200)
  await shot(1100)
}

// Train one, from nothing.
await page.selectOption('#model', 'deepnet2')
await toTop('training')
await page.click('#train')
const done = "/^Done/.test(document.querySelector('#training-status').textContent)"
for (let i = 0; i < 12 && !(await page.evaluate(done)); i++) {
  await shot(180)
  await page.waitForTimeout(150)
}
await until(done, 120_000)
await shot(1200)

// And a postal code.
await page.selectOption('#model', 'convnet')
await toTop('code')
await shot(400)
await page.click('#strip-example')
await until("document.querySelector('#code-text').textContent.length === 5")
await shot(2200)
await close()

const picture = animate(frames)
await writeFile(out, picture)
console.log(`${out}: ${frames.length} frames, ${(picture.length / 1e6).toFixed(2)} MB`)

/** The frames as an animated GIF with one palette: 255 colours, and one that leaves a pixel as it was. */
function animate(all: typeof frames): Uint8Array {
  const { width, height } = size
  // Every seventh pixel of every frame says which colours there are.
  const sample = Buffer.concat(all.map(({ image }) => Buffer.concat(everySeventh(image.data))))
  const palette = quantize(new Uint8Array(sample), 255, { format: 'rgb565' })
  const same = palette.length
  const gif = GIFEncoder()
  let before: Uint8Array | undefined
  for (const { image, delay } of all) {
    const indices = applyPalette(new Uint8Array(image.data), palette, 'rgb565')
    const changed = before ? indices.map((index, i) => (index === before![i] ? same : index)) : indices
    const colours = before ? {} : { palette: [...palette, [0, 0, 0]] }
    gif.writeFrame(changed, width, height, { ...colours, delay, transparent: true, transparentIndex: same, dispose: 1 })
    before = indices
  }
  gif.finish()
  return gif.bytes()
}

function everySeventh(rgba: Buffer): Buffer[] {
  return Array.from({ length: Math.floor(rgba.length / 28) }, (_, i) => rgba.subarray(28 * i, 28 * i + 4))
}
