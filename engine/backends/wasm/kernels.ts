// The exports of assembly/, written by scripts/build.js: do not edit.

/** Each kernel and its arguments, after the item and the scratch that the thread pool gives it. */
export interface Kernels {
  addBias: [x: number, b: number, y: number, m: number, n: number, rectify: number]
  biasGrad: [dy: number, partial: number, m: number, n: number]
  relu: [x: number, y: number, n: number]
  reluGrad: [y: number, dy: number, dx: number, n: number]
  sumChunk: [x: number, partial: number, n: number]
  sumParts: [partial: number, count: number, y: number, n: number]
  convolve: [x: number, packed: number, y: number, h: number, w: number, ci: number, kh: number, kw: number, co: number, stride: number, oh: number, ow: number, b: number, rectify: number]
  filterGrad: [x: number, dy: number, partial: number, n: number, images: number, h: number, w: number, ci: number, kh: number, kw: number, co: number, stride: number, oh: number, ow: number]
  packTurned: [w: number, taps: number, ci: number, co: number, packed: number]
  pad: [x: number, y: number, h: number, w: number, c: number, toH: number, toW: number, top: number, left: number, spread: number]
  multiply: [x: number, down: number, right: number, packed: number, y: number, m: number, k: number, n: number, rows: number, b: number, rectify: number, mask: number]
  packColumns: [w: number, down: number, right: number, k: number, n: number, packed: number, panels: number]
  adam: [w: number, dw: number, m: number, v: number, next: number, n: number, rate: number, root: number, rest1: number, rest2: number, epsilon: number, kept: number]
  momentum: [w: number, dw: number, v: number, next: number, n: number, lr: number, keep: number, kept: number]
  sgd: [w: number, dw: number, next: number, n: number, lr: number, kept: number]
  countEntries: [starts: number, m: number, k: number, size: number, count: number]
  spmmAdam: [starts: number, grey: number, parts: number, dy: number, m: number, k: number, n: number, w: number, mean: number, square: number, next: number, rate: number, root: number, rest1: number, rest2: number, epsilon: number, kept: number]
  sddmm: [starts: number, shift: number, dy: number, w: number, m: number, k: number, n: number, rows: number]
  spmmTransposed: [starts: number, grey: number, parts: number, dy: number, dw: number, m: number, k: number, n: number]
  spmm: [starts: number, grey: number, panels: number, y: number, m: number, k: number, n: number, rows: number, b: number, rectify: number]
  spmmBlock: [starts: number, panel: number, partial: number, m: number, k: number, rows: number]
  sumBlocks: [partial: number, blocks: number, y: number, m: number, n: number, b: number, rectify: number]
  denseToCsr: [x: number, entries: number, starts: number, m: number, k: number]
  pack: [x: number, panels: number, m: number, n: number]
  csrToDense: [starts: number, shift: number, x: number, m: number, k: number]
  unpack: [panels: number, x: number, m: number, n: number]
  countNonzeros: [bytes: number, counts: number, m: number, k: number]
  bytesToCsr: [bytes: number, places: number, first: number, room: number, m: number, k: number]
  gatherBytes: [places: number, indices: number, bytes: number, m: number, k: number]
  gatherCsr: [places: number, indices: number, starts: number, m: number, k: number]
  placeImages: [places: number, totals: number, m: number, k: number]
  toFloat: [bytes: number, y: number, n: number]
  maxPool: [x: number, y: number, argmax: number, h: number, w: number, c: number, size: number, stride: number, oh: number, ow: number]
  scatter: [argmax: number, dy: number, dx: number, h: number, w: number, c: number, size: number, stride: number, oh: number, ow: number]
  sparseBiasGrad: [starts: number, shift: number, partial: number, n: number, images: number, windows: number, co: number]
  sparseFilterGrad: [x: number, argmax: number, starts: number, shift: number, partial: number, n: number, images: number, h: number, w: number, ci: number, kh: number, kw: number, co: number, size: number, ph: number, pw: number, active: number]
  sparseInputGrad: [argmax: number, starts: number, shift: number, weights: number, dx: number, mask: number, h: number, w: number, ci: number, kh: number, kw: number, co: number, size: number, ph: number, pw: number, active: number, sums: number, totals: number]
  sumTaps: [weights: number, sums: number, taps: number, ci: number]
  sumTransposed: [partial: number, count: number, dw: number, taps: number, co: number]
  transpose: [x: number, y: number, m: number, n: number]
  activeFilterGrad: [x: number, dy: number, partial: number, n: number, images: number, h: number, w: number, ci: number, kh: number, kw: number, co: number, oh: number, ow: number, active: number]
  activeMask: [from: number, to: number, h: number, w: number, c: number, kh: number, kw: number, stride: number, oh: number, ow: number]
  convolveActive: [x: number, active: number, panels: number, y: number, h: number, w: number, ci: number, kh: number, kw: number, co: number, oh: number, ow: number, b: number, rectify: number]
  crossEntropy: [logits: number, labels: number, probabilities: number, losses: number, m: number, n: number, smoothing: number]
  crossEntropyGrad: [probabilities: number, labels: number, dy: number, dlogits: number, m: number, n: number, smoothing: number]
  mean: [losses: number, loss: number, m: number]
  softmax: [x: number, y: number, m: number, n: number]
  softmaxGrad: [y: number, dy: number, dx: number, m: number, n: number]
  convolvePool: [x: number, weights: number, u: number, y: number, argmax: number, h: number, w: number, ci: number, co: number, ph: number, pw: number, b: number, rectify: number, active: number, pixels: number]
  transformFilters: [w: number, ci: number, co: number, u: number]
  inferPooled: [x: number, weights: number, u: number, y: number, n: number, images: number, h: number, w: number, ci: number, co: number, ph: number, pw: number, b: number, rectify: number, pixels: number]
  transformFilters4: [w: number, ci: number, co: number, u: number]
  averagePool: [x: number, y: number, h: number, w: number, c: number, kh: number, kw: number, stride: number, oh: number, ow: number]
  averagePoolGrad: [dy: number, dx: number, h: number, w: number, c: number, kh: number, kw: number, stride: number, oh: number, ow: number]
  add: [a: number, aLength: number, b: number, bLength: number, y: number, n: number]
  sub: [a: number, aLength: number, b: number, bLength: number, y: number, n: number]
  mul: [a: number, aLength: number, b: number, bLength: number, y: number, n: number]
  div: [a: number, aLength: number, b: number, bLength: number, y: number, n: number]
  repeat: [x: number, length: number, y: number, n: number]
  dropoutMask: [mask: number, key: number, dropped: number, kept: number, n: number]
  leakyRelu: [x: number, y: number, n: number]
  leakyReluGrad: [x: number, y: number, dy: number, dx: number, n: number]
  tanh: [x: number, y: number, n: number]
  tanhGrad: [x: number, y: number, dy: number, dx: number, n: number]
  sigmoid: [x: number, y: number, n: number]
  sigmoidGrad: [x: number, y: number, dy: number, dx: number, n: number]
  softplus: [x: number, y: number, n: number]
  softplusGrad: [x: number, y: number, dy: number, dx: number, n: number]
  gelu: [x: number, y: number, n: number]
  geluGrad: [x: number, y: number, dy: number, dx: number, n: number]
  exp: [x: number, y: number, n: number]
  expGrad: [x: number, y: number, dy: number, dx: number, n: number]
  log: [x: number, y: number, n: number]
  logGrad: [x: number, y: number, dy: number, dx: number, n: number]
  sqrt: [x: number, y: number, n: number]
  sqrtGrad: [x: number, y: number, dy: number, dx: number, n: number]
}

