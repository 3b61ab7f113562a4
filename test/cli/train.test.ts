// `train`, from the command to the checkpoint.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCheckpoint } from '../../cli/checkpoint.js'
import type { Epoch } from '../../training/index.js'
import { deserialize } from '../../engine/index.js'
import { chiffre, root, temporaryFolder } from './chiffre.js'

type Event = Epoch & { readonly event: string; readonly epoch: number }

describe('train', () => {
  const storage = temporaryFolder()
  /** Trains on few examples, and on one thread, which is quick. */
  const train = (name: string, ...more: string[]) =>
    chiffre('train', '--storage', storage, '--name', name, '--threads', '1', ...more)
  const few = ['--examples', '500', '--lr', '0.001']
  const pathOf = (name: string) => join(storage, `${name}.safetensors`)
  const sha256 = (name: string) =>
    createHash('sha256')
      .update(readFileSync(pathOf(name)))
      .digest('hex')
  const training = async (name: string) => (await readCheckpoint(pathOf(name)))!.training

  it('shows the network as Keras does, what it does, each epoch, and where it saved', async () => {
    const { code, out, err } = await train('seen', '--model', 'deepnet2', '--epochs', '2', ...few)
    const lines = out.trim().split('\n')
    for (const row of [/Layer .*Output shape .*Parameters/, /1\.dense .* 128 .* 100,480 /, /total .* 101,770 /])
      assert.match(out, row)
    assert.match(
      out,
      /^500 examples of mnist, in batches of 32\nAdam, learning rate 0\.001, seed 0, computed by wasm$/m,
    )
    assert.match(lines.at(-5)!, /^Epoch 1\/2 {2}loss \d\.\d{4} {2}accuracy \d+\.\d\d% {2}\d+\.\d s$/)
    assert.match(lines.at(-4)!, /^Epoch 2\/2 /)
    assert.equal(lines.at(-3), `Saved ${pathOf('seen')}`)
    assert.equal(lines.at(-2), `sha256 ${sha256('seen')}`)
    assert.equal(lines.at(-1), `Try it: node cli test --model deepnet2 --name seen --storage ${storage}`)
    assert.deepEqual([code, err], [0, ''])
  })

  it('--json: one object a line, last what was saved', async () => {
    const { out, err } = await train('json', '--json', '--epochs', '2', '--validation', '0.2', ...few)
    const events = out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Event)
    assert.deepEqual(
      events.map(({ event }) => event),
      ['epoch', 'epoch', 'saved'],
    )
    const [, second, saved] = events
    assert.deepEqual(Object.keys(second), ['event', 'epoch', 'loss', 'accuracy', 'validation', 'seconds'])
    assert.equal(second.epoch, 2)
    assert.ok(second.loss > 0 && second.loss < 3 && second.accuracy > 0.1 && second.validation!.accuracy > 0.1)
    assert.deepEqual(saved, { event: 'saved', path: pathOf('json'), sha256: sha256('json') })
    assert.equal(err, '')
  })

  it('the same seed gives the same bytes, another seed others', async () => {
    for (const [name, seed] of [
      ['a', '7'],
      ['b', '7'],
      ['c', '8'],
    ] as const)
      await train(name, '--seed', seed, ...few)
    assert.equal(sha256('a'), sha256('b'))
    assert.notEqual(sha256('a'), sha256('c'))
  })

  for (const how of [
    [],
    ['--optimizer', 'sgd', '--momentum', '0.9', '--lr', '0.1'],
    ['--validation', '0.1', '--patience', '9'],
    ['--weight-decay', '0.5', '--clip', '0.1', '--ema', '0.9', '--validation', '0.1', '--patience', '9'],
  ])
    it(`2 + 2 epochs give the bytes of 4 ${how.join(' ')}`, async () => {
      const [whole, parts] = ['whole', 'parts'].map(name => name + how.join(''))
      await train(whole, '--epochs', '4', ...few, ...how)
      await train(parts, '--epochs', '2', ...few, ...how)
      const { out } = await train(parts, '--epochs', '2') // all else is as it was
      assert.match(out, /^Continuing .*parts.*\.safetensors: epoch 3, (Adam|SGD) state restored \(\d+ steps\)\.$/m)
      assert.doesNotMatch(out, /Changed/)
      assert.match(out, /^Epoch 4\/4 /m)
      assert.equal(sha256(parts), sha256(whole))
    })

  it('says what is different when it continues, and goes on from the same weights', async () => {
    await train('other', ...few)
    const { out } = await train('other', '--optimizer', 'sgd', '--lr', '0.05', '--batch-size', '50')
    assert.deepEqual((await training('other')).history[1].changed, ['lr', 'optimizer', 'batchSize'])
    const drawn = (await chiffre('curves', 'other', '--storage', storage)).out
    assert.match(drawn, /^ {2}┴ {2}other, other settings from epoch 2 on: --lr, --optimizer, --batch-size$/m)
    assert.equal(drawn.match(/└─+┴$/gm)!.length, 2)
    assert.match(readFileSync(join(storage, 'other-curves.svg'), 'utf8'), /stroke-dasharray="1 3"/)
    assert.match(out, /epoch 2, SGD starts without memory\.$/m)
    assert.match(out, /^Changed: --optimizer was adam, is sgd from here on\.$/m)
    assert.match(out, /^Changed: --lr was 0.001, is 0.05 from here on\.$/m)
    assert.match(out, /^Changed: --batch-size was 32, is 50 from here on\.$/m)
    const { steps, optimizer, epoch, history } = await training('other')
    assert.deepEqual([steps, optimizer, epoch, history.length], [10, 'sgd', 2, 2])
    assert.ok(history[1].loss < history[0].loss)
  })

  it('--fresh starts again', async () => {
    await train('again', ...few)
    const once = sha256('again')
    await train('again')
    assert.notEqual(sha256('again'), once)
    const { out } = await train('again', '--fresh', ...few)
    const previous = `${storage}/again.previous.safetensors`
    assert.ok(out.includes(`Starting again: what ${pathOf('again')} holds stays as ${previous} until `))
    assert.equal(sha256('again'), once)
  })

  it('what --fresh replaces stays beside it until the new network is as good on the same examples', async () => {
    await train('kept', '--epochs', '3', ...few)
    const good = sha256('kept')
    const { accuracy } = (await training('kept')).history.at(-1)!
    // A network that is worse takes the name; the better one is not lost, nor by a second fresh start.
    for (let i = 0; i < 2; i++) {
      const { out } = await train('kept', '--fresh', ...few, '--lr', '0.0001')
      const said = /^Less accurate than before \((.*)%, (.*)% before\): that network stays in (.*)\.$/m.exec(out)!
      assert.equal(said[2], (100 * accuracy).toFixed(2))
      assert.ok(Number(said[1]) < Number(said[2]))
      assert.equal(said[3], pathOf('kept.previous'))
      assert.equal(sha256('kept.previous'), good)
    }
    assert.match((await chiffre('models', '--storage', storage)).out, /│ kept\.prev\S* +│ 3 × 500 of mnist/)
    // On other examples, which is better is not known.
    const other = await train('kept', '--examples', '400')
    assert.match(other.out, /^The network of before, which learned from other examples, stays in .*\.$/m)
    const { out } = await train('kept', ...few, '--epochs', '4')
    assert.match(out, /^Accuracy \d\d\.\d\d%, \d\d\.\d\d% before: .*kept\.previous\.safetensors is removed\.$/m)
    assert.ok(!existsSync(pathOf('kept.previous')))
  })

  it('what --fresh would lose of other examples is not lost: it says so, and begins nothing', async () => {
    await train('first', '--examples', '500')
    await train('first', '--fresh', '--examples', '400')
    const [kept, present] = ['first.previous', 'first'].map(sha256)
    const { code, out, err } = await train('first', '--fresh', '--examples', '300')
    assert.deepEqual([code, out], [1, ''])
    const previous = pathOf('first.previous')
    assert.ok(
      err.startsWith(`chiffre: ${previous} holds a network that learned from other examples, which --fresh`),
      err,
    )
    assert.deepEqual(['first.previous', 'first'].map(sha256), [kept, present])
  })

  it('a fresh start that fails, or that was not needed, leaves no second file', async () => {
    await train('single', ...few)
    const good = sha256('single')
    const { code } = await train('single', '--fresh', ...few, '--optimizer', 'sgd', '--lr', '1e30')
    assert.deepEqual([code, sha256('single'), existsSync(pathOf('single.previous'))], [1, good, false])
    await train('single', '--fresh', ...few)
    assert.deepEqual([sha256('single'), existsSync(pathOf('single.previous'))], [good, false])
  })

  it('says so when a run ends less accurate than it began', async () => {
    await train('worse', ...few)
    assert.doesNotMatch((await train('worse', '--epochs', '2')).out, /Less accurate/)
    const { out } = await train('worse', '--lr', '1', '--optimizer', 'sgd')
    assert.match(out, /^Less accurate than before this run: \d\d\.\d\d%, \d\d\.\d\d% before\.$/m)
  })

  it('--patience stops, and restores the weights of the best epoch', async () => {
    // So large a step that the validation loss soon grows.
    const how = ['--examples', '300', '--validation', '0.5', '--optimizer', 'sgd', '--momentum', '0.95', '--lr', '0.5']
    const { out } = await train('patient', ...how, '--patience', '2', '--epochs', '60')
    const [, epoch] = /^No better validation loss for 2 epochs: the weights of epoch (\d+) are restored\.$/m.exec(out)!
    const { history, best, run } = await training('patient')
    assert.equal(history.length, Number(epoch) + 2)
    assert.deepEqual([best!.epoch, best!.waited, run], [Number(epoch), 0, null])
    assert.equal(best!.loss, Math.min(...history.map(({ validation }) => validation!.loss)))
    // The weights are those that training to that epoch alone gives.
    await train('upTo', ...how, '--epochs', epoch)
    const weights = (name: string) => deserialize(readFileSync(pathOf(name))).tensors.get('3.dense.weight')!.values
    assert.deepEqual(weights('patient'), weights('upTo'))
    // Patience goes on where it was: in between, the best weights are in the checkpoint beside the present ones.
    await train('patientInParts', ...how, '--patience', '2', '--epochs', `${Number(epoch) + 1}`)
    assert.equal((await training('patientInParts')).best!.waited, 1)
    await train('patientInParts', '--epochs', '60')
    assert.equal(sha256('patientInParts'), sha256('patient'))
  })

  it('--examples 0 saves the untrained network, and leaves a trained one as it is', async () => {
    const none = await train('untrained', '--examples', '0')
    assert.match(none.out, /^No examples, so nothing to learn: the network is saved with its first weights\.$/m)
    assert.deepEqual([none.code, (await training('untrained')).epoch], [0, 0])
    await train('untrained', ...few)
    const trained = sha256('untrained')
    assert.equal((await train('untrained', '--examples', '0')).code, 0)
    assert.equal(sha256('untrained'), trained)
  })

  it('--examples all takes all again', async () => {
    await train('all', '--model', 'deepnet1', ...few)
    const { out } = await train('all', '--model', 'deepnet1', '--examples', 'all', '--batch-size', '6000')
    assert.match(out, /^Changed: --examples was 500, is 60000 from here on\.$/m)
  })

  it('stops at a loss that is not a number, and keeps what was good', async () => {
    const line = (kept: string) =>
      new RegExp(
        `^chiffre: the loss is no longer a number \\(epoch \\d, batch \\d\\); try a smaller learning rate, such as --lr 0.001; ${kept}\n$`,
      )
    const first = await train('nan', '--lr', '1e30', '--examples', '1000')
    assert.match(first.err, line('nothing was saved'))
    assert.deepEqual([first.code, existsSync(pathOf('nan'))], [1, false])
    await train('nan', ...few)
    const good = sha256('nan')
    const second = await train('nan', '--lr', '1e30', '--examples', '1000')
    assert.match(second.err, line('.*nan.safetensors keeps what was learned before'))
    assert.deepEqual([second.code, sha256('nan')], [1, good])
  })

  it('the schedule of a run ends with the run', async () => {
    const { out } = await train('schedule', '--schedule', 'cosine', '--epochs', '3', ...few)
    assert.match(out, /Epoch 3\/3/)
    assert.equal((await training('schedule')).schedule, 'cosine')
  })

  it('learns from other sets: the small one, and says when it changes', async () => {
    await train('small', '--data', 'mnist-10k', ...few)
    assert.equal((await training('small')).data, 'mnist-10k')
    const { out } = await train('small', '--data', 'mnist', ...few)
    assert.match(out, /^Changed: --data was mnist-10k, is mnist from here on\.$/m)
  })

  it('learns from a folder, knows it by its content, and asks for it when it is not named', async () => {
    const folder = temporaryFolder()
    const header = (...numbers: number[]) => Buffer.from(numbers.flatMap(n => [n >> 24, n >> 16, n >> 8, n]))
    const pixels = Uint8Array.from({ length: 20 * 784 }, (_, i) => (i * i) % 251)
    const labels = Uint8Array.from({ length: 20 }, (_, i) => i % 10)
    writeFileSync(join(folder, 'train-images-idx3-ubyte'), Buffer.concat([header(0x803, 20, 28, 28), pixels]))
    writeFileSync(join(folder, 'train-labels-idx1-ubyte'), Buffer.concat([header(0x801, 20), labels]))
    await train('folder', '--data', folder)
    assert.match((await training('folder')).data, /^idx-[0-9a-f]{8}$/)
    const unnamed = await train('folder')
    assert.match(unnamed.err, /it learned from a folder of images: name that folder with --data/)
    assert.equal(unnamed.code, 1)
    const moved = join(temporaryFolder(), 'elsewhere')
    cpSync(folder, moved, { recursive: true })
    assert.doesNotMatch((await train('folder', '--data', moved)).out, /Changed/)
  })

  it('understands the seed project: --mode, --minimizer, --out', async () => {
    const out = join(storage, 'seed', 'first')
    const { code } = await chiffre('--mode', 'train', '--model', 'deepnet1', '--minimizer', 'sgd', '--out', out, ...few)
    assert.equal(code, 0)
    assert.equal((await readCheckpoint(`${out}.safetensors`))!.training.optimizer, 'sgd')
    await chiffre('--model=deepnet1', '--mode=train', `--out=${out}.safetensors`)
    assert.equal((await readCheckpoint(`${out}.safetensors`))!.training.epoch, 2)
  })

  it('a checkpoint of one backend continues on another', async () => {
    await train('moved', '--backend', 'cpu', '--examples', '100', '--model', 'deepnet1')
    copyFileSync(pathOf('moved'), pathOf('moved2'))
    const { code, out } = await train('moved2', '--backend', 'wasm', '--model', 'deepnet1')
    assert.match(out, /epoch 2, Adam state restored/)
    assert.equal(code, 0)
  })

  it('goes on from weights alone, such as those that come with the program: the optimizer starts without memory', async () => {
    copyFileSync(join(root, 'storage/pretrained/deepnet1.safetensors'), pathOf('weights'))
    const before = await training('weights')
    const { code, out, err } = await train('weights', '--model', 'deepnet1', '--epochs', '1', '--examples', '500')
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, new RegExp(`^Continuing .*: epoch ${before.epoch + 1}, Adam starts without memory\\.$`, 'm'))
    assert.deepEqual([(await training('weights')).epoch, (await training('weights')).steps], [before.epoch + 1, 4])
  })
})

