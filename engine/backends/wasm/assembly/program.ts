// A program: kernel calls one after the other, which every thread walks through by itself.
//
// A record is 128 bytes: which kernel (a number of calls.ts), its items, how many items must be done before it is begun, how many
// it and all records before it have, and from byte 16 on the kernel's arguments, 4 bytes each. Records that need nothing of each
// other (../levels.ts) follow each other and wait for the same items: those of all records before them. Of a record's items every
// thread has a share, the same from record to record, so that what a thread has computed of an image is still in its cache when
// the next kernel treats that image; when its own are done it takes from the others', and goes on when none is left to take. Which
// thread does which item changes nothing: an item writes only its own part of the result, and sums over items are added in
// their order.
//
// A record of the kernel GUARD calls nothing: where the number at an address is not what it was when the program was recorded
// (at most a limit, or above it), the program ends there, for another kernel would have been chosen. One of FINITE ends it where
// the number at an address is none: of the loss, before the optimizer's step. One thread looks and notes in the record whether it
// ends: another might look when the next run has already written its own number there. The record that follows waits for that.
//
// What threads share lies at the beginning of the memory (the build keeps the first 8192 bytes free for it):
//   JOB       raised when a program is there to be walked (odd), and when it is done (even)
//   INSIDE    threads on their way through it; the records of another are written only when there are none
//   SLEEPING  threads to be woken · FAILED  a kernel trapped · DONE  items finished, of all programs so far
//   NEXT      of each thread's share the next item (low 24 bits), and of which record (the others, counted over all programs):
//             an item is taken by raising it with compareExchange, which fails if somebody was faster
import { CALLS } from './calls'

const JOB: usize = 0, INSIDE: usize = 4, SLEEPING: usize = 8, FAILED: usize = 12
const DONE: usize = 64
/** The program at hand, and the number of its first record. */
const PROGRAM: usize = 128, COUNT: usize = 132, SCRATCH: usize = 136, SCRATCH_SIZE: usize = 140, THREADS: usize = 144
const BEGUN: usize = 148, FIRST: usize = 152
/** Where a program of one record may lie. */
export const SINGLE: i32 = 256
const NEXT: usize = 512
const LINE: usize = 64

/** Looks before a worker sleeps: some 0.2 ms, longer than most items take. */
const LOOKS: i32 = 40000

export const RECORD: i32 = 128
export const ARGUMENTS: i32 = 16
export const GUARD: i32 = -1
export const FINITE: i32 = -2
/** Where a GUARD or FINITE has whether it ended the program. */
const ENDED: i32 = 28
const ITEMS_BITS: u64 = 24

@inline
function shareOf(items: i32, thread: i32, threads: i32): i32 {
  return <i32>((<u64>items * thread) / threads)
}

/**
 * Runs a program of so many records; each thread has its own piece of scratch.
 * @returns how many records were run: all, or those before the guard that stopped it
 */
export function runProgram(program: usize, count: i32, scratch: usize, scratchSize: i32, threads: i32): i32 {
  if (threads == 1) return alone(program, count, scratch)
  // A thread that is late may still be on its way through the last program: if it is this one, only what is written here differs,
  // and in this order it finds nothing to do, or what is to be done now.
  const begun = atomic.load<i32>(DONE)
  store<i32>(BEGUN, begun)
  const first = atomic.load<u64>(FIRST) + load<i32>(COUNT)
  store<u32>(PROGRAM, program)
  store<i32>(COUNT, count)
  store<u32>(SCRATCH, scratch)
  store<i32>(SCRATCH_SIZE, scratchSize)
  store<i32>(THREADS, threads)
  atomic.store<u64>(FIRST, first)
  atomic.add<i32>(JOB, 1)
  if (atomic.load<i32>(SLEEPING) > 0) atomic.notify(JOB, threads)
  const stopped = walk(0)
  const last = program + <usize>(stopped - 1) * RECORD
  if (stopped > 0) waitFor(begun, load<i32>(last, 12), 0)
  atomic.add<i32>(JOB, 1)
  // A late thread must meet the record that ended the program while that is noted there: it would go on otherwise.
  if (stopped < count) while (atomic.load<i32>(INSIDE) > 0) check()
  return stopped
}

