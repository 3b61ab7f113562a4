// The script of a worker thread: it shares the main thread's memory and walks through its programs.
import { instantiate, onStart } from './host.js'
import { help, type Invitation } from './threadPool.js'

onStart((message, ready) => {
  const invitation = message as Invitation
  const kernels = instantiate(invitation.module, invitation.memory)
  ready()
  help(kernels, invitation)
})
