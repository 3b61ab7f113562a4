/** Why WebGPU in Node cannot be tested here. */
export const withoutWebgpu = process.env.CHIFFRE_WEBGPU
  ? undefined
  : 'set CHIFFRE_WEBGPU=1 to run it, where `npm install --no-save -D webgpu@0.6.2` and a driver are'
