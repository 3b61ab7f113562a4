// Other pictures of the same things, whose shape stays: papers and pens of other greys, what a camera or a scanner makes of edges,
// and what lies beside, on or behind a digit. data/augment.ts has the ways in which the shape changes.
import { normal, type Random } from '../engine/index.js'

/** Of how many images each is done, and how much of it at most. */
const paired = { share: 0.1, most: 0.6 }
const patched = { share: 0.12, least: 4, most: 12 }
const filtered = { share: 0.1, sides: [1, 3, 5, 7] }
const levelled = { share: 0.05, least: 0.3 }

/**
 * Something else in the picture, in place: another image shines through, weaker than its own (as in SamplePairing, Inoue 2018,
 * arXiv:1801.02929, whose label stays that of the first), or a rectangle of it lies on top (as in CutMix, Yun et al. 2019, arXiv:1905.04899).
 * @param image [h,w,channels]
 * @param other draws another image of the same shape
 */
export function clutter(
  image: Uint8Array,
  h: number,
  w: number,
  channels: number,
  other: () => Uint8Array,
  rng: Random,
) {
  if (rng() < paired.share) {
    const strength = paired.most * rng()
    const behind = other()
    for (let p = 0; p < image.length; p++) image[p] = Math.max(image[p], strength * behind[p])
  }
  if (rng() < patched.share) {
    const [height, width] = [h, w].map(side => Math.min(side, patched.least + Math.floor(rng() * (patched.most - patched.least + 1)))) // prettier-ignore
    const [top, left] = [Math.floor(rng() * (h - height + 1)), Math.floor(rng() * (w - width + 1))]
    const opaque = rng() < 0.5
    const piece = other()
    for (let i = top; i < top + height; i++)
      for (let p = (i * w + left) * channels, end = p + width * channels; p < end; p++)
        image[p] = opaque ? piece[p] : Math.max(image[p], piece[p])
  }
}

/**
 * Other greys, in place: a filter of random weights, mixed with the image (RandConv, Xu et al. 2021, arXiv:2007.13003), which may blur,
 * sharpen, find edges or turn light into dark; or paper and ink of other levels.
 * @param image [h,w,channels]
 */
export function texture(image: Uint8Array, h: number, w: number, channels: number, rng: Random) {
  const chosen = rng()
  if (chosen < filtered.share) filter(image, h, w, channels, rng)
  else if (chosen < filtered.share + levelled.share) {
    // At least so far apart that one can see it.
    const paper = (1 - levelled.least) * rng()
    const ink = paper + levelled.least + (1 - levelled.least - paper) * rng()
    for (let p = 0; p < image.length; p++) image[p] = 255 * paper + (ink - paper) * image[p]
  }
}

/** y = mix · x + (1 − mix) · (x ∗ k), each weight of k [side,side] from N(0, 1/side²); then stretched to 0 to 255. */
function filter(image: Uint8Array, h: number, w: number, channels: number, rng: Random) {
  const side = filtered.sides[Math.floor(filtered.sides.length * rng())]
  const k = Float64Array.from({ length: side * side }, () => normal(rng) / side)
  const mix = rng()
  const reach = (side - 1) / 2
  const y = new Float64Array(image.length)
  for (let i = 0, p = 0; i < h; i++)
    for (let j = 0; j < w; j++)
      for (let c = 0; c < channels; c++, p++) {
        let sum = 0
        for (let a = Math.max(-reach, -i); a <= Math.min(reach, h - 1 - i); a++)
          for (let b = Math.max(-reach, -j); b <= Math.min(reach, w - 1 - j); b++)
            sum += k[(a + reach) * side + b + reach] * image[p + (a * w + b) * channels]
        y[p] = mix * image[p] + (1 - mix) * sum
      }
  let [least, most] = [Infinity, -Infinity]
  for (const v of y) [least, most] = [Math.min(least, v), Math.max(most, v)]
  for (let p = 0; p < y.length; p++) image[p] = (255 / (most - least || 1)) * (y[p] - least) + 0.5
}
