// Short words for the few things that the page does to its document.

/** The element with an id; of the kind that the caller knows it to be. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as querySelector<T> has it
export function find<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id)
  if (!element) throw new Error(`the page has no #${id}`)
  return element as T
}

/** A new element with properties and children: `make('li', { className: 'x' }, 'text')`. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}

/**
 * Runs the newest call when the one under way has ended, and drops those in between: pointers move faster than
 * networks answer.
 */
export function latest<A extends unknown[]>(run: (...args: A) => Promise<void>): (...args: A) => Promise<void> {
  let waiting: A | undefined
  let busy: Promise<void> | undefined
  async function work() {
    while (waiting) {
      const args = waiting
      waiting = undefined
      await run(...args)
    }
  }
  return (...args) => {
    waiting = args
    busy ??= work().finally(() => (busy = undefined))
    return busy
  }
}
