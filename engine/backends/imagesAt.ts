// What uploadPixels means by indices: all backends share it.

/** The images of the given indices, one after the other, out of images of `size` pixels each; all without indices. */
export function imagesAt(pixels: Uint8Array, indices?: Uint32Array, size = 1): Uint8Array {
  if (!indices) return pixels
  const picked = new Uint8Array(indices.length * size)
  indices.forEach((from, i) => picked.set(pixels.subarray(from * size, (from + 1) * size), i * size))
  return picked
}
