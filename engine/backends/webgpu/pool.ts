// Pooling: a thread computes one number of y, or one of dx, which looks at all windows that it is in.
import { eachValue, type Kernel } from './kernel.js'

const sizes = 'h, w, c, kh, kw, stride, oh, ow'

/** Which pixel and channel number i of an array [n,height,width,c] is. */
const place = (height: string, width: string, row: string, column: string) => `
  let channel = i % size.c; let at = i / size.c;
  let ${column} = at % ${width}; let line = at / ${width};
  let ${row} = line % ${height}; let n = line / ${height};`
const cell = (row: string, column: string) => `((n * size.h + ${row}) * size.w + ${column}) * size.c + channel`

/** For each tap (a,b) of the window of pixel (row,column) of y */
const eachTap = (body: string) => `
  for (var a = 0u; a < size.kh; a++) {
    for (var b = 0u; b < size.kw; b++) {
      let start = ${cell('(row * size.stride + a)', '(column * size.stride + b)')};
      ${body}
    }
  }`

/** For each window (r,s) that pixel (p,q) of x is in, as its tap (a,b); its number in y is \`to\`. */
const eachWindow = (body: string) => `
  for (var a = 0u; a < size.kh; a++) {
    if (a > p || (p - a) % size.stride != 0u || (p - a) / size.stride >= size.oh) { continue; }
    let r = (p - a) / size.stride;
    for (var b = 0u; b < size.kw; b++) {
      if (b > q || (q - b) % size.stride != 0u || (q - b) / size.stride >= size.ow) { continue; }
      let s = (q - b) / size.stride;
      let to = ((n * size.oh + r) * size.ow + s) * size.c + channel;
      ${body}
    }
  }`

/** y[n,i,j,c] = max over a,b of x[n, i·stride + a, j·stride + b, c] */
export const maxPool: Kernel = eachValue({
  op: 'maxPool',
  reads: { x: 'f32' },
  writes: { y: 'f32' },
  sizes,
  body: `${place('size.oh', 'size.ow', 'row', 'column')}
  var best = x[${cell('(row * size.stride)', '(column * size.stride)')}];
  ${eachTap('if (x[start] > best) { best = x[start]; }')}`,
  value: 'best',
})

/** dx[n,p,q,c] = Σ dy of the windows that (p,q) won: x there is the window's y, and no cell before it is */
export const maxPoolGrad: Kernel = eachValue({
  op: 'maxPoolGrad',
  reads: { x: 'f32', y: 'f32', dy: 'f32' },
  writes: { dx: 'f32' },
  sizes,
  body: `${place('size.h', 'size.w', 'p', 'q')}
  let value = x[i];
  var sum = 0.0;
  ${eachWindow(`
      if (value != y[to]) { continue; }
      var first = true;
      for (var t = 0u; first && t < a * size.kw + b; t++) {
        first = x[${cell('(p - a + t / size.kw)', '(q - b + t % size.kw)')}] != value;
      }
      if (first) { sum += dy[to]; }`)}`,
  value: 'sum',
})

/** y[n,i,j,c] = Σ a,b  x[n, i·stride + a, j·stride + b, c] / (kh·kw) */
export const averagePool: Kernel = eachValue({
  op: 'averagePool',
  reads: { x: 'f32' },
  writes: { y: 'f32' },
  sizes,
  body: `${place('size.oh', 'size.ow', 'row', 'column')}
  var sum = 0.0;
  ${eachTap('sum += x[start];')}`,
  value: 'sum / f32(size.kh * size.kw)',
})

/** dx[n,p,q,c] = Σ dy / (kh·kw) over the windows that (p,q) is in */
export const averagePoolGrad: Kernel = eachValue({
  op: 'averagePoolGrad',
  reads: { dy: 'f32' },
  writes: { dx: 'f32' },
  sizes,
  body: `${place('size.h', 'size.w', 'p', 'q')}
  var sum = 0.0;
  ${eachWindow('sum += dy[to];')}`,
  value: 'sum / f32(size.kh * size.kw)',
})