/** Functions of sizes, and of the tables that kernels use. */
export interface Functions {
  dataEnd(): number
  convolveScratch(ow: number): number
  filterGradScratch(oh: number, ow: number): number
  multiplyScratch(rows: number): number
  packedColumns(k: number, n: number): number
  blocksOf(rows: number): number
  fillTables(): void
  spmmTransposedScratch(m: number): number
  spmmScratch(rows: number): number
  panelWidth(n: number): number
  fillPlaces(): void
  imageBytes(k: number, count: number): number
  sparseFilterGradScratch(windows: number, co: number, cells: number): number
  sparseInputGradScratch(cells: number, co: number): number
  activeFilterGradScratch(oh: number, ow: number): number
  activeMaskScratch(w: number, c: number): number
  convolveActiveScratch(): number
  convolvePoolScratch(ph: number, pw: number, ci: number): number
  transformedFilters(ci: number, co: number): number
  inferPooledScratch(images: number, ph: number, pw: number, ci: number, co: number): number
  transformedFilters4(ci: number, co: number): number
  runItems(record: number, from: number, to: number, scratch: number): void
  runProgram(program: number, count: number, scratch: number, scratchSize: number, threads: number): number
  takePart(thread: number): void
  convolveTile(x: number, row: number, step: number, w: number, kh: number, run: number, y: number, last: number): void
  filterGradTile(x: number, down: number, step: number, dy: number, oh: number, ow: number, tile: number): void
  dots(list: number, end: number, dy: number, panel: number, shift: number, begin: number): void
  narrowGreyScatter(list: number, end: number, dy: number, dw: number): void
  narrowGreySum(list: number, end: number, panel: number, sums: number): void
  newWideSum(list: number, end: number, panel: number, sums: number): void
  wideGreySum(list: number, end: number, panel: number, sums: number): void
  wideSum(list: number, end: number, panel: number, sums: number): void
  multiplyTile(depth: number, x: number, w: number, y: number, stride: number, begin: number): void
  addNarrow(list: number, end: number, from: number, to: number): void
  addWide(list: number, end: number, from: number, to: number): void
  activeFilterGradTile(list: number, end: number, x: number, dy: number, tile: number): void
  addWindow(x: number, row: number, kh: number, run: number, panel: number, b: number, to: number, rectify: number): void
  multiplyTiles(v: number, u: number, ci: number, points: number, m: number): void
  poolExactly(x: number, width: number, ci: number, w: number, co: number, b: number, rectify: number, y: number, winner: number, count: number): void
  poolWindows(m: number, b: number, rectify: number, limit: number, y: number, right: number, down: number, count: number, half: number): number
  transformTile(x: number, row: number, pixel: number, v: number, half: number): void
}

