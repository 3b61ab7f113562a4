// TensorFlow.js in plain JavaScript.
import { run } from './tfjs.mjs'

await run('cpu')
