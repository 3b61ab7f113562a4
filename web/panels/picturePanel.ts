// For networks that read other images than drawings: a picture from a file, scaled to the size that the network takes.
import type { NetworkInfo } from '../api.js'
import { find } from '../dom.js'
import { t } from '../language.js'
import { readsDrawings } from '../purpose.js'

export class PicturePanel {
  #picture: ImageBitmap | undefined

  constructor(onPicture: () => void, onError: (error: unknown) => void) {
    const file = find<HTMLInputElement>('picture-file')
    find('picture-open').addEventListener('click', () => file.click())
    file.addEventListener('change', () => void this.#open(file).then(onPicture, onError))
  }

  /** Shows the board, or what stands in its place for a network that does not read drawings. */
  refresh(info: NetworkInfo) {
    const drawn = readsDrawings(info)
    find('desk').classList.toggle('for-pictures', !drawn)
    find('picture').hidden = drawn
    find('picture-why').textContent = t('picture.why', { model: info.model, size: info.input.join(' × ') })
  }

  /** The picture's levels, row by row, in the shape that a network takes; undefined as long as there is no picture. */
  pixels({ input: [rows, columns, channels = 1] }: NetworkInfo): Uint8Array | undefined {
    const canvas = find<HTMLCanvasElement>('picture-seen')
    canvas.hidden = !this.#picture
    if (!this.#picture) return undefined
    canvas.width = columns
    canvas.height = rows
    const context = canvas.getContext('2d', { willReadFrequently: true })!
    context.imageSmoothingQuality = 'high'
    context.fillRect(0, 0, columns, rows) // what is transparent is black, as on the command line
    context.drawImage(this.#picture, 0, 0, columns, rows)
    const { data } = context.getImageData(0, 0, columns, rows)
    return Uint8Array.from({ length: rows * columns * channels }, (_, i) => {
      const at = 4 * Math.floor(i / channels)
      return channels === 1 ? Math.round((data[at] + data[at + 1] + data[at + 2]) / 3) : data[at + (i % channels)]
    })
  }

  async #open(input: HTMLInputElement) {
    const file = input.files?.[0]
    input.value = ''
    if (!file) return
    this.#picture = await createImageBitmap(file).catch(() => {
      throw new Error(t('picture.kind', { file: file.name }))
    })
  }
}
