/** The compiled kernels in base64, without fused multiply-add: written by scripts/build.js. */
export declare const binary: string
