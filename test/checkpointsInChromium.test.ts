// One network, trained in turns by the command line and the page: it becomes what either would have made of it alone,
// byte for byte. The reference backend computes, whose results do not depend on the number of threads.
import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCheckpoint } from '../cli/checkpoint.js'
import { chiffre, temporaryFolder } from './cli/chiffre.js'
import { inChromium, openPage, type Opened } from './support/chromium.js'

const status = "document.querySelector('#training-status').textContent"

inChromium('checkpoints', function () {
  this.timeout(120_000)
  const storage = temporaryFolder()
  const pathOf = (name: string) => join(storage, `${name}.safetensors`)
  const command = async (name: string, ...more: string[]) => {
    const { code, out, err } = await chiffre(
      ...['train', '--model', 'deepnet1', '--backend', 'cpu', '--storage', storage, '--name', name, ...more],
    )
    assert.deepEqual([code, err], [0, ''])
    return out
  }
  let opened: Opened
  before(async () => {
    opened = await openPage({ model: 'deepnet1', backend: 'cpu' })
  })
  after(() => opened.close())
  beforeEach(async () => {
    await opened.page.goto('about:blank') // the address keeps what the form was set to
    await opened.page.goto(opened.url)
    await opened.started()
  })

  /** Gives the page a file. */
  async function open(path: string) {
    await opened.page.setInputFiles('#file', path)
    await opened.until(`/opened/.test(${status})`)
  }
  /** Trains in the page until the run is over. */
  async function train() {
    await opened.page.click('#train')
    await opened.until(`/^Done/.test(${status})`, 90_000)
  }
  /** Saves the page's network under a name. */
  async function save(name: string) {
    const [download] = await Promise.all([opened.page.waitForEvent('download'), opened.page.click('#save')])
    assert.equal(download.suggestedFilename(), 'deepnet1.safetensors')
    await download.saveAs(pathOf(name))
  }
  const form = async () =>
    Promise.all(['lr', 'optimizer', 'seed', 'epochs', 'fresh'].map(id => opened.page.inputValue(`#${id}`)))

  const few = ['--examples', '600', '--batch-size', '50', '--seed', '5']
  const ways: [what: string, lr: string, more: string[]][] = [
    ['Adam and a schedule', '0.002', ['--schedule', 'cosine']],
    ['momentum', '0.03', ['--optimizer', 'sgd', '--momentum', '0.9']],
    ['validation and patience', '0.05', ['--validation', '0.2', '--patience', '2']],
  ]
  for (const [what, lr, more] of ways)
    it(`go on from the command line to the page and back, with ${what}`, async () => {
      await command('alone', '--fresh', '--epochs', '2', '--lr', lr, ...few, ...more)
      copyFileSync(pathOf('alone'), pathOf('turns'))
      for (const name of ['alone', 'after']) {
        if (name === 'after') copyFileSync(pathOf('alone'), pathOf('after'))
        await command(name, '--epochs', '3')
      }

      await open(pathOf('turns'))
      const optimizer = more[1] === 'sgd' ? 'sgd' : 'adam'
      assert.deepEqual((await form()).slice(0, 3), [lr, optimizer, '5'])
      assert.equal(await opened.page.isChecked('#fresh'), false)
      assert.match(opened.page.url(), new RegExp(`lr=${lr}&optimizer=${optimizer}&seed=5`))
      assert.match(await opened.text('training-past'), /up to epoch 2, .*It goes on from there, with the optimizer’s/)
      await opened.page.fill('#epochs', '3')
      await train()
      await save('turns')
      const after = (await readCheckpoint(pathOf('turns')))!.training
      assert.ok(after.epoch > 2 && after.steps > 24 && after.history.length === after.epoch)
      await command('turns', '--epochs', '3')
      assert.deepEqual(readFileSync(pathOf('turns')), readFileSync(pathOf('after')))
    })

  it('stop in the page in the middle of an epoch, and end on the command line as if never stopped', async () => {
    const { page, until, text } = opened
    await page.fill('#lr', '0.003')
    await page.fill('#seed', '9')
    await page.fill('#epochs', '1')
    await page.click('#train')
    await until(`/epoch 1: loss/.test(${status})`)
    await page.click('#stop')
    await until(`/^Stopped/.test(${status})`)
    await save('stopped')
    const { training } = (await readCheckpoint(pathOf('stopped')))!
    assert.deepEqual([training.epoch, training.run], [0, { first: 0, last: 1 }])
    assert.ok(training.batch > 0 && training.batch < 469 && training.steps === training.batch)
    assert.match(await text('training-past'), new RegExp(`up to epoch 1, batch ${training.batch}, with Adam at 0.003`))

    const out = await command('stopped')
    assert.match(
      out,
      new RegExp(`epoch 1 after batch ${training.batch}, Adam state restored \\(${training.steps} steps`),
    )
    assert.match(out, /^This run was stopped before its end; it goes on to epoch 1\.$/m)
    await command('never', '--lr', '0.003', '--seed', '9')
    assert.deepEqual(readFileSync(pathOf('stopped')), readFileSync(pathOf('never')))

    // And the other way round: what the page stopped, the page ends as well.
    await train()
    await save('ended')
    assert.deepEqual(readFileSync(pathOf('ended')), readFileSync(pathOf('never')))
  })

  it('may be saved while the network is in training: whole, between two batches', async () => {
    const { page, until } = opened
    await page.click('#train')
    await until(`/epoch 1: loss/.test(${status})`)
    await save('meanwhile')
    await page.click('#stop')
    await until(`/^Stopped/.test(${status})`)
    const { training } = (await readCheckpoint(pathOf('meanwhile')))!
    assert.ok(training.batch > 0 && training.steps === training.batch)
    await command('meanwhile')
    await command('not') // both with the learning rate that nobody chose
    assert.deepEqual(readFileSync(pathOf('meanwhile')), readFileSync(pathOf('not')))
  })

  it('read the test images alike in both', async () => {
    await open(pathOf('never'))
    await opened.page.click('#test')
    await opened.until("/mistakes/.test(document.querySelector('#test-status').textContent)", 60_000)
    const said = /([\d.]+)% right, ([\d,]+) mistakes/.exec(await opened.text('test-status'))!
    const { out } = await chiffre(
      ...['test', '--model', 'deepnet1', '--backend', 'cpu', '--storage', storage, '--name', 'never', '--json'],
    )
    const { accuracy } = JSON.parse(out.trim().split('\n').at(-1)!) as { accuracy: number }
    assert.equal(said[1], (100 * accuracy).toFixed(2))
    assert.equal(Number(said[2].replace(',', '')), Math.round(10_000 * (1 - accuracy)))
  })

  it('stay as they were when the loss is no longer a number', async () => {
    const { page, until, text } = opened
    await open(pathOf('never'))
    await page.selectOption('#optimizer', 'sgd')
    await page.fill('#lr', '1e38')
    await page.click('#train')
    await until(`/no longer a number/.test(${status})`)
    assert.match(await text('training-past'), /up to epoch 1, with Adam at 0.003 and seed 9/)
    await save('kept')
    assert.deepEqual(readFileSync(pathOf('kept')), readFileSync(pathOf('never')))
  })

  it('are refused in one line when they are damaged; the network stays', async () => {
    const { page, until, text } = opened
    await open(pathOf('never'))
    writeFileSync(pathOf('damaged'), readFileSync(pathOf('never')).subarray(0, 5000))
    await page.setInputFiles('#file', pathOf('damaged'))
    await until("!document.querySelector('#notice').hidden")
    assert.match(await text('notice-text'), /^Something went wrong: not a safetensors file: /)
    await save('kept')
    assert.deepEqual(readFileSync(pathOf('kept')), readFileSync(pathOf('never')))
  })

  it('are refused in French, where the page is', async () => {
    const { page, until, text } = opened
    await page.click('#language')
    await page.setInputFiles('#file', pathOf('damaged'))
    await until("/safetensors\\s:/.test(document.querySelector('#notice-text').textContent)")
    assert.match(
      await text('notice-text'),
      /: ce n’est pas un fichier safetensors\u00a0: (il a|son en-tête|le tenseur|les octets) /,
    )
    await page.click('#language')
  })
})
