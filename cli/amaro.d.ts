// What of amaro (which comes without types) is used.
declare module 'amaro' {
  export function transformSync(source: string, options: { mode: 'strip-only' }): { readonly code: string }
}
