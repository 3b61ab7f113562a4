// What the page keeps across a reload: for this tab (`session`), or for this browser (`local`). Where a browser keeps nothing,
// the page does without.
const stores = { session: () => sessionStorage, local: () => localStorage }

export function remember(kind: keyof typeof stores, key: string, value: unknown) {
  try {
    stores[kind]().setItem(`chiffre.${key}`, JSON.stringify(value))
  } catch {
    // It is full, or forbidden.
  }
}

/** What was remembered; undefined if nothing was, or if it is not what it was. */
export function recall<T>(
  kind: keyof typeof stores,
  key: string,
  isValid: (value: unknown) => value is T,
): T | undefined {
  try {
    const value: unknown = JSON.parse(stores[kind]().getItem(`chiffre.${key}`) ?? 'null')
    return isValid(value) ? value : undefined
  } catch {
    return undefined
  }
}
