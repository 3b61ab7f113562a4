// The exercises, from one product to a network of one's own: each is a file of the engine in which something is missing or
// wrong. What stands in `cuts` must stand in today's source once; a test fails when it no longer does.
import { dense, flatten, relu, sequential } from '../engine/index.js'
import {
  all,
  dropping,
  firstWeights,
  generalizes,
  gradients,
  memorizes,
  rate,
  steps,
  torch,
  trains,
  twice,
  walk,
  type Check,
} from './check.js'
import { normalizedBy, withoutLabel } from './alternatives.js'

export type Language = 'en' | 'fr'
export type Text = Readonly<Record<Language, string>>

export interface Exercise {
  readonly id: string
  /** The source that it is cut from. */
  readonly file: string
  /** What stands there, and what the learner finds in its place. */
  readonly cuts: readonly (readonly [there: string, instead: string])[]
  /** What is right in the place of each cut, if that is not what stood there. */
  readonly solution?: readonly string[]
  readonly title: Text
  readonly task: Text
  /** Two; the third is the beginning of the line (workshop.ts). */
  readonly hints: readonly [Text, Text]
  readonly check: Check
}

const cpu = 'engine/backends/cpu.ts'
const arithmetic = 'engine/ops/arithmetic.ts'
const walkFile = 'engine/backward.ts'

