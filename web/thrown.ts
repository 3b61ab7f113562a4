// Errors on their way from the Worker to the page: comlink hands on their English message alone, and here what a French one
// is made of as well.
import { transferHandlers, type TransferHandler } from 'comlink'
import { ChiffreError } from '../engine/index.js'

interface Thrown {
  readonly value: unknown
}

/** To be called by the Worker, before it is asked anything. */
export function handOnKeys() {
  const usual = transferHandlers.get('throw') as unknown as TransferHandler<Thrown, unknown>
  transferHandlers.set('throw', {
    ...usual,
    serialize: (thrown: Thrown) =>
      thrown.value instanceof ChiffreError
        ? [{ isError: true, value: plain(thrown.value) }, []]
        : usual.serialize(thrown),
  })
}

/** @returns what a ChiffreError says, and its values, as an object that can be cloned */
const plain = ({ name, message, stack, key, values }: ChiffreError): unknown => ({
  ...{ name, message, stack, key },
  values: Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value instanceof ChiffreError ? plain(value) : value]),
  ),
})
