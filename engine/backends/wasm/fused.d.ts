/** The compiled kernels in base64, with fused multiply-add: written by scripts/build.js. */
export declare const binary: string
