// The three functions of node:assert/strict that the parity suite uses, for a browser.
const fail = (actual: unknown, expected: unknown, message?: string) => {
  throw new Error(message ?? `${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`)
}

const same = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [left, right] = [Object.entries(a), Object.entries(b)]
  return (
    left.length === right.length && left.every(([key, value], i) => key === right[i][0] && same(value, right[i][1]))
  )
}

export default {
  ok: (value: unknown, message?: string) => value || fail(value, true, message),
  equal: (actual: unknown, expected: unknown, message?: string) =>
    Object.is(actual, expected) || fail(actual, expected, message),
  deepEqual: (actual: unknown, expected: unknown, message?: string) =>
    same(actual, expected) || fail(actual, expected, message),
}
