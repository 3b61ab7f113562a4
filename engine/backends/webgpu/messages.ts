// What can go wrong on the way to a graphics card and on it, in one clear line each.
import { ChiffreError, type MessageValues } from '../../errors.js'

/** The English text of every message of WebGPU; {name} stands for a value. */
export const messages = {
  'webgpu.package': 'the package webgpu is not installed (see `doctor`)',
  'webgpu.broken': 'the package webgpu does not load: {reason}',
  'webgpu.adapter': 'WebGPU finds neither a graphics card nor a driver for one (see `doctor`)',
  'webgpu.unsupported': 'this browser has no WebGPU',
  'webgpu.wrong': 'webgpu: {adapter} computes wrong results (got {actual}, expected {expected})',
  'webgpu.size': '{op}: {length} numbers are too many for this graphics card; expected at most {limit}. A smaller batch needs less', // prettier-ignore
  'webgpu.kernel': '{op} failed on webgpu: {reason}',
  'webgpu.lost': '{op}: the graphics card was taken away (webgpu lost its device); start again',
} as const

export const problem = (key: keyof typeof messages, values: MessageValues) =>
  new ChiffreError(key, values, messages[key])
