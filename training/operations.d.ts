/** What the source says of an operation: its comment, and where that stands. */
export interface OperationSource {
  /** `y = x·w.` */
  readonly forward: string
  /** `dx = dy·wᵀ,   dw = xᵀ·dy.` */
  readonly backward: string
  /** `x [m,k], w [k,n] → y [m,n]` */
  readonly shapes: string
  readonly file: string
  readonly line: number
}

/** Of each operation that a tape can hold. Written by the build (scripts/build.js) from the comments in engine/ops and engine/losses. */
export declare const operations: Readonly<Record<string, OperationSource>>
