// A Worker of bench/browser/page.ts: compares results with the reference.
import { error, type Question } from '../reference.js'

onmessage = ({ data }: MessageEvent<Question>) => {
  void error(data).then(answer => postMessage(answer))
}
