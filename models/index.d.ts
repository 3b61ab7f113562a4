import type { Network } from '../engine/index.js'

/**
 * Every function that a file of models/ exports, by its name. The build writes this list from the folder
 * (scripts/build.js), so a new function here is a new `--model` at once.
 */
export declare const models: Record<string, () => Network>
