// What a user can do wrong, in one clear line each. An error carries a key and values besides its English text, so
// that a program can say it in another language.

/** The English text of every message of the engine; {name} stands for a value. */
export const messages = {
  'engine.shape': '{op}: {input} has shape [{actual}]; expected [{expected}]',
  'engine.matmul': 'matmul: x [{x}] and w [{w}] do not fit; the last size of x must be the first of w',
  'engine.rank': '{op}: {input} has shape [{actual}]; expected {expected} dimensions',
  'engine.reshape': 'reshape: [{from}] holds {size} numbers and cannot become [{to}]',
  'engine.gradient': '{op}: the gradient of {input} has {actual} numbers, but its shape is [{shape}]',
  'engine.scalar': 'backward: starts from one number such as a loss, not from shape [{shape}], unless dy is given',
  'engine.freed': '{op}: {input} was freed already; tensors made inside scope() live until its end',
  'engine.data': 'tensor: {actual} values cannot fill shape [{shape}]',
  'engine.label': 'crossEntropy: label {label} at position {position}; expected a whole number from 0 to {last}',
  'engine.logits':
    '{op} takes logits and applies {activation} itself: take the {activation}() at the end of the network out',
  'engine.layer': 'layer {layer} cannot take [{input}]: {reason}',
  'engine.layer.kind': 'layer {layer} is no layer; did you mean {call}()?',
  'engine.layer.flat': 'it takes a row of numbers; put flatten() before it',
  'engine.layer.rank': 'it expects {expected} dimensions',
  'engine.layer.shortcut':
    "its layers make [{output}] of it, and the shortcut [{shortcut}]; with padding 'same' they fit",
  'engine.layer.window': 'its {size}x{size} window is larger than the image',
  'engine.argument': '{where}: {name} is {actual}; expected {expected}',
  'engine.init': 'the network has no weights yet: call init(backend, seed) first',
  'engine.backends': '{op}: its inputs are on two backends, {first} and {second}; upload them to the same',
  'engine.index': 'gather: there is no example {index}; the set has {length}, counted from 0',
  'engine.part': 'the network has no {name} of this shape: it must run the same way for every batch',
  'engine.part.twice': 'two parts of the network are called {name}; every name may be given once',
  'engine.heads': 'the network gives {heads}: a network of several results needs a loss of its own',
  'engine.input': 'the network takes [{expected}] an example, not [{actual}]',
  'engine.memory': 'out of memory: {asked} bytes were asked for, {used} are in use, and there is room for 2 GiB',
  'engine.simd': 'this machine has no WebAssembly SIMD, which the wasm backend needs; the cpu backend runs everywhere',
  'engine.threads.isolation':
    'one thread: this page is not cross-origin isolated; its server must send Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp',
  'engine.threads.start': 'one thread: others do not start: {reason}',
  'engine.safetensors': 'not a safetensors file: {reason}',
  'engine.safetensors.short': 'it has {actual} bytes, at least {expected} are needed',
  'engine.safetensors.header': 'its header would be {length} bytes long, but the file has {size}',
  'engine.safetensors.long': 'its header is {length} bytes long; at most {most} are read',
  'engine.safetensors.json': 'its header is not JSON',
  'engine.safetensors.entry': 'the header of tensor {name} is malformed',
  'engine.safetensors.dtype': 'tensor {name} has type {actual}; expected F32 or F16',
  'engine.safetensors.range': 'tensor {name} lies at bytes {start}–{end}, outside the {size} bytes of data',
  'engine.safetensors.size': 'tensor {name} has {actual} bytes; its shape [{shape}] needs {expected}',
  'engine.safetensors.overlap': 'tensors {first} and {second} overlap',
  'engine.safetensors.gap': 'bytes {start}–{end} of the data belong to no tensor',
  'engine.weights.missing': 'tensor {name} is missing',
  'engine.weights.shape': 'tensor {name} has shape [{actual}]; the model needs [{expected}]',
  'engine.weights.extra': 'tensor {name} does not belong to the model',
  'engine.weights.nan': 'tensor {name} holds a value that is not a finite number, at position {position}',
} as const

/** What fills the {names} of a message. A value may be an error, the reason of the outer one. */
export type MessageValues = Readonly<Record<string, string | number | ChiffreError>>

/** Fills the {names} of a message. */
export function fill(template: string, values: MessageValues): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name] ?? whole
    return value instanceof ChiffreError ? value.message : String(value)
  })
}

/** An error that is the user's to mend: its message is one line and needs no stack. key and values say it in other languages. */
export class ChiffreError extends Error {
  override name = 'ChiffreError'
  constructor(
    readonly key: string,
    readonly values: MessageValues,
    text: string,
  ) {
    super(fill(text, values))
  }
}

/** A ChiffreError of the engine, by its key in `messages`. */
export const problem = (key: keyof typeof messages, values: MessageValues = {}) =>
  new ChiffreError(key, values, messages[key])

/** Checks that an argument is a whole number of at least 1. @throws ChiffreError naming it */
export function positive(where: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw problem('engine.argument', { where, name, actual: value, expected: '≥ 1' })
}
