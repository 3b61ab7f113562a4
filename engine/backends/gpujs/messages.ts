// What can go wrong on a GPU, in one clear line each.
import { ChiffreError, type MessageValues } from '../../errors.js'

/** The English text of every message of this backend; {name} stands for a value. */
export const messages = {
  'gpujs.none':
    'gpujs: there is no way from Node to a graphics card here: {webgpu}; {gl}. The command `doctor` says what to install; gpujs:cpu and gpujs:webasm run without',
  'gpujs.missing':
    'the package gl is not installed, or it finds no display (on a server, run under xvfb-run -a; see `doctor`)',
  'gpujs.unsupported': 'gpujs: {mode} does not run here',
  'gpujs.unknown': 'gpujs: there is no mode {mode}; expected one of {modes}',
  'gpujs.degraded': 'gpujs: {op} did not run on {mode} but on another kind of kernel: {reason}',
  'gpujs.wrong': 'gpujs: {mode} computes wrong results here (got {actual}, expected {expected})',
  'gpujs.size': '{op}: {length} numbers are too many for {mode}; expected at most {limit}. A smaller batch needs less',
  'gpujs.kernel': '{op} failed on {mode}: {reason}',
  'gpujs.lost': '{op}: the GPU was taken away ({mode} lost its context); start again',
} as const

export const problem = (key: keyof typeof messages, values: MessageValues) =>
  new ChiffreError(key, values, messages[key])
