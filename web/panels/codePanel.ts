// Several digits on one strip, such as a postal code: taken apart, read one by one, put together again.
import { transfer, type Remote } from 'comlink'
import type { ReadRow } from '../../data/index.js'
import { random } from '../../engine/index.js'
import type { Api, NetworkInfo } from '../api.js'
import { find, latest } from '../dom.js'
import { percent, t } from '../language.js'
import { Pen } from '../pen.js'
import { takePhotos } from './photo.js'
import { readsDrawings } from '../purpose.js'

/** Where the boxes are drawn: the second canvas over the strip. */
export class CodePanel {
  readonly #pen: Pen
  /** Puts a picture on the strip. */
  readonly take: (file: File | undefined) => void
  #row: ReadRow | undefined
  #examples = 0

  constructor(
    readonly api: Remote<Api>,
    readonly network: () => NetworkInfo | undefined,
    readonly onError: (error: unknown) => void,
  ) {
    this.#pen = new Pen(find<HTMLCanvasElement>('strip'), drawing => {
      if (drawing) this.#showBoxes(undefined)
      else void this.read().catch(onError)
    })
    this.take = takePhotos('strip-photo', this.#pen, 4, api, onError)
    find('strip-undo').addEventListener('click', () => this.#pen.undo())
    find('strip-clear').addEventListener('click', () => this.#pen.clear())
    find('strip-example').addEventListener('click', () => void this.#example().catch(onError))
    find('strip-deslant').addEventListener('change', () => void this.read().catch(onError))
  }

  /** Says everything anew, in the present language. */
  refresh() {
    const network = this.network()
    find('code-text').textContent = this.#row?.digits.map(({ label }) => network!.classes[label]).join('') ?? ''
    if (network && !readsDrawings(network))
      return void (find('code-confidence').textContent = t('code.other', { model: network.model }))
    find('code-confidence').textContent = this.#row
      ? t('code.confidence', { percent: percent(this.#row.confidence), count: this.#row.digits.length })
      : ''
  }

  /** Reads the strip with the chosen model. */
  readonly read = latest(async () => {
    const network = this.network()
    const model = network && readsDrawings(network) ? network.model : undefined
    const { bytes, width } = this.#pen.pixels()
    const deslant = find<HTMLInputElement>('strip-deslant').checked
    this.#row =
      model === undefined ? undefined : await this.api.readRow(transfer(bytes, [bytes.buffer]), width, model, deslant)
    this.#showBoxes(this.#row)
    this.refresh()
  })

  #showBoxes(row: ReadRow | undefined) {
    const boxes = find<HTMLCanvasElement>('boxes')
    const context = boxes.getContext('2d')!
    context.clearRect(0, 0, boxes.width, boxes.height)
    context.strokeStyle = context.fillStyle = getComputedStyle(boxes).color
    const zoom = boxes.width / (boxes.clientWidth || boxes.width) // on a phone the strip is shown much smaller than it is
    const letter = Math.max(26, 14 * zoom)
    context.lineWidth = Math.max(3, 1.5 * zoom)
    context.font = `600 ${letter}px system-ui, sans-serif`
    for (const { box, label, rejected } of row?.digits ?? []) {
      // The networks get the board at half its size.
      const [x, y, w, h] = [box.left, box.top, box.width, box.height].map(v => 2 * v) as [
        number,
        number,
        number,
        number,
      ]
      context.strokeRect(x - 4, y - 4, w + 8, h + 8)
      const text = this.network()!.classes[label] + (rejected ? '?' : '')
      // Above its box, or below; beside it, where the writing is nearly as high as the strip.
      const below = y + h + letter + 4
      const [left, baseline] =
        y > letter + 8 ? [x - 4, y - 12] : below < boxes.height ? [x - 4, below] : [x + w + 8, y + letter]
      context.fillText(text, left, baseline)
    }
  }

  async #example() {
    const rng = random(this.#examples++, 'code')
    this.#pen.clear()
    for (let i = 0; i < 5; i++) {
      const { pixels } = await this.api.example(Math.floor(rng() * 10000))
      this.#pen.put(pixels, 15 + i * 205)
    }
  }
}
