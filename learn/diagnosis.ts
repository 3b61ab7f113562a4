// From a wrong gradient to its likely cause, by the numbers alone: each classic mistake gives numbers of its own, which can be
// computed from the derivatives of the right formula and compared with what was found.

/** What is known of a gradient. An operation has some outputs y[o] and, of the input in question, some numbers x[i]. */
export interface Evidence {
  /** What was found, and what is right. */
  readonly found: ArrayLike<number>
  readonly right: ArrayLike<number>
  /** The gradient that the operation was given, and ∂y[o]/∂x[i] at o·inputs + i; of a result y itself, left out. */
  readonly dy?: ArrayLike<number>
  readonly slopes?: ArrayLike<number>
  /** How many outputs belong together, such as the channels of a pixel: a kernel adds up their contributions first. */
  readonly together?: number
  /** What other mistakes would give, by cause. */
  readonly alternatives?: readonly (readonly [Cause, ArrayLike<number>])[]
}

/** Each cause in both languages; {factor} is filled for a factor. */
export const causes = {
  overflow: {
    en: 'an overflow: exp of a large number is infinite, and ∞/∞ is no number. Subtract the maximum first',
    fr: 'un débordement : exp d’un grand nombre est infini, et ∞/∞ n’est pas un nombre. Soustrayez d’abord le maximum',
  },
  nothing: {
    en: 'nothing arrives: all of it is 0',
    fr: 'rien n’arrive : tout est à 0',
  },
  sign: {
    en: 'the sign: every number is right but for it',
    fr: 'le signe : chaque nombre est juste, au signe près',
  },
  factor: {
    en: 'a factor: every number is {factor} times what it should be. A mean has 1/n where a sum has none',
    fr: 'un facteur : chaque nombre est {factor} fois ce qu’il devrait être. Une moyenne a 1/n, une somme non',
  },
  dy: {
    en: 'dy is missing: the chain rule multiplies the operation’s own derivative by the gradient that arrives',
    fr: 'dy manque : la règle de la chaîne multiplie la dérivée de l’opération par le gradient qui arrive',
  },
  assigned: {
    en: '= instead of +=: only one of the contributions is left, where all of them should be added',
    fr: '= au lieu de += : il ne reste qu’une des contributions, alors qu’il faut les additionner toutes',
  },
  other: {
    en: 'the other input’s value: the derivative of a product by one factor is the other one',
    fr: 'la valeur de l’autre entrée : la dérivée d’un produit par un facteur est l’autre facteur',
  },
  transposed: {
    en: 'transposed: the numbers are those of a matrix read by columns instead of rows',
    fr: 'transposé : les nombres sont ceux d’une matrice lue par colonnes au lieu de lignes',
  },
  roads: {
    en: 'only the straight road counts: a number also reaches the loss through the other outputs',
    fr: 'seul le chemin direct compte : un nombre atteint aussi la perte par les autres sorties',
  },
  mask: {
    en: 'the mask is missing: something arrives where nothing should, because that number had no part in y',
    fr: 'le masque manque : quelque chose arrive là où rien ne devrait, car ce nombre n’a pas compté dans y',
  },
  order: {
    en: 'the order of the walk: a gradient is passed on before all that it receives has arrived',
    fr: 'l’ordre du parcours : un gradient est transmis avant que tout ce qu’il reçoit ne soit arrivé',
  },
  kept: {
    en: 'the gradients of the call before are still in it: nothing was set to zero',
    fr: 'les gradients de l’appel précédent y sont encore : rien n’a été remis à zéro',
  },
  stale: {
    en: 'a stale mask: every batch drops the same numbers. Draw a new mask for each',
    fr: 'un masque périmé : chaque lot éteint les mêmes nombres. Il faut tirer un masque par lot',
  },
  correction: {
    en: 'the bias correction is missing: the running means began at 0, and m̂ = m / (1 − βᵗ) makes up for it',
    fr: 'la correction du biais manque : les moyennes glissantes partent de 0, et m̂ = m / (1 − βᵗ) le compense',
  },
  momentum: {
    en: 'the momentum is missing: v keeps nothing of the steps before',
    fr: 'l’inertie manque : v ne garde rien des pas précédents',
  },
  statistics: {
    en: 'mean and variance are taken as constants: x moves them too, and they move every y',
    fr: 'moyenne et variance sont prises pour constantes : x les déplace aussi, et elles déplacent chaque y',
  },
  label: {
    en: 'the label is missing: the gradient is p − y, and this is p alone',
    fr: 'l’étiquette manque : le gradient est p − y, et ceci n’est que p',
  },
} as const
export type Cause = keyof typeof causes

export interface Diagnosis {
  readonly cause: Cause
  readonly factor?: number
}

const tolerance = 1e-5

/** The mistake whose numbers these are; undefined if they are none's. */
export function diagnose({
  found,
  right,
  dy,
  slopes,
  together = 1,
  alternatives = [],
}: Evidence): Diagnosis | undefined {
  const size = right.length
  const scale = Math.max(...Array.from(right, Math.abs), 1e-30)
  const close = (a: number, b: number) => Math.abs(a - b) <= tolerance * scale
  const is = (values: ArrayLike<number>) => values.length === size && every(size, i => close(found[i], values[i]))
  if (!every(size, i => Number.isFinite(found[i]))) return { cause: 'overflow' }
  if (every(size, i => found[i] === 0)) return { cause: 'nothing' }
  if (is(right)) return undefined
  if (is(Array.from(right, v => -v))) return { cause: 'sign' }

  const named = alternatives.filter(([, values]) => !every(size, i => close(values[i], right[i])))
  const alike = named.find(([cause, values]) => cause !== 'other' && is(values))
  if (alike) return { cause: alike[0] }

  if (dy && slopes) {
    const sums = Array.from({ length: size }, (_, i) => {
      let sum = 0
      for (let o = 0; o < dy.length; o++) sum += slopes[o * size + i]
      return sum
    })
    if (is(sums)) return { cause: 'dy' }
  }
  let largest = 0
  for (let i = 0; i < size; i++) if (Math.abs(right[i]) > Math.abs(right[largest])) largest = i
  const factor = found[largest] / right[largest]
  if (size > 1 && is(Array.from(right, v => factor * v))) return { cause: 'factor', factor }

  if (dy && slopes) {
    const outputs = dy.length
    const slope = (o: number, i: number) => slopes[o * size + i]
    if (outputs === size && is(Array.from({ length: size }, (_, i) => dy[i] * slope(i, i)))) return { cause: 'roads' }
    const contributions = (i: number, together: number) =>
      Array.from({ length: outputs / together }, (_, group) => {
        let sum = 0
        for (let o = group * together; o < (group + 1) * together; o++) sum += dy[o] * slope(o, i)
        return sum
      }).filter(v => Math.abs(v) > 1e-9)
    const isLast = (i: number, together: number) =>
      close(found[i], right[i]) || contributions(i, together).some(v => close(v, found[i]))
    for (const size of [1, together]) if (every(found.length, i => isLast(i, size))) return { cause: 'assigned' }
  }
  const other = named.find(([cause, values]) => cause === 'other' && is(values))
  if (other) return { cause: 'other' }
  const isOff = (i: number) => close(right[i], 0)
  if (every(size, i => isOff(i) || close(found[i], right[i]))) return { cause: 'mask' }
  return size === 1 ? { cause: 'factor', factor } : undefined
}

function every(n: number, test: (i: number) => boolean): boolean {
  for (let i = 0; i < n; i++) if (!test(i)) return false
  return true
}
