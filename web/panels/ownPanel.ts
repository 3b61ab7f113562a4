// “That was a 1”: drawings that somebody has labelled, kept in this browser, for a network to learn from.
import { find, make } from '../dom.js'
import { integer, t } from '../language.js'
import { recall, remember } from '../memory.js'

/** One of them: what it shows, and 28x28 grey levels as the networks see it. */
interface Labelled {
  readonly label: number
  readonly pixels: readonly number[]
}

const side = 28
const isLabelled = (value: unknown): value is Labelled => {
  const { label, pixels } = value as Partial<Labelled>
  const isLevel = (v: number) => Number.isInteger(v) && v >= 0 && v <= 255
  return (
    Number.isInteger(label) && label! >= 0 && label! <= 9 && pixels?.length === side * side && pixels.every(isLevel)
  )
}
const areLabelled = (value: unknown): value is Labelled[] => Array.isArray(value) && value.every(isLabelled)

export class OwnPanel {
  #drawings = recall('local', 'own', areLabelled) ?? []

  /**
   * @param drawn the grey levels of the drawing as the networks see it; undefined if there is none
   * @param onChange hears that there are more or fewer
   */
  constructor(
    readonly drawn: () => Uint8Array | undefined,
    readonly onChange: () => void,
    onError: (error: unknown) => void,
  ) {
    for (let label = 0; label < 10; label++) {
      const button = make('button', { type: 'button' }, `${label}`)
      button.addEventListener('click', () => {
        const pixels = drawn()
        if (pixels) this.#set([...this.#drawings, { label, pixels: [...pixels] }])
      })
      find('own-labels').append(button)
    }
    const folder = find<HTMLInputElement>('own-folder')
    find('own-clear').addEventListener('click', () => this.#set([]))
    find('own-save').addEventListener('click', () => void this.#save().catch(onError))
    find('own-open').addEventListener('click', () => folder.click())
    folder.addEventListener('change', () => void this.#open(folder).catch(onError))
  }

  get count() {
    return this.#drawings.length
  }

  /** All of them, one after the other. */
  get examples() {
    return {
      pixels: Uint8Array.from(this.#drawings.flatMap(({ pixels }) => pixels)),
      labels: Uint8Array.from(this.#drawings, ({ label }) => label),
    }
  }

  /** Says everything anew. @param digits whether the network tells digits apart */
  refresh(digits: boolean) {
    find('own').hidden = !digits
    const counts = Array.from(
      { length: 10 },
      (_, digit) => this.#drawings.filter(({ label }) => label === digit).length,
    )
    const each = counts.flatMap((n, digit) => (n > 0 ? [`${digit}: ${integer(n)}`] : [])).join(', ')
    find('own-count').textContent =
      this.count > 0 ? t('own.count', { count: integer(this.count), each }) : t('own.none')
    for (const id of ['own-save', 'own-clear']) find<HTMLButtonElement>(id).disabled = this.count === 0
    for (const button of find('own-labels').querySelectorAll('button')) {
      button.disabled = this.drawn() === undefined
      button.setAttribute('aria-label', t('own.label', { digit: button.textContent }))
    }
  }

  #set(drawings: Labelled[]) {
    this.#drawings = drawings
    remember('local', 'own', drawings)
    this.onChange()
  }

  /** As the command line takes them: a folder a digit, a PNG a drawing; all of it in one archive. */
  async #save() {
    const { zipSync } = await import('fflate')
    const files: Record<string, Uint8Array> = {}
    for (const [i, { label, pixels }] of this.#drawings.entries()) {
      const canvas = new OffscreenCanvas(side, side)
      const image = new ImageData(side, side)
      pixels.forEach((v, at) => image.data.set([v, v, v, 255], 4 * at))
      canvas.getContext('2d')!.putImageData(image, 0, 0)
      const png = await canvas.convertToBlob({ type: 'image/png' })
      files[`drawings/${label}/${i + 1}.png`] = new Uint8Array(await png.arrayBuffer())
    }
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([zipSync(files)], { type: 'application/zip' }))
    link.download = 'drawings.zip'
    link.click()
    URL.revokeObjectURL(link.href)
  }

  /** Takes up a folder that has a folder a digit. */
  async #open(input: HTMLInputElement) {
    const files = [...(input.files ?? [])]
    input.value = ''
    const found: Labelled[] = []
    for (const file of files) {
      const [, digit] = /\/(\d)\/[^/]+\.png$/i.exec(file.webkitRelativePath) ?? []
      if (digit !== undefined) found.push({ label: Number(digit), pixels: await levelsOf(file) })
    }
    if (found.length === 0) throw new Error(t('own.folder'))
    this.#set([...this.#drawings, ...found])
  }
}

async function levelsOf(file: File): Promise<number[]> {
  const picture = await createImageBitmap(file).catch(() => {
    throw new Error(t('picture.kind', { file: file.webkitRelativePath }))
  })
  const context = new OffscreenCanvas(side, side).getContext('2d')!
  context.fillRect(0, 0, side, side)
  context.drawImage(picture, 0, 0, side, side)
  const { data } = context.getImageData(0, 0, side, side)
  return Array.from({ length: side * side }, (_, i) => data[4 * i])
}
