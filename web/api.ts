// What the page and its Worker say to each other. The page never computes a network, so it is never busy.
import type { Box, Disturbance, Mistake, ReadRow } from '../data/index.js'
import type { Training } from '../training/index.js'
import type { LayerSummary, Shape } from '../engine/index.js'

/** What the command line says about how the page begins: settings.json. */
export interface PageSettings {
  readonly model: string
  readonly backend: string
  readonly lang: 'en' | 'fr'
  /** How the reader calls the command line. */
  readonly program?: string
  /** Whether MNIST's files end in .gz. */
  readonly compressed?: boolean
  /** Where the weights are that know what is no digit. */
  readonly rejector?: string
  /** Those that it will know; the Worker tells later. */
  readonly models?: readonly string[]
}

/** Grey levels with their shape: [rows, columns], or [rows, columns, channels]. */
export interface Grid {
  readonly shape: Shape
  readonly values: Float32Array
}

/** A network as the page's menu shows it. */
export interface NetworkInfo {
  readonly model: string
  readonly layers: readonly LayerSummary[]
  /** The shape of an image: [rows, columns], or [rows, columns, channels]. */
  readonly input: Shape
  /** What it tells apart. */
  readonly classes: readonly string[]
  /** Where its weights come from: a checkpoint's address, a file's name, or nowhere yet. */
  readonly weights: 'checkpoint' | 'file' | 'trained here' | 'none'
  /** How it was trained, if it was. */
  readonly past?: Past
}

/** What a network's training was so far: what going on with it goes on from. */
export interface Past extends Pick<Training, 'optimizer' | 'lr' | 'seed' | 'epoch' | 'batch' | 'steps' | 'data'> {
  /** Whether the optimizer's memory is there as well. */
  readonly remembers: boolean
  /** The run under way, if it was stopped before its end. */
  readonly run?: { readonly first: number; readonly last: number }
}

/** What networks say to an image. */
export interface Answers {
  /** What they saw, after the disturbance; 0 to 1. */
  readonly seen: Grid
  readonly results: readonly { readonly model: string; readonly probabilities: Float32Array }[]
}

/** What became of a drawing. */
export interface Reading extends Answers {
  /** The drawing sheared upright, made small, if that was asked for: the rest is about that. */
  readonly upright?: Grid
  /** How far it leant to the right: pixels sideways for each row up; 0 if that was not asked for. */
  readonly slant: number
  readonly scaled: Grid
  readonly padded: Grid
  readonly centred: Grid
  /** The part of the drawing that the undisturbed 28x28 show. */
  readonly frame: { readonly top: number; readonly left: number; readonly height: number; readonly width: number }
  /** Whether it is rather no digit, undisturbed; undefined if the page has no weights to tell that with. */
  readonly rejected?: boolean | undefined
}

/** What became of a photograph before it was on a board. */
export interface Photo {
  /** 280x280 bytes of ink each. */
  readonly squares: readonly Uint8Array[]
  /** Small pictures of the way there, 0 to 255: the paper in red, green and blue [h,w,3]; its ink, and what of that is writing [h,w]. */
  readonly steps: { readonly paper: Grid; readonly ink: Grid; readonly cleaned: Grid }
}

/** What one unit of a layer computes from the last drawing. */
export interface UnitView {
  readonly value: number
  readonly bias: number | undefined
  /** The inputs that the unit is connected to, and how much each counts; the window of a convolution, or everything. */
  readonly inputs: Grid
  readonly weights: Grid
  /** Where these inputs are in those of the layer, whose shape is given too; undefined if they are all of them. */
  readonly window?: Box & { readonly of: Shape; readonly channel?: number }
}

export interface TrainingOptions {
  readonly model: string
  readonly lr: number
  readonly optimizer: 'adam' | 'sgd'
  readonly seed: number
  readonly epochs: number
  /** Drawings of one's own to learn from, 28x28 each, alone or with MNIST's; without, MNIST alone. */
  readonly own?: { readonly pixels: Uint8Array; readonly labels: Uint8Array; readonly alone: boolean }
  /** Begin with new weights, or with the present ones. */
  readonly fresh: boolean
}

/** How a training ended. If its loss was no longer a number, the network is again what it was before. */
export type TrainingEnd = 'over' | 'stopped' | 'diverged'

/** What training came to since the last report. */
export interface TrainingReport {
  /** Images seen in this run. */
  readonly images: number
  /** Batches done, over all epochs of this run. */
  readonly batch: number
  readonly batches: number
  readonly epoch: number
  /** Of the batches since the last report. */
  readonly loss: number
  readonly accuracy: number
  readonly imagesPerSecond: number
  /** On the first test images: some ten times in a run. */
  readonly test?: { readonly loss: number; readonly accuracy: number }
}

