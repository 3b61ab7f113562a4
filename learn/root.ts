import { fileURLToPath } from 'node:url'

/** The clone's folder. */
export const root = fileURLToPath(new URL('../../', import.meta.url))
