// Where a network goes wrong: which digits it takes for which others, and on which images it errs most surely.
import { argmax, type Evaluation } from '../engine/index.js'

/** A network's wrong answer. */
export interface Mistake {
  /** The image's position in the set, from 0. */
  readonly index: number
  /** What it shows. */
  readonly label: number
  /** What the network took it for, and how sure it was, from 0 to 1. */
  readonly answer: number
  readonly probability: number
}

/** The confusion matrix, [label][answer]: how many images of each digit got each answer. */
export function confusion({ targets, outputs }: Evaluation): number[][] {
  const classes = outputs.length / targets.length
  const counts = Array.from({ length: classes }, () => Array<number>(classes).fill(0))
  targets.forEach((label, i) => counts[label][argmax(outputs, i, classes)]++)
  return counts
}

/** All wrong answers, the surest first; in the set's order where the network is equally sure. */
export function mistakes({ targets, outputs }: Evaluation): Mistake[] {
  const classes = outputs.length / targets.length
  const answers = Array.from(targets, (label, index) => {
    const answer = argmax(outputs, index, classes)
    return { index, label, answer, probability: outputs[index * classes + answer] }
  })
  return answers.filter(({ label, answer }) => label !== answer).sort((a, b) => b.probability - a.probability)
}
