// A board to write on with mouse, finger or pen: white strokes on black, kept as lines so that any can be taken back.

interface Point {
  readonly x: number
  readonly y: number
}
type Mark =
  | { readonly width: number; readonly points: Point[] }
  | { readonly picture: CanvasImageSource; readonly pixels: Uint8Array; readonly left: number }

/** A drawing as it is kept: strokes as x and y in turns, and pictures. */
export type Drawing = ({ width: number; points: number[] } | { pixels: number[]; left: number })[]

export function isDrawing(value: unknown): value is Drawing {
  const numbers = (v: unknown) => Array.isArray(v) && v.length > 0 && v.every(Number.isFinite)
  return (
    Array.isArray(value) &&
    (value as Partial<Record<string, unknown>>[]).every(
      mark =>
        (Number.isFinite(mark.width) && numbers(mark.points)) ||
        (Number.isFinite(mark.left) && numbers(mark.pixels) && isSquare((mark.pixels as unknown[]).length)),
    )
  )
}

export class Pen {
  /** The stroke's width, in 28ths of the board's height. */
  width = 2.25
  readonly #marks: Mark[] = []
  readonly #mirrors: HTMLCanvasElement[] = []
  /** The pointer that draws. A second finger draws nothing. */
  #pointer: number | undefined
  readonly #context: CanvasRenderingContext2D
  /** The board as the networks get it: a quarter of the pixels. */
  readonly #small: CanvasRenderingContext2D

  /** onChange hears of every change; `drawing` while the pointer is still down. */
  constructor(
    readonly canvas: HTMLCanvasElement,
    readonly onChange: (drawing: boolean) => void,
  ) {
    this.#context = canvas.getContext('2d')!
    const small = document.createElement('canvas')
    small.width = canvas.width / 2
    small.height = canvas.height / 2
    this.#small = small.getContext('2d', { willReadFrequently: true })!
    this.#listen(canvas)
    this.#render()
  }

  get blank() {
    return this.#marks.length === 0
  }

  /** Shows the board on another canvas as well, on which one draws as on this one. */
  mirror(canvas: HTMLCanvasElement) {
    this.#mirrors.push(canvas)
    this.#listen(canvas)
    this.#render()
  }

  get drawing(): Drawing {
    return this.#marks.map(mark =>
      'points' in mark
        ? { width: mark.width, points: mark.points.flatMap(({ x, y }) => [hundredths(x), hundredths(y)]) }
        : { pixels: [...mark.pixels], left: mark.left },
    )
  }

  set drawing(marks: Drawing) {
    this.#marks.length = 0
    for (const mark of marks)
      if ('points' in mark) {
        const { width, points } = mark
        const at = (i: number) => ({ x: points[2 * i], y: points[2 * i + 1] })
        this.#marks.push({ width, points: Array.from({ length: points.length >> 1 }, (_, i) => at(i)) })
      } else this.#marks.push(markOf(Uint8Array.from(mark.pixels), mark.left))
    this.#changed()
  }

  undo() {
    this.#marks.pop()
    this.#changed()
  }

  clear() {
    this.#marks.length = 0
    this.#changed()
  }

  /** Puts grey levels 0–255 of a square on the board, in a square as high as the board from `left` on. */
  put(pixels: Uint8Array, left = 0) {
    this.#marks.push(markOf(pixels, left))
    this.#changed()
  }

  /** Grey levels of the board, 0 to 255, row by row; and how many there are in a row. */
  pixels(): { bytes: Uint8Array; width: number } {
    const { width, height } = this.#small.canvas
    this.#small.drawImage(this.canvas, 0, 0, width, height)
    const { data } = this.#small.getImageData(0, 0, width, height)
    return { bytes: Uint8Array.from({ length: width * height }, (_, i) => data[4 * i]), width }
  }

  #listen(canvas: HTMLCanvasElement) {
    canvas.addEventListener('pointerdown', event => {
      if (event.button !== 0 || this.#pointer !== undefined) return
      this.#pointer = event.pointerId
      event.preventDefault()
      canvas.focus({ preventScroll: true })
      canvas.setPointerCapture(event.pointerId)
      this.#marks.push({ width: (this.width * this.canvas.height) / 28, points: [this.#pointAt(event, canvas)] })
      this.#changed(true)
    })
    canvas.addEventListener('pointermove', event => {
      if (event.pointerId !== this.#pointer) return
      const mark = this.#marks.at(-1)
      if (!mark || !('points' in mark)) return
      const events = event.getCoalescedEvents()
      mark.points.push(...(events.length > 0 ? events : [event]).map(e => this.#pointAt(e, canvas)))
      this.#changed(true)
    })
    canvas.addEventListener('lostpointercapture', event => {
      if (event.pointerId !== this.#pointer) return
      this.#pointer = undefined
      this.#changed()
    })
    canvas.addEventListener('keydown', event => {
      if (event.key === 'Delete' || event.key === 'Escape') this.clear()
      else if (event.key === 'Backspace' || (event.key === 'z' && (event.ctrlKey || event.metaKey))) this.undo()
      else return
      event.preventDefault()
    })
  }

  #pointAt({ clientX, clientY }: PointerEvent, on: HTMLCanvasElement): Point {
    const { left, top, width, height } = on.getBoundingClientRect()
    return {
      x: ((clientX - left) * this.canvas.width) / width,
      y: ((clientY - top) * this.canvas.height) / height,
    }
  }

  #changed(drawing = false) {
    this.#render()
    this.onChange(drawing)
  }

  #render() {
    const context = this.#context
    context.fillStyle = '#000'
    context.fillRect(0, 0, this.canvas.width, this.canvas.height)
    context.strokeStyle = '#fff'
    context.lineCap = context.lineJoin = 'round'
    context.imageSmoothingQuality = 'high'
    context.globalCompositeOperation = 'lighten'
    for (const mark of this.#marks) {
      if ('picture' in mark) {
        const { height } = this.canvas
        context.drawImage(mark.picture, mark.left, 0, height, height)
        continue
      }
      // Through the middles between the points, so that a quick hand draws curves and not corners.
      context.lineWidth = mark.width
      context.beginPath()
      const [first, ...others] = mark.points as [Point, ...Point[]]
      context.moveTo(first.x, first.y)
      let before = first
      for (const point of others) {
        context.quadraticCurveTo(before.x, before.y, (before.x + point.x) / 2, (before.y + point.y) / 2)
        before = point
      }
      context.lineTo(before.x, before.y)
      context.stroke()
    }
    context.globalCompositeOperation = 'source-over'
    for (const mirror of this.#mirrors)
      mirror.getContext('2d')!.drawImage(this.canvas, 0, 0, mirror.width, mirror.height)
  }
}

/** Digits of the test set and pictures are squares of at most half the board's pixels. */
const isSquare = (pixels: number) => pixels <= 280 ** 2 && Number.isInteger(Math.sqrt(pixels))

const hundredths = (v: number) => Math.round(100 * v) / 100

function markOf(pixels: Uint8Array, left: number): Mark {
  const side = Math.sqrt(pixels.length)
  const image = new ImageData(side, side)
  pixels.forEach((v, i) => image.data.set([v, v, v, 255], 4 * i))
  const picture = document.createElement('canvas')
  picture.width = picture.height = side
  picture.getContext('2d')!.putImageData(image, 0, 0)
  return { picture, pixels, left }
}
