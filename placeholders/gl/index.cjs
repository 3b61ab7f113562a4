// The `gl` that chiffre carries: none, but one that somebody has installed beside it (docs/decisions.md, “gpu.js”).
const { realpathSync } = require('node:fs')

/** The first gl of the folders around this one that is not this file itself. */
function installed() {
  for (const folder of require.resolve.paths('gl'))
    try {
      const found = realpathSync(require.resolve(`${folder}/gl`))
      if (found !== realpathSync(module.filename)) return found
    } catch {
      // Not in this folder.
    }
  throw new Error('gl is not installed')
}

module.exports = require(installed())