describe('train --augment', () => {
  const storage = temporaryFolder()
  const train = (name: string, ...more: string[]) =>
    chiffre(
      ...['train', '--model', 'deepnet1', '--name', name, '--storage', storage, '--examples', '100', '--threads', '1'],
      ...['--lr', '0.01', ...more],
    )
  const sha = (out: string) => /sha256 (\w+)/.exec(out)?.[1]

  it('goes on byte for byte; other images mean other weights', async () => {
    const whole = await train('whole', '--augment', 'all', '--epochs', '2')
    assert.match(
      whole.out,
      /The images vary from epoch to epoch: shift, rotation, scale, shear, elastic, thickness, clutter, texture\n/,
    )
    await train('halves', '--augment', 'all')
    assert.equal(sha((await train('halves')).out), sha(whole.out))
    assert.notEqual(sha((await train('plain', '--epochs', '2')).out), sha(whole.out))
    const none = await train('halves', '--augment', 'none')
    assert.match(
      none.out,
      /Changed: --augment was shift,rotation,scale,shear,elastic,thickness,clutter,texture, is none from here on/,
    )
  })
  it('refuses what it does not know, and names what comes close', async () => {
    const { code, err } = await train('whole', '--augment', 'shift,rotate')
    assert.equal(code, 2)
    assert.match(err, /^chiffre: --augment cannot be rotate, only shift, rotation, .*; did you mean rotation\?/)
  })
})
