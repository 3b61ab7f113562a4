// A kernel: what it reads and writes, its sizes, and its code in WGSL, WebGPU's language. A card runs `main` thousands of times at
// once, in workgroups of threads; every run knows its group's number and its own in the group.

export interface Kernel {
  /** The operation to blame, as the contract calls it. */
  readonly op: string
  /** What arrays it reads and what kind of number each holds: `{ x: 'f32', w: 'vec4f' }`. */
  readonly reads: Arrays
  /** What it writes, or changes in place. */
  readonly writes: Arrays
  /** The names of its sizes, whole numbers, and of its other numbers: `size.m`, `size.lr` in the code. */
  readonly sizes: string
  readonly numbers?: string
  /** A product's last act. */
  readonly epilogue?: string
  /** What stands outside of main: functions, and what the threads of a group share. */
  readonly outside?: string
  readonly threads: number
  readonly body: string
  /** The number i of the result, and what leads to it: others may go on with that number in the same kernel (fuse.ts). */
  readonly value?: string
  readonly start?: string
  /** Whether `value` is a formula in which each array's name stands for its number i; a shorter array is repeated. */
  readonly pointwise?: boolean
}

type Arrays = Readonly<Record<string, 'f32' | 'vec4f' | 'u32'>>

export const words = (names: string | undefined) => names?.split(/[\s,]+/).filter(Boolean) ?? []

/** The whole program. In its body `group` is the number of the group, `thread` that of the thread in it. */
export function wgsl({ reads, writes, sizes, numbers, outside = '', threads, body }: Kernel): string {
  const bindings = [
    ...Object.entries(reads).map(([name, type]) => `var<storage, read> ${name}: array<${type}>;`),
    ...Object.entries(writes).map(([name, type]) => `var<storage, read_write> ${name}: array<${type}>;`),
    'var<uniform> size: Sizes;',
  ]
  return `struct Sizes { ${[...words(sizes).map(name => `${name}: u32`), ...words(numbers).map(name => `${name}: f32`)].join(', ')} }
${bindings.map((binding, i) => `@group(0) @binding(${i}) ${binding}`).join('\n')}
${outside}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) thread: u32) {
  let group = place.y * ${ROW}u + place.x;
${body}
}`
}

/** How many workgroups stand in a row, of which no card takes more than 65,535; more take several rows, and the last may be too long. */
const ROW = 32768
export const rowsOf = (groups: number) => [Math.min(groups, ROW), Math.ceil(groups / ROW)] as const

/** Threads of a group in kernels that compute one number each. */
export const THREADS = 64

/** The groups of `count` threads of which each has a number of its own. */
export const groupsFor = (count: number) => Math.ceil(count / THREADS)

/** A kernel whose threads have a number `i` below size.count each; `count` is its first size. */
export const each = (kernel: Omit<Kernel, 'threads' | 'value' | 'start' | 'pointwise'>): Kernel => ({
  ...kernel,
  sizes: `count, ${kernel.sizes}`,
  threads: THREADS,
  body: `
  let i = group * ${THREADS}u + thread;
  if (i >= size.count) { return; }
  ${kernel.body}`,
})

/** The same where the thread writes one number alone, number i of the result: `value`, after `body`. */
export const eachValue = ({ value, ...kernel }: Parameters<typeof each>[0] & { value: string }): Kernel => ({
  ...each({ ...kernel, body: `${kernel.body}\n  ${Object.keys(kernel.writes)[0]}[i] = ${value};` }),
  start: kernel.body,
  value,
})

/** A formula, for fuse.ts to make a kernel of: in it each array's name stands for its number i; a shorter array is repeated. */
export const pointwise = (op: string, names: readonly string[], value: string): Kernel => ({
  ...each({
    op,
    reads: Object.fromEntries(names.map(name => [name, 'f32'])),
    writes: { y: 'f32' },
    sizes: '',
    body: '',
  }),
  value,
  pointwise: true,
})

/** Kernels that differ in more than sizes, each made once. */
export function variants<Choice>(make: (choice: Choice) => Kernel, key: (choice: Choice) => string) {
  const made = new Map<string, Kernel>()
  return (choice: Choice): Kernel => {
    let kernel = made.get(key(choice))
    if (!kernel) made.set(key(choice), (kernel = make(choice)))
    return kernel
  }
}
