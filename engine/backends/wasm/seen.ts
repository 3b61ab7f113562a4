// Which pixels of a convolution's result have seen something (assembly/seen.ts).
import type { Block } from './block.js'
import type { Store } from './store.js'

/** Notes of y[n,oh,ow] which pixels have seen something in their windows of x[n,h,w], if that is known of x. */
export function see(
  { bytesOf, kernels, run, takeBytes }: Store,
  y: Block,
  x: Block,
  { n, h, w, oh, ow }: { n: number; h: number; w: number; oh: number; ow: number },
  [kh, kw]: readonly number[],
  stride: number,
) {
  const bytes = bytesOf(x)
  const from = bytes || x.seen
  if (!from) return
  y.seen = takeBytes(n * oh * ow)
  y.image = bytes ? x : x.image
  const channels = bytes ? x.length / (n * h * w) : 1
  run('see', n, [from, y.seen, h, w, channels, kh, kw, stride, oh, ow], kernels.seeScratch(w))
}
