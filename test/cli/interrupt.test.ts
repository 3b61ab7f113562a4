// A training that is stopped loses nothing: by Ctrl-C, by kill, even by kill -9 at any moment.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { readCheckpoint } from '../../cli/checkpoint.js'
import { random } from '../../engine/index.js'
import { chiffre, start, temporaryFolder } from './chiffre.js'

/** Resolves once a process has written the text. */
async function said({ stdout }: ChildProcess, text: string) {
  while (!String((await once(stdout!, 'data'))[0]).includes(text));
}

describe('interrupt', () => {
  const storage = temporaryFolder()
  // The reference backend is slow enough for a signal to find it at work.
  const slowly = (name: string) =>
    [
      'train',
      '--storage',
      storage,
      '--name',
      name,
      '--backend',
      'cpu',
      '--examples',
      '600',
      '--epochs',
      '3',
      '--batch-size',
      '20',
    ].concat(['--lr', '0.001', '--schedule', 'cosine', '--validation', '0.1', '--patience', '2'])
  const pathOf = (name: string) => join(storage, `${name}.safetensors`)

  before(() => chiffre(...slowly('whole')))

  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129], // the terminal is closed
  ] as const)
    it(`${signal} finishes the batch and saves; the same command then ends as if never stopped`, async () => {
      const training = await stopWithin(signal, exitCode)
      assert.deepEqual([training.epoch, training.run], [1, { first: 0, last: 3 }])
      const { out: then } = await chiffre(...slowly(signal))
      assert.match(then, new RegExp(`^Continuing .*: epoch 2 after batch ${training.batch}, Adam state restored`, 'm'))
      assert.match(then, /^This run was stopped before its end; it goes on to epoch 3\.$/m)
      assert.deepEqual(readFileSync(pathOf(signal)), readFileSync(pathOf('whole')))
    })

  /**
   * Trains, and sends a signal in the second epoch. On a busy machine it may come as early as the end of the first, or
   * after the third: then it is tried again, because what is to be seen is a stop in the middle of an epoch.
   */
  async function stopWithin(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', exitCode: number) {
    for (let tries = 1; ; tries++) {
      rmSync(pathOf(signal), { force: true })
      const { child, ended } = start(...slowly(signal))
      await said(child, 'Epoch 1/3')
      while (!existsSync(pathOf(signal))) await setTimeout(5)
      await setTimeout(50)
      child.kill(signal)
      const { code, out, err } = await ended
      const { training } = (await readCheckpoint(pathOf(signal)))!
      if (training.batch === 0 && tries < 5) continue
      assert.deepEqual([code, err], [exitCode, ''])
      assert.match(out, /^Stopping after this batch; Ctrl-C again stops at once\.$/m)
      const where = `^Stopped in epoch 2, batch ${training.batch} of 27; the same command goes on from here\\.$`
      assert.match(out, new RegExp(where, 'm'))
      assert.match(out, /^Saved .*\nsha256 [0-9a-f]{64}\n$/m)
      return training
    }
  }

  it('after --fresh, the command that goes on is the one without it', async () => {
    await chiffre(...slowly('again'), '--epochs', '1')
    const { child, ended } = start(...slowly('again'), '--fresh')
    await said(child, 'Adam')
    await setTimeout(50)
    child.kill('SIGINT')
    assert.match((await ended).out, /^Stopped in epoch \d.*; the same command without --fresh goes on from here\.$/m)
  })

  it('a second Ctrl-C stops at once', async () => {
    const long = ['--model', 'convnet', '--backend', 'cpu', '--examples', '8', '--epochs', '9'] // 0.7 s a batch
    const { child, ended } = start('train', '--storage', storage, '--name', 'twice', ...long)
    while (!existsSync(pathOf('twice'))) await setTimeout(5)
    await setTimeout(100)
    child.kill('SIGINT')
    await setTimeout(10)
    child.kill('SIGINT')
    const { code, out } = await ended
    assert.match(out, /again stops at once\.\n$/)
    assert.equal(code, 130)
  })

  it('kill -9 at any moment leaves the last whole checkpoint', async () => {
    const often = ['train', '--storage', storage, '--name', 'killed', '--model', 'deepnet1', '--examples', '10']
    const rng = random(1, 'kill')
    let before = 0
    for (let i = 0; i < 5; i++) {
      const { child, ended } = start(...often, '--epochs', '1000000', '--threads', '1')
      await said(child, 'Epoch')
      while (!existsSync(pathOf('killed'))) await setTimeout(5) // saved once, on a busy machine too
      await setTimeout(100 * rng())
      child.kill('SIGKILL')
      await ended
      const { training } = (await readCheckpoint(pathOf('killed')))!
      assert.ok(training.epoch >= before, `epoch ${training.epoch} after ${before}`)
      before = training.epoch
    }
    // What a killed process was writing is swept away by the next one.
    writeFileSync(`${pathOf('killed')}.999999999.tmp`, 'half a checkpoint')
    const { code } = await chiffre(...often, '--epochs', '1', '--threads', '1')
    assert.equal(code, 0)
    assert.deepEqual(
      readdirSync(storage).filter(entry => /^killed.*\.tmp$/.test(entry)),
      [],
    )
  })

  it('a reader that closes the pipe, as head does, ends it without a word, and the epoch under way is saved', async () => {
    const { child, ended } = start(...slowly('piped'))
    await said(child, 'Epoch 1/3')
    child.stdout!.destroy()
    const { code, err } = await ended
    assert.deepEqual([code, err], [141, ''])
    // The second epoch's line finds nobody: that epoch is saved, and what was done of the third before it was noticed.
    const { training } = (await readCheckpoint(pathOf('piped')))!
    assert.ok(training.epoch === 2 && training.batch < 5, `${training.epoch} ${training.batch}`)
    await chiffre(...slowly('piped'))
    assert.deepEqual(readFileSync(pathOf('piped')), readFileSync(pathOf('whole')))
  })

  it('its storage may be removed midway: it is made again', async () => {
    const folder = join(storage, 'removed')
    const args = [...slowly('whole'), '--storage', folder]
    const { child, ended } = start(...args)
    await said(child, 'Epoch 1/3')
    rmSync(folder, { recursive: true })
    const { code, err } = await ended
    assert.deepEqual([code, err, readdirSync(folder)], [0, '', ['whole.safetensors']])
    assert.deepEqual(readFileSync(join(folder, 'whole.safetensors')), readFileSync(pathOf('whole')))
  })
})
