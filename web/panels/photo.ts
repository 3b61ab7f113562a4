// Pictures on a board: from a file, dropped, pasted, or taken with the camera, of any kind that the browser can decode. The Worker
// tells the ink from the paper, as it does on the command line, and the ink goes on the board.
import { transfer, type Remote } from 'comlink'
import type { Api, Photo } from '../api.js'
import { find } from '../dom.js'
import { t } from '../language.js'
import type { Pen } from '../pen.js'

/** A larger picture is scaled down when it is decoded. */
const mostPixels = 4e6

/**
 * Takes pictures for a board.
 * @param name what the ids of the button and of the file input begin with
 * @param pen the board, as wide as so many squares of its height
 * @param onSteps hears what became of a picture, just before it is on the board
 */
export function takePhotos(
  name: string,
  pen: Pen,
  squares: number,
  api: Remote<Api>,
  onError: (error: unknown) => void,
  onSteps?: (steps: Photo['steps']) => void,
) {
  const board = pen.canvas.parentElement!
  const input = find<HTMLInputElement>(`${name}-file`)
  const take = (file: File | undefined) => {
    if (file) void put(file).catch(onError)
  }
  find(name).addEventListener('click', () => input.click())
  input.addEventListener('change', () => {
    take(input.files?.[0])
    input.value = ''
  })
  board.addEventListener('dragover', event => event.preventDefault())
  board.addEventListener('drop', event => {
    event.preventDefault()
    take(event.dataTransfer?.files[0])
  })

  async function put(file: File) {
    const { data, width } = await decode(file)
    const found = await api.ink(transfer(data, [data.buffer]), width, squares)
    if (!found) throw new Error(t('photo.blank', { file: file.name }))
    pen.clear()
    onSteps?.(found.steps)
    const { height } = pen.canvas
    for (const [i, pixels] of found.squares.entries()) pen.put(pixels, i * height)
  }
  return take
}

/** The file of a picture that is pasted, if there is one. */
export const pasted = (event: ClipboardEvent) =>
  [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'))

async function decode(file: File): Promise<{ data: Uint8ClampedArray<ArrayBuffer>; width: number }> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(t('picture.kind', { file: file.name }))
  })
  const scale = Math.min(1, Math.sqrt(mostPixels / (bitmap.width * bitmap.height)))
  const [width, height] = [bitmap.width, bitmap.height].map(n => Math.max(1, Math.round(n * scale)))
  const context = new OffscreenCanvas(width, height).getContext('2d')!
  context.imageSmoothingQuality = 'high'
  context.drawImage(bitmap, 0, 0, width, height)
  bitmap.close()
  return { data: context.getImageData(0, 0, width, height).data, width }
}
