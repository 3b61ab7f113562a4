// The script of a worker thread: it shares the main thread's memory and works through its jobs.
import { instantiate, onStart } from './host.js'
import { help, type Invitation } from './threads.js'

onStart((message, ready) => {
  const { module, memory, thread } = message as Invitation
  const kernels = instantiate(module, memory)
  ready()
  help(kernels, memory, thread)
})
