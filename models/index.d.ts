import type { Network } from '../engine/index.js'

/**
 * Every function that a file of models/ exports, by its name. The build writes this list from the folder
 * (scripts/build.js), so a new function here is a new `--model` at once. It
 * is told the shape of an image, [rows, columns, channels], and how many classes there are; without, it is for MNIST.
 */
export declare const models: Record<string, (input?: number[], classes?: number) => Network>
