// What a network reads and tells apart, and what the page, which has a board and MNIST's digits, can do with it.
import type { NetworkInfo } from './api.js'

export type Purpose = Pick<NetworkInfo, 'input' | 'classes'>

/** Whether it reads what is drawn: one channel of 28x28. */
export const readsDrawings = ({ input: [rows, columns, channels = 1] }: Purpose) =>
  rows === 28 && columns === 28 && channels === 1

/** Whether it tells the ten digits apart, so that MNIST teaches and tests it. */
export const readsDigits = (purpose: Purpose) =>
  readsDrawings(purpose) && `${purpose.classes}` === '0,1,2,3,4,5,6,7,8,9'

/** Whether two networks may be compared on one drawing. */
export const areAlike = (a: Purpose, b: Purpose) =>
  readsDrawings(a) && readsDrawings(b) && `${a.classes}` === `${b.classes}`
