// Two trainings on one checkpoint: the second is told before it begins, and a lock outlives nobody.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { lock } from '../../cli/lock.js'
import { chiffre, start, temporaryFolder } from './chiffre.js'

describe('lock', () => {
  const storage = temporaryFolder()
  const path = join(storage, 'deepnet1.safetensors')
  const file = `${path}.lock`
  const few = ['train', '--model', 'deepnet1', '--storage', storage, '--examples', '100', '--threads', '1']
  const told = (pid: number, host = hostname()) =>
    `chiffre: ${path} is being trained already, by process ${pid} on ${host}; give this training another name with --name\n`

  afterEach(() => rmSync(file, { force: true }))

  it('the second training is told of the first, which goes on; killed, it leaves nothing in the way', async () => {
    const { child, ended } = start(...few, '--epochs', '1000000')
    await once(child.stdout!, 'data')
    while (!existsSync(path)) await once(child.stdout!, 'data')
    for (const how of [[], ['--fresh']]) {
      const { code, out, err } = await chiffre(...few, ...how)
      assert.deepEqual([code, out, err], [1, '', told(child.pid!)])
    }
    assert.equal((await chiffre(...few, '--name', 'other')).code, 0)
    child.kill('SIGKILL')
    await ended
    assert.ok(existsSync(file))
    assert.equal((await chiffre(...few, '--epochs', '1')).code, 0)
    assert.deepEqual(readdirSync(storage).sort(), ['deepnet1.safetensors', 'other.safetensors'])
  })

  /** A lock whose owner is said to be a process, and that was touched so many minutes ago. */
  function leave(content: string, minutes: number) {
    writeFileSync(file, content)
    const time = Date.now() / 1000 - 60 * minutes
    utimesSync(file, time, time)
  }

  it('one on another machine counts for as long as it is touched', async () => {
    leave(JSON.stringify({ host: 'elsewhere', pid: 7 }), 14)
    assert.equal((await chiffre(...few)).err, told(7, 'elsewhere'))
    leave(JSON.stringify({ host: 'elsewhere', pid: 7 }), 16)
    assert.equal((await chiffre(...few)).code, 0)
  })

  it('one whose number another process has got since, or that says nothing, does not count', async () => {
    leave(JSON.stringify({ host: hostname(), pid: process.ppid }), 1)
    assert.equal((await chiffre(...few)).err, told(process.ppid))
    leave(JSON.stringify({ host: hostname(), pid: process.ppid }), 16)
    assert.equal((await chiffre(...few)).code, 0)
    leave('{', 0)
    assert.equal((await chiffre(...few)).code, 0)
  })

  it('one that is left over is taken by one of many who find it at once, and the others are told', async () => {
    for (let round = 0; round < 20; round++) {
      leave('{', 0)
      const held = await Promise.allSettled(Array.from({ length: 6 }, () => lock(path)))
      const winners = held.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
      assert.equal(winners.length, 1, `round ${round}`)
      winners[0].release()
      assert.deepEqual(
        readdirSync(storage).filter(entry => /lock|turn/.test(entry)),
        [],
      )
    }
    leave('{', 0)
    writeFileSync(`${file}.turn`, '{') // of one that ended in the middle of taking it
    ;(await lock(path)).release()
  })

  it('before each save it is checked: made again if it was removed, an error if another has it', async () => {
    const folder = join(storage, 'deep', 'deeper')
    const held = await lock(join(folder, 'a'))
    const content = readFileSync(join(folder, 'a.lock'), 'utf8')
    await held.check()
    rmSync(join(storage, 'deep'), { recursive: true })
    await held.check()
    assert.equal(readFileSync(join(folder, 'a.lock'), 'utf8'), content)
    const other = JSON.stringify({ host: 'elsewhere', pid: 7 })
    writeFileSync(join(folder, 'a.lock'), other)
    await assert.rejects(held.check(), /is being trained already, by process 7 on elsewhere/)
    held.release()
    assert.equal(readFileSync(join(folder, 'a.lock'), 'utf8'), other)
  })

  it('what had to be made for it goes with it, unless there is something in it', async () => {
    const folder = join(storage, 'made', 'for', 'it')
    const held = await lock(join(folder, 'a'))
    writeFileSync(join(storage, 'made', 'mine'), '')
    held.release()
    assert.deepEqual(readdirSync(join(storage, 'made')), ['mine'])
    mkdirSync(join(storage, 'mine'))
    ;(await lock(join(storage, 'mine', 'a'))).release()
    assert.ok(existsSync(join(storage, 'mine')))
  })
})
