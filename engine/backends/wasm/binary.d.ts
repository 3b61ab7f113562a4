/** The compiled kernels in base64, with fused multiply-add and without: written by scripts/build.js. */
export declare const fused: string
export declare const strict: string
