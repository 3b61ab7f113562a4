// What of gifenc (which comes without types) the recording uses.
declare module 'gifenc' {
  type Palette = readonly (readonly number[])[]
  interface Frame {
    readonly palette?: Palette
    readonly delay?: number
    readonly transparent?: boolean
    readonly transparentIndex?: number
    readonly dispose?: number
  }
  interface Encoder {
    writeFrame(indices: Uint8Array, width: number, height: number, options?: Frame): void
    finish(): void
    bytes(): Uint8Array
  }
  const gifenc: {
    GIFEncoder(): Encoder
    quantize(rgba: Uint8Array, colours: number, options?: { format?: 'rgb565' }): Palette
    applyPalette(rgba: Uint8Array, palette: Palette, format?: 'rgb565'): Uint8Array
  }
  export default gifenc
}