/** A mistake on the test set, with its image. */
export interface PicturedMistake extends Mistake {
  readonly pixels: Uint8Array
}

export interface TestResult {
  readonly accuracy: number
  readonly loss: number
  /** confusion[label][answer] = how many. */
  readonly confusion: readonly (readonly number[])[]
  /** The most confident first. */
  readonly mistakes: readonly PicturedMistake[]
}

/** A tensor of a training step: its numbers (of a very large matrix the first rows), its shape, and the length of the vector. */
export interface TensorView extends Grid {
  readonly whole: Shape
  readonly norm: number
}

/** An operation of a training step, as the page shows it. */
export interface OperationView {
  readonly op: string
  /** The layer that it belongs to. */
  readonly layer?: string
  /** Its formulas and shapes as the source's comment has them, and where that stands. */
  readonly forward: string
  readonly backward: string
  readonly shapes: string
  readonly source: string
  /** What it made, and how fast the loss rises with each number of it. */
  readonly y: TensorView
  readonly dy: TensorView
  /** What it computed that from, and what it passed on to each. */
  readonly inputs: readonly { readonly name: string; readonly x: TensorView; readonly dx: TensorView }[]
}

/** One step of training on what was last read, undone again. */
export interface StepView {
  readonly loss: number
  readonly operations: readonly OperationView[]
  /** The parameters, with the weight of each that counts most. */
  readonly parameters: readonly { readonly name: string; readonly shape: Shape; readonly largest: number }[]
}

/** A weight, how fast the loss rises with it, and the loss with the weight moved by each of the distances. */
export interface WeightView {
  readonly value: number
  readonly gradient: number
  readonly losses: readonly number[]
}

export interface Api {
  /** Builds a backend and hears which models there are. @returns what really runs, such as `wasm` */
  start(backend: string): Promise<{ readonly backend: string; readonly models: readonly string[] }>
  /** The graphics card that is there to compute on, or in use; software in place of one does not count, unless it was asked for. */
  card(): Promise<string | undefined>
  /** Takes up a model's checkpoint, if there is one. */
  open(model: string): Promise<NetworkInfo>
  /** Prepares a drawing [height, width] of grey bytes, when asked sheared upright, and reads it with the given models; undefined if it is blank. */
  read(
    drawing: Uint8Array,
    width: number,
    disturbance: Disturbance,
    models: readonly string[],
    deslant: boolean,
  ): Promise<Reading | undefined>
  /**
   * Finds the ink of a picture (red, green, blue and alpha), cleaned and cropped, for squares of 280x280 side by side; undefined if
   * it is blank.
   */
  ink(picture: Uint8ClampedArray, width: number, squares: number): Promise<Photo | undefined>
  /** Reads a picture, of which it is given the bytes in the shape of the model's input. */
  look(picture: Uint8Array, model: string): Promise<Answers>
  /** What each layer makes of what was last read, its input first; and the probabilities. */
  activations(model: string): Promise<Grid[]>
  /** What one unit computes, by its layer and its place in the layer's output. */
  unit(model: string, layer: number, place: number): Promise<UnitView>
  /** d(winning logit) / d(pixel), for what was last read. */
  saliency(model: string): Promise<Grid>
  /** The way of what was last read, being of a class, to the loss and back. */
  step(model: string, label: number): Promise<StepView>
  /** The loss after a step of gradient descent with each of the learning rates. */
  descend(model: string, label: number, rates: readonly number[]): Promise<number[]>
  /** One weight of a parameter, moved by each of some distances. */
  weight(
    model: string,
    label: number,
    parameter: string,
    index: number,
    distances: readonly number[],
  ): Promise<WeightView>
  /** Reads a strip of several digits, when asked sheared upright. */
  readRow(drawing: Uint8Array, width: number, model: string, deslant: boolean): Promise<ReadRow | undefined>
  /** Trains until the epochs are done or stop() is called, reporting some hundred times. */
  train(options: TrainingOptions, onReport: (report: TrainingReport) => void | Promise<void>): Promise<TrainingEnd>
  /** The weights of a model's only dense layer, [pixels, units]. */
  weights(model: string): Promise<Float32Array>
  pause(paused: boolean): Promise<void>
  stop(): Promise<void>
  /** The model's checkpoint, as the command line reads and writes it: weights, progress and the optimizer's memory. */
  save(model: string): Promise<Uint8Array>
  /** Takes up a checkpoint from a file; a training of that model ends. @returns the network that it is of */
  load(bytes: Uint8Array): Promise<NetworkInfo>
  /** Reads the 10,000 test images. */
  test(model: string, onProgress: (done: number) => void): Promise<TestResult>
  /** Image i of the test set, and what it shows. */
  example(i: number): Promise<{ readonly pixels: Uint8Array; readonly label: number }>
}
