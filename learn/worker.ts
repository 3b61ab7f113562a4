// Judges in a thread of its own: a learner's loop may never end.
import { parentPort, workerData } from 'node:worker_threads'
import { exercises } from './exercises.js'
import { judge } from './workshop.js'

const { id, text } = workerData as { id: string; text: string }
const exercise = exercises.find(exercise => exercise.id === id)!
parentPort!.postMessage((await judge(exercise, text)) ?? null)
