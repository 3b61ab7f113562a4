// Which pixels of a convolution's result have seen something (assembly/seen.ts).
import type { Conv2dShape } from '../../backend.js'
import type { Block } from './block.js'
import type { Store } from './store.js'

/**
 * Notes of y[n,oh,ow] which pixels have seen something in their windows of x[n,h,w], if that is known of x.
 * @param through the convolution of x that y is
 */
export function see(
  { bytesOf, kernels, run, takeBytes }: Store,
  y: Block,
  x: Block,
  { n, h, w, oh, ow }: { n: number; h: number; w: number; oh: number; ow: number },
  [kh, kw]: readonly number[],
  stride: number,
  through?: Conv2dShape,
) {
  const bytes = bytesOf(x)
  const seen = bytes ? { at: bytes, n, h, w, image: x } : x.seen
  if (seen?.n !== n || seen.h !== h || seen.w !== w) return
  y.seen = { at: takeBytes(n * oh * ow), n, h: oh, w: ow, image: seen.image, s: bytes ? through : undefined }
  const channels = bytes ? x.length / (n * h * w) : 1
  run('see', n, [seen.at, y.seen.at, h, w, channels, kh, kw, stride, oh, ow], kernels.seeScratch(w))
}
