// gpu.js: its plain-JavaScript mode runs everywhere and tests every general kernel. Headless GL, which also has the
// packed kernels, needs a display and minutes: .ci/steps/60-gl runs it.
import { gpujs } from '../../engine/index.js'
import { testBackend } from './suite.js'
import { testTrajectories } from './trajectories.js'

testBackend('gpujs:cpu', () => gpujs('cpu'), { runs: 3 })

const skip = process.env.CHIFFRE_GL
  ? undefined
  : 'set CHIFFRE_GL=1 to run it (with `xvfb-run -a` where there is no display)'
testBackend('gpujs:headlessgl', () => gpujs('headlessgl'), { runs: 3, subnormals: false, skip })
testTrajectories('gpujs:headlessgl', () => gpujs('headlessgl'), { skip })