export const exercises: readonly Exercise[] = [
  {
    id: '01-product',
    file: arithmetic,
    cuts: [
      [
        "return binary('mul', a, b, [dy => k.mul(dy, b.data), dy => k.mul(dy, a.data)])",
        "return binary('mul', a, b, [dy => k.mul(dy, a.data), dy => k.mul(dy, a.data)]) // ←",
      ],
    ],
    title: { en: '1. One neuron: a product', fr: '1. Un neurone : un produit' },
    task: {
      en: 'A neuron multiplies: y = a·b. What a receives is wrong. Mend the line marked ←.',
      fr: 'Un neurone multiplie : y = a·b. Ce que reçoit a est faux. Corrigez la ligne marquée ←.',
    },
    hints: [
      {
        en: 'If b = 5, how much does a·b grow when a grows by 1?',
        fr: 'Si b = 5, de combien grandit a·b quand a grandit de 1 ?',
      },
      { en: '∂y/∂a = b, so da = dy · b.', fr: '∂y/∂a = b, donc da = dy · b.' },
    ],
    check: gradients('mul', (ops, [a, b]) => ops.mul(a, b), { a: [3, 2], b: [3, 2] }),
  },
  {
    id: '02-difference',
    file: arithmetic,
    cuts: [['[dy => dy, dy => k.mul(dy, scalar(k, -1).data)]', '[dy => dy, dy => dy] /* ← */']],
    title: { en: '2. A difference', fr: '2. Une différence' },
    task: { en: 'y = a − b. What b receives is wrong.', fr: 'y = a − b. Ce que reçoit b est faux.' },
    hints: [
      { en: 'When b grows, does y grow or shrink?', fr: 'Quand b grandit, y grandit-il ou diminue-t-il ?' },
      {
        en: 'db = −dy. scalar(k, -1) is a tensor of one number.',
        fr: 'db = −dy. scalar(k, -1) est un tenseur d’un seul nombre.',
      },
    ],
    check: gradients('sub', (ops, [a, b]) => ops.sub(a, b), { a: [3, 2], b: [2] }),
  },
  {
    id: '03-quotient',
    file: arithmetic,
    cuts: [['dy => k.div(keep(a, k.mul(dy, a.data)), minusSquare())', 'dy => k.div(dy, b.data) /* ← */']],
    title: { en: '3. A quotient', fr: '3. Un quotient' },
    task: {
      en: 'y = a / b. b receives what a should. minusSquare() makes −b².',
      fr: 'y = a / b. b reçoit ce qui revient à a. minusSquare() fait −b².',
    },
    hints: [
      { en: 'The derivative of 1/b is −1/b².', fr: 'La dérivée de 1/b est −1/b².' },
      {
        en: 'db = −dy · a / b². keep(a, …) hands an intermediate result to the scope.',
        fr: 'db = −dy · a / b². keep(a, …) confie un résultat intermédiaire au scope.',
      },
    ],
    check: gradients('div', (ops, [a, b]) => ops.div(a, b), {
      a: { shape: [2, 2], values: [0.5, -1, 2, 3] },
      b: { shape: [2, 2], values: [1.5, 2, -0.7, 1] },
    }),
  },
  {
    id: '04-twice-used',
    file: walkFile,
    cuts: [
      [
        'pending.set(input, other ? own(new Tensor(backend, shape, backend.add(other.data, dinput.data))) : dinput)',
        'pending.set(input, dinput) // ← and what is in `other`?',
      ],
    ],
    title: { en: '4. A number that is used twice', fr: '4. Un nombre utilisé deux fois' },
    task: {
      en: 'In y = a + a, a receives a gradient from each of its uses. One of them gets lost.',
      fr: 'Dans y = a + a, a reçoit un gradient de chacun de ses usages. L’un d’eux se perd.',
    },
    hints: [
      { en: 'y = 2a, so ∂y/∂a is 2. Each use brings 1.', fr: 'y = 2a, donc ∂y/∂a vaut 2. Chaque usage apporte 1.' },
      {
        en: 'If there is another gradient already, add: backend.add(other.data, dinput.data) in a new Tensor, handed to own().',
        fr: 'S’il y a déjà un gradient, additionnez : backend.add(other.data, dinput.data) dans un nouveau Tensor, confié à own().',
      },
    ],
    check: walk(
      ['y = a + a', (ops, a) => ops.add(a, a), 3, 2, 'assigned'],
      ['y = a·a', (ops, a) => ops.mul(a, a), 3, 6, 'assigned'],
    ),
  },
  {
    id: '05-order',
    file: walkFile,
    cuts: [
      [
        `  // Depth first, with a stack of our own: a chain of operations may be longer than JavaScript's stack is deep.
  const path = [{ tensor: y, next: 0 }]
  while (path.length > 0) {
    const top = path.at(-1)!
    const edge = top.tensor.edges[top.next++]
    if (!edge) order.push(path.pop()!.tensor)
    else if (!seen.has(edge[0])) {
      seen.add(edge[0])
      path.push({ tensor: edge[0], next: 0 })
    }
  }
`,
        `  // ← As they are found, from y on: is a result complete when its turn comes?
  for (const tensor of seen) for (const [input] of tensor.edges) seen.add(input)
  order.push(...[...seen].reverse())
`,
      ],
    ],
    title: { en: '5. In which order?', fr: '5. Dans quel ordre ?' },
    task: {
      en: 'With b = a·a, y = a + b goes wrong: a has its turn before b has passed anything on to it.\nPut every tensor into `order` after its own inputs.',
      fr: 'Avec b = a·a, y = a + b échoue : le tour de a vient avant que b ne lui ait rien transmis.\nMettez chaque tenseur dans `order` après ses propres entrées.',
    },
    hints: [
      {
        en: 'A topological order: visit all inputs of a tensor first, then push the tensor itself.',
        fr: 'Un ordre topologique : visiter d’abord toutes les entrées d’un tenseur, puis ajouter le tenseur lui-même.',
      },
      {
        en: 'A function visit(t) that marks t as seen, calls itself for every input that is not, and then pushes t. (The engine uses a stack of its own instead.)',
        fr: 'Une fonction visit(t) qui note t comme vu, s’appelle pour chaque entrée qui ne l’est pas, puis ajoute t. (Le moteur utilise plutôt sa propre pile.)',
      },
    ],
    check: walk(
      ['y = a + a', (ops, a) => ops.add(a, a), 3, 2, 'assigned'],
      ['y = a + b, b = a·a', (ops, a) => ops.add(a, ops.mul(a, a)), 3, 7, 'order'],
      [
        'y = c + b, c = b·b, b = a·a',
        (ops, a) => {
          const b = ops.mul(a, a)
          return ops.add(b, ops.mul(b, b))
        },
        2,
        36,
        'order',
      ],
    ),
  },
  {
    id: '06-every-road',
    file: walkFile,
    cuts: [
      ['    pending.delete(result)\n', ''],
      [
        'else if (!seen.has(edge[0])) {\n      seen.add(edge[0])',
        'else {\n      // ← visited once for every road that leads here',
      ],
    ],
    title: { en: '6. The question that everyone asks', fr: '6. La question que tout le monde pose' },
    task: {
      en: 'Why sort the tensors at all? Here each is visited once for every road to it.\nFor b = a + a, c = b + b that gives a wrong ∂c/∂a. Try it on paper, then mend it.',
      fr: 'Pourquoi trier les tenseurs ? Ici chacun est visité une fois par chemin qui y mène.\nPour b = a + a, c = b + b, ∂c/∂a devient faux. Essayez sur papier, puis corrigez.',
    },
    hints: [
      {
        en: 'c = 4a. Count how often b passes on what it has received.',
        fr: 'c = 4a. Comptez combien de fois b transmet ce qu’il a reçu.',
      },
      {
        en: 'Visit a tensor only if it is not in `seen`, and note it there.',
        fr: 'Ne visitez un tenseur que s’il n’est pas dans `seen`, et notez-l’y.',
      },
    ],
    check: walk(
      [
        'c = b + b, b = a + a',
        (ops, a) => {
          const b = ops.add(a, a)
          return ops.add(b, b)
        },
        3,
        4,
        'order',
      ],
      ['y = a + b, b = a·a', (ops, a) => ops.add(a, ops.mul(a, a)), 3, 7, 'order'],
    ),
  },
  {
    id: '07-backward-twice',
    file: walkFile,
    cuts: [
      [
        'export type Gradients = Map<Tensor, Tensor>',
        'export type Gradients = Map<Tensor, Tensor>\n\nconst kept: Gradients = new Map()',
      ],
      ['const gradients: Gradients = new Map()', 'const gradients = kept // ← of all calls'],
      [
        'gradients.set(result, dresult)',
        '{\n      const before = gradients.get(result)\n      gradients.set(result, before ? new Tensor(backend, before.shape, backend.add(before.data, dresult.data)) : dresult)\n    }',
      ],
    ],
    title: { en: '7. Backward, twice', fr: '7. Backward, deux fois' },
    task: {
      en: 'Many engines add each call’s gradients to those of the call before, and expect one to set\nthem to zero. Make backward start anew each time.',
      fr: 'Bien des moteurs ajoutent les gradients de chaque appel aux précédents, et attendent\nqu’on les remette à zéro. Faites que backward recommence à chaque fois.',
    },
    hints: [
      {
        en: 'Who still knows the gradients of the first call, when the second begins?',
        fr: 'Qui connaît encore les gradients du premier appel quand le second commence ?',
      },
      {
        en: 'A new Map in each call; then nothing has to be set to zero.',
        fr: 'Une nouvelle Map à chaque appel ; rien n’est alors à remettre à zéro.',
      },
    ],
    check: twice,
  },
  {
    id: '08-relu',
    file: cpu,
    cuts: [
      ['relu: [x => Math.max(x, 0), (dy, _, y) => (y > 0 ? dy : 0)]', 'relu: [x => Math.max(x, 0), dy => dy] /* ← */'],
    ],
    title: { en: '8. A ReLU that leaks', fr: '8. Une ReLU qui fuit' },
    task: {
      en: 'relu lets positive numbers pass and makes the others 0. Its gradient passes everywhere.',
      fr: 'relu laisse passer les nombres positifs et annule les autres. Son gradient passe partout.',
    },
    hints: [
      {
        en: 'Where y is 0, a small change of x changes nothing.',
        fr: 'Là où y vaut 0, un petit changement de x ne change rien.',
      },
      {
        en: 'dy where y > 0, else 0. The function gets dy, x and y.',
        fr: 'dy là où y > 0, sinon 0. La fonction reçoit dy, x et y.',
      },
    ],
    check: gradients('relu', (ops, [x]) => ops.relu(x), { x: [3, 4] }),
  },
  {
    id: '09-sigmoid',
    file: cpu,
    cuts: [['(dy, _, y) => dy * y * (1 - y)]', '(_dy, _, y) => y * (1 - y)] /* ← */']],
    title: { en: '9. Sigmoid, and the chain', fr: '9. La sigmoïde, et la chaîne' },
    task: {
      en: 'The derivative of the sigmoid is right, and yet what x receives is not.',
      fr: 'La dérivée de la sigmoïde est juste, et pourtant ce que reçoit x ne l’est pas.',
    },
    hints: [
      { en: 'The chain rule has two factors.', fr: 'La règle de la chaîne a deux facteurs.' },
      { en: 'dx = dy · y · (1 − y).', fr: 'dx = dy · y · (1 − y).' },
    ],
    check: gradients('sigmoid', (ops, [x]) => ops.sigmoid(x), { x: [3, 4] }),
  },
  {
    id: '10-tanh',
    file: cpu,
    cuts: [['tanh: [Math.tanh, (dy, _, y) => dy * (1 - y * y)]', 'tanh: [Math.tanh, (_dy, _x, _y) => 0] /* ← */']],
    title: { en: '10. tanh', fr: '10. tanh' },
    task: { en: 'tanh has no gradient yet. Write it.', fr: 'tanh n’a pas encore de gradient. Écrivez-le.' },
    hints: [
      {
        en: 'The derivative of tanh x is 1 − tanh² x, and tanh x is y.',
        fr: 'La dérivée de tanh x est 1 − tanh² x, et tanh x est y.',
      },
      { en: 'dx = dy · (1 − y²).', fr: 'dx = dy · (1 − y²).' },
    ],
    check: gradients('tanh', (ops, [x]) => ops.tanh(x), { x: [3, 4] }),
  },
  {
    id: '11-bias',
    file: cpu,
    cuts: [['db[j] += dy[i * n + j]', 'db[j] = dy[i * n + j] /* ← */']],
    title: { en: '11. A bias for a whole batch', fr: '11. Un biais pour tout un lot' },
    task: {
      en: 'One bias is added to every row of the batch. Its gradient is that of the last row alone.',
      fr: 'Un même biais s’ajoute à chaque ligne du lot. Son gradient est celui de la seule dernière ligne.',
    },
    hints: [
      {
        en: 'What is used several times receives several gradients.',
        fr: 'Ce qui sert plusieurs fois reçoit plusieurs gradients.',
      },
      {
        en: 'db[j] is the sum of dy[i, j] over all rows i.',
        fr: 'db[j] est la somme des dy[i, j] sur toutes les lignes i.',
      },
    ],
    check: gradients('bias', (ops, [x, b]) => ops.bias(x, b), { x: [4, 3], b: [3] }),
  },
  {
    id: '12-matmul-dx',
    file: 'engine/ops/matmul.ts',
    cuts: [['b.matmul(dy, w.data, m, n, k, { w: true })', 'b.matmul(dy, w.data, m, n, k) /* ← */']],
    title: { en: '12. A dense layer: what x receives', fr: '12. Une couche dense : ce que reçoit x' },
    task: {
      en: 'y = x·w. What x receives is dy times w – but in which position?',
      fr: 'y = x·w. Ce que reçoit x, c’est dy fois w – mais dans quel sens ?',
    },
    hints: [
      {
        en: 'x[i,k] reaches every y[i,j] through w[k,j]: dx[i,k] = Σj dy[i,j]·w[k,j].',
        fr: 'x[i,k] atteint chaque y[i,j] par w[k,j] : dx[i,k] = Σj dy[i,j]·w[k,j].',
      },
      {
        en: 'dx = dy·wᵀ; { w: true } says that w is to be read transposed.',
        fr: 'dx = dy·wᵀ ; { w: true } dit que w est à lire transposée.',
      },
    ],
    check: gradients('matmul', (ops, [x, w]) => ops.matmul(x, w), { x: [2, 3], w: [3, 4] }),
  },
  {
    id: '13-matmul-dw',
    file: 'engine/ops/matmul.ts',
    cuts: [['b.matmul(x.data, dy, k, m, n, { x: true })', 'b.matmul(x.data, dy, k, m, n) /* ← */']],
    title: {
      en: '13. A dense layer: what the weights receive',
      fr: '13. Une couche dense : ce que reçoivent les poids',
    },
    task: {
      en: 'Now the weights: dw[k,j] collects x[i,k]·dy[i,j] over the batch.',
      fr: 'Aux poids maintenant : dw[k,j] recueille x[i,k]·dy[i,j] sur le lot.',
    },
    hints: [
      {
        en: 'Which of the two matrices has the batch on the wrong side?',
        fr: 'Laquelle des deux matrices a le lot du mauvais côté ?',
      },
      { en: 'dw = xᵀ·dy.', fr: 'dw = xᵀ·dy.' },
    ],
    check: gradients('matmul', (ops, [x, w]) => ops.matmul(x, w), { x: [2, 3], w: [3, 4] }),
  },
  {
    id: '14-mean',
    file: 'engine/ops/sum.ts',
    cuts: [['sizeOf(x.shape) / sizeOf(y.shape)', 'sizeOf(x.shape) /* ← */']],
    title: { en: '14. Sum or mean', fr: '14. Somme ou moyenne' },
    task: {
      en: 'The mean over the rows is too small. By what is a sum of m numbers divided?',
      fr: 'La moyenne sur les lignes est trop petite. Par quoi divise-t-on une somme de m nombres ?',
    },
    hints: [
      {
        en: 'A matrix of 4 rows and 3 columns has 3 means, of 4 numbers each.',
        fr: 'Une matrice de 4 lignes et 3 colonnes a 3 moyennes, de 4 nombres chacune.',
      },
      {
        en: 'How many numbers there are, divided by how many means.',
        fr: 'Le nombre de nombres, divisé par le nombre de moyennes.',
      },
    ],
    check: gradients('mean', (ops, [x]) => ops.mean(x, 'rows'), { x: [4, 3] }),
  },
  {
    id: '15-softmax-overflow',
    file: cpu,
    cuts: [
      [
        'if (j !== best) others += Math.exp(row[j] - row[best])\n  return { max: row[best], others }',
        'others += Math.exp(row[j]) // ←\n  return { max: 0, others: others - 1 }',
      ],
    ],
    title: { en: '15. A softmax that overflows', fr: '15. Une softmax qui déborde' },
    task: {
      en: 'exp(1000) is more than a computer’s number can hold. For small scores all is well.',
      fr: 'exp(1000) dépasse ce qu’un nombre d’ordinateur peut contenir. Pour de petits scores, tout va bien.',
    },
    hints: [
      {
        en: 'softmax does not change if the same number is subtracted from every score.',
        fr: 'softmax ne change pas si l’on soustrait le même nombre à tous les scores.',
      },
      {
        en: 'Subtract the row’s maximum: the largest exponential is then 1, and `others` are all but that one.',
        fr: 'Soustrayez le maximum de la ligne : la plus grande exponentielle vaut alors 1, et `others` sont toutes sauf elle.',
      },
    ],
    check: all(
      torch('softmax'),
      gradients('softmax', (ops, [x]) => ops.softmax(x), {
        x: { shape: [2, 3], values: [1000, 1001, 999.5, -500, -499, -502] },
      }),
    ),
  },
  {
    id: '16-softmax-roads',
    file: cpu,
    cuts: [
      [
        'dx[i * n + j] = y[i * n + j] * (dy[i * n + j] - dot)',
        'dx[i * n + j] = y[i * n + j] * (1 - y[i * n + j]) * dy[i * n + j] /* ← */',
      ],
    ],
    title: { en: '16. Softmax: all roads count', fr: '16. Softmax : tous les chemins comptent' },
    task: {
      en: 'Raising one score raises its own share – and lowers all others’. The second half is missing.',
      fr: 'Augmenter un score augmente sa part – et diminue toutes les autres. La seconde moitié manque.',
    },
    hints: [
      {
        en: '∂y[k]/∂x[j] is y[j]·(1 − y[j]) for k = j, and −y[k]·y[j] otherwise. Add up dy[k] times that.',
        fr: '∂y[k]/∂x[j] vaut y[j]·(1 − y[j]) pour k = j, et −y[k]·y[j] sinon. Additionnez dy[k] fois cela.',
      },
      {
        en: 'dx[j] = y[j]·(dy[j] − Σk dy[k]·y[k]); the sum is called dot.',
        fr: 'dx[j] = y[j]·(dy[j] − Σk dy[k]·y[k]) ; la somme s’appelle dot.',
      },
    ],
    check: all(
      gradients('softmax', (ops, [x]) => ops.softmax(x), { x: [2, 4] }),
      torch('softmax'),
    ),
  },
  {
    id: '17-p-minus-y',
    file: cpu,
    cuts: [
      [
        '(dy[0] * (Math.exp(row[j] - max) / (1 + others) - target(labels[i], j, n, smoothing))) / m',
        '(dy[0] * (Math.exp(row[j] - max) / (1 + others))) / m /* ← */',
      ],
    ],
    title: { en: '17. Cross-entropy: p − y', fr: '17. L’entropie croisée : p − y' },
    task: {
      en: 'The most famous gradient of all: what the network said minus what it should have said.\ntarget(labels[i], j, n, smoothing) is 1 for the label and 0 for the others.',
      fr: 'Le plus célèbre des gradients : ce que le réseau a dit, moins ce qu’il aurait dû dire.\ntarget(labels[i], j, n, smoothing) vaut 1 pour l’étiquette et 0 pour les autres.',
    },
    hints: [
      {
        en: 'Raising the right score lowers the loss: its gradient must be below 0.',
        fr: 'Augmenter le bon score diminue la perte : son gradient doit être négatif.',
      },
      { en: '(p[j] − target) / m, times dy.', fr: '(p[j] − target) / m, fois dy.' },
    ],
    check: all(
      gradients('crossEntropy', (ops, [x]) => ops.crossEntropy(x, [2, 0, 1]), { logits: [3, 4] }, withoutLabel),
      torch('crossEntropy'),
    ),
  },
  {
    id: '18-mean-of-the-batch',
    file: cpu,
    cuts: [['- target(labels[i], j, n, smoothing))) / m', '- target(labels[i], j, n, smoothing))) /* ← */']],
    title: { en: '18. The mean over the batch', fr: '18. La moyenne du lot' },
    task: {
      en: 'The loss is a mean over the m examples. Its gradient forgot that.',
      fr: 'La perte est une moyenne sur les m exemples. Son gradient l’a oublié.',
    },
    hints: [
      { en: 'By how much are the numbers too large?', fr: 'De combien les nombres sont-ils trop grands ?' },
      { en: 'Divide by m.', fr: 'Divisez par m.' },
    ],
    check: gradients('crossEntropy', (ops, [x]) => ops.crossEntropy(x, [2, 0, 1]), { logits: [3, 4] }),
  },
  {
    id: '19-convolution',
    file: cpu,
    cuts: [
      ['const row = i * s.stride + a - s.top\n', 'const row = 0 // ← which row of x does row a of the window meet?\n'],
    ],
    title: { en: '19. A convolution slides', fr: '19. Une convolution glisse' },
    task: {
      en: 'Output pixel (i, j) looks through a window at x. Row a of the window lies on a row of x:\nwhich one? s.stride is the step of the window, s.top the rows of zeros above x.',
      fr: 'Le pixel (i, j) du résultat regarde x par une fenêtre. La ligne a de la fenêtre tombe sur\nune ligne de x : laquelle ? s.stride est le pas de la fenêtre, s.top les lignes de zéros au-dessus.',
    },
    hints: [
      { en: 'The next line does the same for columns.', fr: 'La ligne suivante fait de même pour les colonnes.' },
      { en: 'i · stride + a − top.', fr: 'i · stride + a − top.' },
    ],
    check: torch('conv2d'),
  },
  {
    id: '20-filter-gradient',
    file: cpu,
    cuts: [['dw[wAt + c * s.co + o] += a * dy[yAt + o]', 'dw[wAt + c * s.co + o] = a * dy[yAt + o] /* ← */']],
    title: { en: '20. What a filter receives', fr: '20. Ce que reçoit un filtre' },
    task: {
      en: 'A filter’s weight is used in every window of every picture. Only the last one counts here.',
      fr: 'Un poids du filtre sert dans chaque fenêtre de chaque image. Seule la dernière compte ici.',
    },
    hints: [
      { en: 'How many windows does a weight see?', fr: 'Combien de fenêtres un poids voit-il ?' },
      { en: 'Add them up: += .', fr: 'Additionnez-les : += .' },
    ],
    check: all(
      gradients('conv2d', (ops, [x, w]) => ops.conv2d(x, w), { x: [1, 4, 4, 1], w: [2, 2, 1, 2] }),
      torch('conv2d'),
    ),
  },
  {
    id: '21-picture-gradient',
    file: cpu,
    cuts: [
      ['for (let o = 0; o < s.co; o++) sum += dy[yAt + o] * w[wAt + c * s.co + o]', '// ← the sum over the filters o'],
    ],
    title: { en: '21. What the picture receives', fr: '21. Ce que reçoit l’image' },
    task: {
      en: 'A pixel was read by every filter o, each through its weight. Write the sum.\nThe weights begin at w[wAt], as in conv2d above; dy of this place begins at dy[yAt].',
      fr: 'Un pixel a été lu par chaque filtre o, à travers son poids. Écrivez la somme.\nLes poids commencent en w[wAt], comme dans conv2d ci-dessus ; dy de cet endroit en dy[yAt].',
    },
    hints: [
      { en: 'A loop over o from 0 to s.co, as in conv2d.', fr: 'Une boucle sur o de 0 à s.co, comme dans conv2d.' },
      { en: 'sum += dy[yAt + o] * w[…]: channel c, filter o.', fr: 'sum += dy[yAt + o] * w[…] : canal c, filtre o.' },
    ],
    check: all(
      gradients('conv2d', (ops, [x, w]) => ops.conv2d(x, w), { x: [1, 4, 4, 1], w: [2, 2, 1, 2] }),
      torch('conv2d'),
    ),
  },
  {
    id: '22-max-pool',
    file: cpu,
    cuts: [['(dx[winner(x, cells)] += dy[yAt])', 'cells.forEach(cell => (dx[cell] += dy[yAt])) /* ← */']],
    title: { en: '22. Only the winner', fr: '22. Le gagnant seul' },
    task: {
      en: 'Max-pooling keeps the largest number of each window. Here all of them get its gradient.',
      fr: 'Le max-pooling garde le plus grand nombre de chaque fenêtre. Ici, tous reçoivent son gradient.',
    },
    hints: [
      { en: 'What happens to y if a loser grows a little?', fr: 'Que devient y si un perdant grandit un peu ?' },
      { en: 'winner(x, cells) says which cell won.', fr: 'winner(x, cells) dit quelle case a gagné.' },
    ],
    check: all(
      gradients('maxPool2d', (ops, [x]) => ops.maxPool2d(x, 2), { x: [1, 4, 4, 1] }),
      torch('maxPool2d'),
    ),
  },
  {
    id: '23-average-pool',
    file: cpu,
    cuts: [['(dx[cell] += dy[yAt] / cells.length)', '(dx[cell] += dy[yAt]) /* ← */']],
    title: { en: '23. A fair share', fr: '23. Une part équitable' },
    task: {
      en: 'Average pooling: every number of a window counts, but not fully.',
      fr: 'La moyenne par fenêtre : chaque nombre compte, mais pas entièrement.',
    },
    hints: [
      {
        en: 'If one of four numbers grows by 1, by how much does their mean?',
        fr: 'Si l’un de quatre nombres grandit de 1, de combien grandit leur moyenne ?',
      },
      { en: 'dy divided by the number of cells.', fr: 'dy divisé par le nombre de cases.' },
    ],
    check: gradients('averagePool2d', (ops, [x]) => ops.averagePool2d(x, 2), { x: [1, 4, 4, 1] }),
  },
  {
    id: '24-descent',
    file: cpu,
    cuts: [['w[i] -= lr * ((v ?? dw)[i] + decay * w[i])', 'w[i] += lr * ((v ?? dw)[i] + decay * w[i]) /* ← */']],
    title: { en: '24. Downhill', fr: '24. Vers le bas' },
    task: {
      en: 'The gradient points uphill. This optimizer climbs.',
      fr: 'Le gradient pointe vers le haut. Cet optimiseur grimpe.',
    },
    hints: [
      { en: 'We want a smaller loss.', fr: 'On veut une perte plus petite.' },
      { en: 'w ← w − lr · dw.', fr: 'w ← w − lr · dw.' },
    ],
    check: steps('sgd'),
  },
  {
    id: '25-momentum',
    file: cpu,
    cuts: [['if (v) v[i] = momentum * v[i] + dw[i]', 'if (v) v[i] = dw[i] /* ← */']],
    title: { en: '25. Momentum', fr: '25. L’inertie' },
    task: {
      en: 'A ball that rolls keeps some of its speed. v forgets all of it.',
      fr: 'Une bille qui roule garde une part de sa vitesse. v l’oublie toute.',
    },
    hints: [
      {
        en: 'momentum is the share of the old velocity that stays.',
        fr: 'momentum est la part de l’ancienne vitesse qui reste.',
      },
      { en: 'v ← momentum · v + dw.', fr: 'v ← momentum · v + dw.' },
    ],
    check: all(steps('sgd'), steps('momentum')),
  },
  {
    id: '26-adam',
    file: cpu,
    cuts: [
      ['const mean = m[i] / (1 - beta1 ** step)', 'const mean = m[i] // ←'],
      ['const square = v[i] / (1 - beta2 ** step)', 'const square = v[i] // ←'],
    ],
    title: { en: '26. Adam', fr: '26. Adam' },
    task: {
      en: 'm and v are running means that began at 0, so at first they are too small. Correct them.',
      fr: 'm et v sont des moyennes glissantes parties de 0 : au début, elles sont trop petites. Corrigez-les.',
    },
    hints: [
      {
        en: 'After one step m is (1 − β1)·dw, where dw is meant.',
        fr: 'Après un pas, m vaut (1 − β1)·dw, là où l’on veut dw.',
      },
      {
        en: 'm̂ = m / (1 − β1ᵗ), v̂ = v / (1 − β2ᵗ); t is called step.',
        fr: 'm̂ = m / (1 − β1ᵗ), v̂ = v / (1 − β2ᵗ) ; t s’appelle step.',
      },
    ],
    check: steps('adam'),
  },
  {
    id: '27-batch-norm',
    file: 'engine/ops/batchNorm.ts',
    cuts: [
      [
        'b.mul(sub(like(x, dy), common(like(x, dy))).data, mul(gamma, inverse).data)',
        'b.mul(like(x, dy).data, mul(gamma, inverse).data) /* ← */',
      ],
    ],
    title: { en: '27. Batch norm', fr: '27. La normalisation par lot' },
    task: {
      en: 'x also moves its channel’s mean and variance, and with them every y of the batch.\ncommon(dy) is what all of a channel’s dy have in common.',
      fr: 'x déplace aussi la moyenne et la variance de son canal, donc tous les y du lot.\ncommon(dy) est ce que tous les dy d’un canal ont en commun.',
    },
    hints: [
      {
        en: 'If all x of a channel grow by 1, no y changes: dx must add up to 0.',
        fr: 'Si tous les x d’un canal grandissent de 1, aucun y ne change : la somme des dx doit être 0.',
      },
      { en: 'dx = γ / √(variance + ε) · (dy − common(dy)).', fr: 'dx = γ / √(variance + ε) · (dy − common(dy)).' },
    ],
    check: gradients(
      'batchNorm',
      (ops, [x, g, b]) => ops.batchNorm(x, g, b).y,
      { x: [5, 2], gamma: [2], beta: [2] },
      normalizedBy,
    ),
  },
  {
    id: '28-dropout',
    file: 'engine/layers/dropout.ts',
    cuts: [['const kept = 1 / (1 - probability)', 'const kept = 1 // ←']],
    title: { en: '28. Dropout, to scale', fr: '28. Le dropout, à l’échelle' },
    task: {
      en: 'If three of four numbers are dropped, the fourth must make up for them.',
      fr: 'Si trois nombres sur quatre sont éteints, le quatrième doit compenser.',
    },
    hints: [
      {
        en: 'The sum should be the same on average, with and without dropout.',
        fr: 'La somme doit être la même en moyenne, avec et sans dropout.',
      },
      { en: 'What stays is divided by the share that stays.', fr: 'Ce qui reste est divisé par la part qui reste.' },
    ],
    check: dropping,
  },
  {
    id: '29-stale-mask',
    file: 'engine/layers/dropout.ts',
    cuts: [
      [
        "  return elementwise('dropout', (x, { training, rng, key }) => {",
        "  let drawn: (() => number) | undefined\n  return elementwise('dropout', (x, { training, rng, key }) => {",
      ],
      ['const drawn = key?.()', 'drawn ??= /* ← */ key?.()'],
    ],
    title: { en: '29. A stale mask', fr: '29. Un masque périmé' },
    task: {
      en: 'Every batch drops the same numbers. Then the network simply is a smaller one.',
      fr: 'Chaque lot éteint les mêmes nombres. Le réseau est alors simplement plus petit.',
    },
    hints: [
      { en: 'How long does `drawn` live?', fr: 'Combien de temps vit `drawn` ?' },
      { en: 'Draw a new key in each call.', fr: 'Tirez une nouvelle clé à chaque appel.' },
    ],
    check: dropping,
  },
  {
    id: '30-first-weights',
    file: 'engine/initializers.ts',
    cuts: [['Math.sqrt(6 / (fan(shape, -2) + fan(shape, -1)))', '1 /* ← */']],
    title: { en: '30. First weights', fr: '30. Les premiers poids' },
    task: {
      en: 'A sum of 400 numbers is larger than one of 4. Glorot and Bengio (2010) scale the first\nweights to ±√(6 / (inputs + outputs)). fan(shape, -2) counts inputs, fan(shape, -1) outputs.',
      fr: 'Une somme de 400 nombres est plus grande qu’une de 4. Glorot et Bengio (2010) tirent les premiers\npoids dans ±√(6 / (entrées + sorties)). fan(shape, -2) compte les entrées, fan(shape, -1) les sorties.',
    },
    hints: [
      { en: 'glorot is given the limit as a number.', fr: 'glorot reçoit la limite sous forme de nombre.' },
      { en: 'Math.sqrt(6 / (… + …)).', fr: 'Math.sqrt(6 / (… + …)).' },
    ],
    check: firstWeights,
  },
  {
    id: '31-loop',
    file: 'engine/train.ts',
    cuts: [['optimizer.apply(gradients)\n', '// ← what is to be done with the gradients?\n']],
    title: { en: '31. The loop', fr: '31. La boucle' },
    task: {
      en: 'The loop computes the loss and learns nothing. One line is missing.',
      fr: 'La boucle calcule la perte et n’apprend rien. Il manque une ligne.',
    },
    hints: [
      {
        en: 'Forward, backward, a step of the optimizer.',
        fr: 'Propagation, rétropropagation, un pas de l’optimiseur.',
      },
      {
        en: 'optimizer.apply takes the gradients; the learning rate was set by optimizer.advance.',
        fr: 'optimizer.apply prend les gradients ; le taux a été fixé par optimizer.advance.',
      },
    ],
    check: trains(() => sequential([28, 28], flatten(), dense(32), relu(), dense(10))),
  },
  {
    id: '32-learning-rate',
    file: 'training/defaults.ts',
    cuts: [['lr: 0.0001,', 'lr: 10, // ←']],
    solution: ['lr: 0.003,'],
    title: { en: '32. A learning rate that diverges', fr: '32. Un taux d’apprentissage qui diverge' },
    task: {
      en: 'With this learning rate, five epochs on 500 digits end nowhere. Find one with which\nthe loss comes below 0.7. Too small does not help either.',
      fr: 'Avec ce taux d’apprentissage, cinq époques sur 500 chiffres ne mènent nulle part. Trouvez-en un\navec lequel la perte passe sous 0,7. Trop petit n’aide pas non plus.',
    },
    hints: [
      {
        en: 'Divide by ten until it falls; if it falls too slowly, go back a little.',
        fr: 'Divisez par dix jusqu’à ce qu’elle baisse ; si elle baisse trop lentement, revenez un peu.',
      },
      { en: 'For Adam, something between 0.001 and 0.01.', fr: 'Pour Adam, entre 0,001 et 0,01.' },
    ],
    check: rate,
  },
  {
    id: '33-overfit',
    file: 'models/deepnet2.ts',
    cuts: [['dense(128)', 'dense(2)']],
    title: { en: '33. Overfit, on purpose', fr: '33. Surapprendre, exprès' },
    task: {
      en: 'A network that cannot learn 200 digits by heart is too small, or broken: the first test\nof every new model. Make it know all 200 after 40 epochs.',
      fr: 'Un réseau qui ne sait pas apprendre 200 chiffres par cœur est trop petit, ou cassé : premier\ntest de tout nouveau modèle. Faites-lui savoir les 200 après 40 époques.',
    },
    hints: [
      { en: 'Two units cannot tell ten digits apart.', fr: 'Deux unités ne peuvent pas distinguer dix chiffres.' },
      { en: 'dense(128).', fr: 'dense(128).' },
    ],
    check: memorizes,
  },
  {
    id: '34-cure',
    file: 'models/deepnet2.ts',
    cuts: [
      [
        "import { dense, flatten, relu, sequential } from '../engine/index.js'",
        "import { conv2d, dense, flatten, maxPool2d, relu, sequential } from '../engine/index.js'",
      ],
      ['flatten(), dense(128), relu(), dense(classes)', 'flatten(), dense(128), relu(), dense(classes) /* ← */'],
      ['(input = [28, 28], classes = 10)', '(input = [28, 28, 1], classes = 10)'],
    ],
    solution: [
      "import { conv2d, dense, flatten, maxPool2d, relu, sequential } from '../engine/index.js'",
      'conv2d(8, 5), relu(), maxPool2d(2), flatten(), dense(classes)',
      '(input = [28, 28, 1], classes = 10)',
    ],
    title: { en: '34. …and cure it', fr: '34. …et guérir' },
    task: {
      en: 'It knows its 200 digits by heart, and 85 % of others. Change the network so that, from the\nsame 200 digits, it reads 87 % of those it has not seen.',
      fr: 'Il sait ses 200 chiffres par cœur, et 85 % des autres. Changez le réseau pour que, des mêmes\n200 chiffres, il lise 87 % de ceux qu’il n’a pas vus.',
    },
    hints: [
      {
        en: 'What does a convolution know that a dense layer has to learn for every place anew?',
        fr: 'Que sait une convolution, qu’une couche dense doit réapprendre à chaque endroit ?',
      },
      {
        en: 'conv2d(8, 5), relu(), maxPool2d(2) in the place of the hidden layer.',
        fr: 'conv2d(8, 5), relu(), maxPool2d(2) à la place de la couche cachée.',
      },
    ],
    check: generalizes(0.87),
  },
  {
    id: '35-layer',
    file: 'engine/layers/dense.ts',
    cuts: [
      ['parameters: { weight: init([k, units]), bias: zeros([units]) },', 'parameters: {}, // ← which does it need?'],
      [
        'forward: (x, p) => bias(matmul(x, p.weight), p.bias),',
        'forward: (x, _p) => x, // ← and what does it compute?',
      ],
    ],
    title: { en: '35. A whole layer', fr: '35. Une couche entière' },
    task: {
      en: 'Write the dense layer: the parameters that it wants, and y = x·weight + bias.\nThen a network of two of yours learns 500 digits.',
      fr: 'Écrivez la couche dense : les paramètres qu’elle demande, et y = x·weight + bias.\nEnsuite, un réseau de deux des vôtres apprend 500 chiffres.',
    },
    hints: [
      {
        en: 'init(shape) and zeros(shape) declare a parameter; forward gets them as p.',
        fr: 'init(shape) et zeros(shape) déclarent un paramètre ; forward les reçoit dans p.',
      },
      {
        en: 'weight: [k, units], bias: [units]; bias(matmul(x, p.weight), p.bias).',
        fr: 'weight : [k, units], bias : [units] ; bias(matmul(x, p.weight), p.bias).',
      },
    ],
    check: trains(engine => sequential([28, 28], flatten(), engine.dense(32), relu(), engine.dense(10))),
  },
]
