/** The text of worker.js with all that it imports, as one classic script: written by scripts/build.js. */
export declare const source: string