/** What a thread that was woken does of the program at hand, if there still is one. */
export function takePart(thread: i32): void {
  atomic.add<i32>(INSIDE, 1)
  if (atomic.load<i32>(JOB) & 1) walk(thread)
  atomic.sub<i32>(INSIDE, 1)
}

function alone(program: usize, count: i32, scratch: usize): i32 {
  for (let r = 0; r < count; r++, program += RECORD) {
    runItems(program, 0, load<i32>(program, 4), scratch)
    if (ended(program)) return r
  }
  return count
}

/** Runs some of a record's items: those of a thread's share, if it is to be timed by itself. */
export function runItems(record: usize, from: i32, to: i32, scratch: usize): void {
  for (let item = from; item < to; item++) call(record, item, scratch)
}

function walk(thread: i32): i32 {
  const first = atomic.load<u64>(FIRST)
  const count = load<i32>(COUNT), threads = load<i32>(THREADS), begun = atomic.load<i32>(BEGUN)
  const scratch = load<u32>(SCRATCH) + thread * load<i32>(SCRATCH_SIZE)
  let record: usize = load<u32>(PROGRAM)
  for (let r = 0; r < count; r++, record += RECORD) {
    waitFor(begun, load<i32>(record, 8), thread)
    if (r > 0 && ended(record - RECORD)) return r - 1
    const items = load<i32>(record, 4)
    let done = 0
    for (let i = 0; i < threads; i++) {
      const owner = thread + i < threads ? thread + i : thread + i - threads
      const end = shareOf(items, owner + 1, threads)
      for (;;) {
        const item = take(owner, first + r + 1, shareOf(items, owner, threads), end)
        if (item < 0) break
        call(record, item, scratch)
        done++
      }
    }
    if (done > 0) atomic.add<i32>(DONE, done)
  }
  return count
}

/** Takes the next item of a thread's share of a record. −1 if there is none. */
@inline
function take(owner: i32, record: u64, start: i32, end: i32): i32 {
  const at = NEXT + <usize>owner * LINE
  if (start == end) return -1
  let item: i32
  let found: u64
  do {
    found = atomic.load<u64>(at)
    const latest = found >> ITEMS_BITS
    item = latest == record ? <i32>(found & ((1 << ITEMS_BITS) - 1)) : start
    if (latest > record || item >= end) return -1
  } while (atomic.cmpxchg<u64>(at, found, (record << ITEMS_BITS) | (item + 1)) != found)
  return item
}

/**
 * Waits until so many items of a program are done. If that takes long, the thread that has them has lost its processor: a worker
 * (which may, other than a page) sleeps a little, so as not to take another away.
 */
@inline
function waitFor(begun: i32, items: i32, thread: i32): void {
  let looks = 0
  for (;;) {
    const done = atomic.load<i32>(DONE)
    if (done - begun >= items) return
    check()
    if (++looks > LOOKS && thread > 0) atomic.wait<i32>(DONE, done, 50_000)
  }
}

@inline
function check(): void {
  if (atomic.load<i32>(FAILED)) unreachable()
}

/** Whether a record, which is done, has ended the program. */
@inline
function ended(record: usize): bool {
  return load<i32>(record) < 0 && load<i32>(record, ENDED) != 0
}

/** Whether a record ends the program. Of a guard the arguments are: address, limit, whether it was above. */
function ends(record: usize): bool {
  if (load<i32>(record) == FINITE) {
    const x = load<f32>(load<u32>(record, 16))
    return x - x != 0
  }
  return i32(load<i32>(load<u32>(record, 16)) > load<i32>(record, 20)) != load<i32>(record, 24)
}

@inline
function call(record: usize, item: i32, scratch: usize): void {
  const kernel = load<i32>(record)
  if (kernel < 0) store<i32>(record, i32(ends(record)), ENDED)
  else unchecked(CALLS[kernel])(item, scratch, record + ARGUMENTS)
}
