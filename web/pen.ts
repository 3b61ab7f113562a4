// A board to write on with mouse, finger or pen: white strokes on black, kept as lines so that any can be taken back.

interface Point {
  readonly x: number
  readonly y: number
}
type Mark =
  { readonly width: number; readonly points: Point[] } | { readonly picture: CanvasImageSource; readonly at: DOMRect }

export class Pen {
  /** The stroke's width, in 28ths of the board's height. */
  width = 2.25
  readonly #marks: Mark[] = []
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
    this.#listen()
    this.#render()
  }

  get blank() {
    return this.#marks.length === 0
  }

  undo() {
    this.#marks.pop()
    this.#changed()
  }

  clear() {
    this.#marks.length = 0
    this.#changed()
  }

  /** Puts grey levels 0–255 [28,28] on the board, in a square as high as the board from `left` on. */
  put(pixels: Uint8Array, left = 0) {
    const side = Math.sqrt(pixels.length)
    const image = new ImageData(side, side)
    pixels.forEach((v, i) => image.data.set([v, v, v, 255], 4 * i))
    const picture = document.createElement('canvas')
    picture.width = picture.height = side
    picture.getContext('2d')!.putImageData(image, 0, 0)
    const { height } = this.canvas
    this.#marks.push({ picture, at: new DOMRect(left, 0, height, height) })
    this.#changed()
  }

  /** Grey levels of the board, 0 to 255, row by row; and how many there are in a row. */
  pixels(): { bytes: Uint8Array; width: number } {
    const { width, height } = this.#small.canvas
    this.#small.drawImage(this.canvas, 0, 0, width, height)
    const { data } = this.#small.getImageData(0, 0, width, height)
    return { bytes: Uint8Array.from({ length: width * height }, (_, i) => data[4 * i]), width }
  }

  #listen() {
    const { canvas } = this
    canvas.addEventListener('pointerdown', event => {
      if (event.button !== 0) return
      event.preventDefault()
      canvas.focus({ preventScroll: true })
      canvas.setPointerCapture(event.pointerId)
      this.#marks.push({ width: (this.width * canvas.height) / 28, points: [this.#pointAt(event)] })
      this.#changed(true)
    })
    canvas.addEventListener('pointermove', event => {
      if (!canvas.hasPointerCapture(event.pointerId)) return
      const mark = this.#marks.at(-1)
      if (!mark || !('points' in mark)) return
      const events = event.getCoalescedEvents()
      mark.points.push(...(events.length > 0 ? events : [event]).map(e => this.#pointAt(e)))
      this.#changed(true)
    })
    canvas.addEventListener('lostpointercapture', () => this.#changed())
    canvas.addEventListener('keydown', event => {
      if (event.key === 'Delete' || event.key === 'Escape') this.clear()
      else if (event.key === 'Backspace' || (event.key === 'z' && (event.ctrlKey || event.metaKey))) this.undo()
      else return
      event.preventDefault()
    })
  }

  #pointAt({ clientX, clientY }: PointerEvent): Point {
    const { left, top, width, height } = this.canvas.getBoundingClientRect()
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
        const { x, y, width, height } = mark.at
        context.drawImage(mark.picture, x, y, width, height)
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
  }
}
