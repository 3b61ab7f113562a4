// What is written is read again, in files of every version; and nothing in a file is believed unchecked.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { ChiffreError, cpu, deserialize, serialize } from '../engine/index.js'
import { models } from '../models/index.js'
import { checkFit, decodeCheckpoint, defaults, encodeCheckpoint, Session } from '../training/index.js'
import { fixtureBytes } from './support/fixtures.js'

/** What version 0.1 wrote: `train --model deepnet1 --examples 3000 --validation 0.1 --patience 5 …`, stopped in epoch 8. */
const old = fixtureBytes('checkpoint-0.1.safetensors')

describe('a checkpoint', () => {
  it('of version 0.1 is read, and goes on from where it stopped', async () => {
    const checkpoint = decodeCheckpoint(old)
    const { training } = checkpoint
    const { lossSum, sums, steps, run, best } = training
    assert.deepEqual([training.epoch, training.batch, training.history.length], [7, 38, 7])
    assert.deepEqual({ lossSum, sums, steps }, { lossSum: 5.8304226945635484, sums: { accuracy: 378 }, steps: 1928 })
    assert.deepEqual(
      { run, best },
      { run: { first: 0, last: 9 }, best: { epoch: 3, loss: 0.969986664373349, waited: 4 } },
    )
    const network = models.deepnet1()
    checkFit(checkpoint, 'deepnet1', network)
    const session = await Session.resume(checkpoint, network, cpu(), training, undefined)
    const again = decodeCheckpoint(encodeCheckpoint((await session.checkpoint(false))!))
    assert.deepEqual(again, checkpoint)
  })

  it('that comes with the program is read, whatever fields there are by now', () => {
    const folder = new URL('../../storage/pretrained/', import.meta.url)
    const files = readdirSync(folder).filter(name => name.endsWith('.safetensors'))
    assert.ok(files.length >= 3)
    for (const file of files) {
      const checkpoint = decodeCheckpoint(readFileSync(new URL(file, folder)))
      const { model, history } = checkpoint.training
      checkFit(checkpoint, model, models[model]())
      assert.ok(history.at(-1)!.accuracy > 0.9)
    }
  })

  it('needs no field but its version and its model', () => {
    const { tensors, metadata } = deserialize(old)
    const { training } = decodeCheckpoint(
      serialize({ tensors, metadata: { version: metadata.version, model: metadata.model } }),
    )
    const { optimizer, lr, seed, data, schedule, augment } = defaults
    assert.deepEqual(training, {
      ...{ model: 'deepnet1', optimizer, lr, seed, data, schedule, augment, batchSize: 128, momentum: 0, examples: 0 },
      ...{ validation: 0, patience: 0, epoch: 0, batch: 0, lossSum: 0, sums: {}, steps: 0, history: [], run: null },
      ...{
        weightDecay: 0,
        clip: 0,
        ema: 0,
        best: null,
        changed: [],
        input: [28, 28],
        classes: Array.from('0123456789'),
      },
    })
  })

  it('keeps a field that it does not know from being an error, and its checksum whatever the order', () => {
    const { tensors, metadata } = deserialize(encodeCheckpoint(decodeCheckpoint(old)))
    const { checksum, ...rest } = metadata
    assert.match(checksum, /^[0-9a-f]{8}$/)
    const turned = new Map([...tensors].reverse())
    assert.doesNotThrow(() => decodeCheckpoint(serialize({ tensors: turned, metadata: { checksum, ...rest } })))
    assert.doesNotThrow(() => decodeCheckpoint(serialize({ tensors, metadata: { ...rest, later: '1' } })))
    assert.throws(
      () => decodeCheckpoint(serialize({ tensors, metadata: { ...metadata, seed: '8' } })),
      /does not give its checksum/,
    )
  })

  it('with any bit turned over is refused in one line, or says the same', () => {
    const good = encodeCheckpoint(decodeCheckpoint(old))
    const before = decodeCheckpoint(good)
    const bit = fc.tuple(fc.oneof(fc.nat(3000), fc.nat(good.length - 1)), fc.nat(7))
    fc.assert(
      fc.property(bit, ([at, place]) => {
        const bytes = good.slice()
        bytes[at] ^= 1 << place
        try {
          assert.deepEqual(decodeCheckpoint(bytes), before) // a space behind the header, say
        } catch (error) {
          assert.ok(error instanceof ChiffreError)
          assert.ok(!error.message.includes('\n'))
        }
      }),
      { numRuns: 200 },
    )
  })

  for (const [field, values] of Object.entries({
    lr: ['0', '-0.1', '1e999', '"a"'],
    momentum: ['1', '-0.5'],
    weightDecay: ['-0.1', '"a"', '1e999'],
    clip: ['-1', 'null'],
    ema: ['1', '-0.5'],
    batchSize: ['0', '1.5', '2e9'],
    validation: ['1', '-0.1'],
    epoch: ['-1', '1e10', 'x'],
    batch: ['270', '-1'],
    sums: ['{"accuracy":"a"}', '7', '{"accuracy":380.5}'], // 38 batches of 10
    changed: ['7', '[7]'],
    run: ['{"first":8,"last":9}', '{"first":0,"last":6}', '{}'],
    best: ['{"epoch":8,"loss":1,"waited":0}', '{"epoch":0,"loss":1,"waited":0}', '{"epoch":3,"loss":null,"waited":0}'],
    model: ['', 'a\nb', '\x1b[2J', 'x'.repeat(201)],
    history: ['{}', '[{"loss":1}]', '[{"loss":1,"accuracy":-0.1}]'],
  }))
    it(`refuses a ${field} out of range`, () => {
      const { tensors, metadata } = deserialize(old)
      for (const value of values)
        assert.throws(
          () => decodeCheckpoint(serialize({ tensors, metadata: { ...metadata, [field]: value } })),
          { message: `its metadata lacks a valid ${field}` },
          value,
        )
    })
})
