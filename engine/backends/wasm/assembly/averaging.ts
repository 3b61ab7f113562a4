// Average-pooling. An item is an image.
import { Out, storeLanes, zero } from './simd'

/** y[oh,ow,c] = the mean of each kh x kw window of x[h,w,c] */
export function averagePool(
  item: i32, scratch: usize, x: usize, y: Out, h: i32, w: i32, c: i32, kh: i32, kw: i32, stride: i32, oh: i32, ow: i32,
): void {
  const image = x + (<usize>(item * h * w * c) << 2)
  let to = y + (<usize>(item * oh * ow * c) << 2)
  const share = f32x4.splat(1 / <f32>(kh * kw))
  for (let i = 0; i < oh; i++)
    for (let j = 0; j < ow; j++) {
      for (let o = 0; o < c; o += 4) {
        let sum = zero()
        for (let a = 0; a < kh; a++) {
          let from = image + (<usize>(((i * stride + a) * w + j * stride) * c + o) << 2)
          for (let b = 0; b < kw; b++) {
            sum = f32x4.add(sum, v128.load(from))
            from += <usize>c << 2
          }
        }
        storeLanes(to + (o << 2), f32x4.mul(sum, share), c - o)
      }
      to += <usize>c << 2
    }
}

/** dx[h,w,c] = the sum of dy / (kh·kw) over the windows that a number is in */
export function averagePoolGrad(
  item: i32, scratch: usize, dy: usize, dx: Out, h: i32, w: i32, c: i32, kh: i32, kw: i32, stride: i32, oh: i32, ow: i32,
): void {
  const image = dx + (<usize>(item * h * w * c) << 2)
  let from = dy + (<usize>(item * oh * ow * c) << 2)
  const share = f32x4.splat(1 / <f32>(kh * kw))
  memory.fill(image, 0, <usize>(h * w * c) << 2)
  for (let i = 0; i < oh; i++)
    for (let j = 0; j < ow; j++) {
      for (let o = 0; o < c; o += 4) {
        const part = f32x4.mul(v128.load(from + (o << 2)), share)
        for (let a = 0; a < kh; a++)
          for (let b = 0; b < kw; b++) {
            const to = image + (<usize>(((i * stride + a) * w + j * stride + b) * c + o) << 2)
            storeLanes(to, f32x4.add(v128.load(to), part), c - o)
          }
      }
      from += <usize>c << 2
    }
}
