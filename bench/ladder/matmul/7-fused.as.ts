// Fused multiply-add: the code of step 6, compiled with relaxed SIMD, where one instruction does what took two and rounds
// once. Twice as fast where the same units multiply and add (Intel's); no faster where they work side by side (AMD's Zen).
export { matmul } from './6-panels.as'