/**
 * Each kernel at its number of calls.ts, with the kinds of its arguments: whole numbers (i) or floats (f); addresses of what it
 * reads (r) or writes (w), or of lists, whose entries lie elsewhere, which it reads (l) or writes (o).
 */
export const signatures: readonly (readonly [kernel: keyof Kernels, kinds: string])[] = [
  ['activeMask', 'rwiiiiiiii'],
  ['convolveActive', 'rrrwiiiiiiiiri'],
  ['activeFilterGrad', 'rrwiiiiiiiiiir'],
  ['averagePool', 'rwiiiiiiii'],
  ['averagePoolGrad', 'rwiiiiiiii'],
  ['toFloat', 'rwi'],
  ['countNonzeros', 'rwii'],
  ['placeImages', 'wwii'],
  ['bytesToCsr', 'rwwiii'],
  ['gatherCsr', 'lrwii'],
  ['gatherBytes', 'lrwii'],
  ['pad', 'rwiiiiiiii'],
  ['packTurned', 'riiiw'],
  ['convolve', 'rrwiiiiiiiiiri'],
  ['filterGrad', 'rrwiiiiiiiiiii'],
  ['relu', 'rwi'],
  ['reluGrad', 'rrwi'],
  ['addBias', 'rrwiii'],
  ['biasGrad', 'rwii'],
  ['sumChunk', 'rwi'],
  ['sumParts', 'riwi'],
  ['packColumns', 'riiiiwi'],
  ['multiply', 'riirwiiiirir'],
  ['sgd', 'rrwiff'],
  ['momentum', 'rrwwifff'],
  ['adam', 'rrwwwiffffff'],
  ['add', 'ririwi'],
  ['sub', 'ririwi'],
  ['mul', 'ririwi'],
  ['div', 'ririwi'],
  ['repeat', 'riwi'],
  ['dropoutMask', 'wiifi'],
  ['softmax', 'rwii'],
  ['softmaxGrad', 'rrwii'],
  ['crossEntropy', 'rrwwiif'],
  ['mean', 'rwi'],
  ['crossEntropyGrad', 'rrrwiif'],
  ['maxPool', 'rwwiiiiiii'],
  ['scatter', 'rrwiiiiiii'],
  ['sparseBiasGrad', 'liwiiii'],
  ['sparseFilterGrad', 'rrliwiiiiiiiiiiir'],
  ['sumTransposed', 'riwii'],
  ['transpose', 'rwii'],
  ['sparseInputGrad', 'rlirwriiiiiiiiirrw'],
  ['sumTaps', 'rwii'],
  ['denseToCsr', 'rwwii'],
  ['countEntries', 'riiiw'],
  ['pack', 'rwii'],
  ['unpack', 'rwii'],
  ['spmm', 'lirwiiiiri'],
  ['spmmBlock', 'lrwiii'],
  ['sumBlocks', 'riwiiri'],
  ['spmmTransposed', 'liirwiii'],
  ['spmmAdam', 'liiriiirwwwffffff'],
  ['sddmm', 'oirriiii'],
  ['csrToDense', 'liwii'],
  ['leakyRelu', 'rwi'],
  ['leakyReluGrad', 'rrrwi'],
  ['tanh', 'rwi'],
  ['tanhGrad', 'rrrwi'],
  ['sigmoid', 'rwi'],
  ['sigmoidGrad', 'rrrwi'],
  ['softplus', 'rwi'],
  ['softplusGrad', 'rrrwi'],
  ['gelu', 'rwi'],
  ['geluGrad', 'rrrwi'],
  ['exp', 'rwi'],
  ['expGrad', 'rrrwi'],
  ['log', 'rwi'],
  ['logGrad', 'rrrwi'],
  ['sqrt', 'rwi'],
  ['sqrtGrad', 'rrrwi'],
  ['transformFilters', 'riiw'],
  ['convolvePool', 'rrrwwiiiiiirirr'],
  ['transformFilters4', 'riiw'],
  ['inferPooled', 'rrrwiiiiiiiirir'],
]

/** How much an item of a kernel is, and how a program is laid out. */
export const constants = {
  CHUNK: 8192,
  ROWS: 1024,
  BLOCK: 392,
  CSR_ROWS: 8,
  PANEL_ROWS: 64,
  NARROW: 12,
  SPARE: 4,
  WIDE: 32,
  GATHERED: 32,
  ACTIVE_FILTERS: 32,
  SCORES: 64,
  ARGUMENTS: 16,
  FINITE: -2,
  GUARD: -1,
  RECORD: 128,
  SINGLE: 256,
} as const
