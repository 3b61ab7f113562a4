// Mutants that no test can tell from the code, each with its reason: the lines before and after (run.js prints them so).
export const equivalent = [
  {
    file: 'engine/backward.ts',
    code: 'if (!dresult) continue',
    becomes: 'if (false) continue',
    why: 'every tensor of the order was reached along an edge, so its gradient is there; the line tells the compiler so',
  },
  {
    file: 'engine/backward.ts',
    code: 'const order: Tensor[] = []',
    becomes: 'const order: Tensor[] = ["Stryker was here"]',
    why: 'what is no tensor has no gradient, and is passed over',
  },
  {
    file: 'engine/backward.ts',
    code: 'const seen = new Set([y])',
    becomes: 'const seen = new Set([])',
    why: 'no edge leads back to the tensor that all was computed for',
  },
  {
    file: 'engine/ops/arithmetic.ts',
    code: 'const [long, short] = a.length < b.length || (a.length === b.length && sizeOf(a) < sizeOf(b)) ? [b, a] : [a, b]',
    becomes:
      'const [long, short] = a.length < b.length || (a.length === b.length && sizeOf(a) <= sizeOf(b)) ? [b, a] : [a, b]',
    why: 'of two shapes of one length and size neither is the longer: they are equal, or refused, in either order',
  },
  {
    file: 'engine/ops/arithmetic.ts',
    code: 'buffer === passed ? buffer : own(new Tensor(x.backend, [buffer.length], buffer)).data',
    becomes: 'buffer === passed ? buffer : own(new Tensor(x.backend, [], buffer)).data',
    why: 'the tensor is there for its buffer to be freed; nobody sees its shape',
  },
  {
    file: 'engine/optim/schedule.ts',
    code: 'progress < 0.3 ? blend(1 / 25, 1, progress / 0.3) : blend(1, 1 / 25e4, (progress - 0.3) / 0.7),',
    becomes: 'progress <= 0.3 ? blend(1 / 25, 1, progress / 0.3) : blend(1, 1 / 25e4, (progress - 0.3) / 0.7),',
    why: 'the schedule is continuous: both are 1 at 0.3',
  },
]
