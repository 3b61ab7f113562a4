import { cpu } from '../../engine/index.js'
import { testBackend } from './suite.js'

testBackend('cpu', () => cpu(), { tolerance: 5e-6 })
