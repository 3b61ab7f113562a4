// npm run figures: the guide's figures, docs/figures/*.svg, from what the engine computes; with -- --measure trainings are done anew.
import { mkdirSync, writeFileSync } from 'node:fs'
import { drawn } from './figures/index.js'
import { root } from './results.js'

const folder = `${root}docs/figures`
mkdirSync(folder, { recursive: true })
const files = await drawn()
for (const [name, text] of files) writeFileSync(`${folder}/${name}`, text)
console.log(`Written: ${files.size} figures in docs/figures`)
