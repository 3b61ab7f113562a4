// What the engine, the data and the checkpoints say, in French: for the command line and for the page, which loads it when it
// has something to say. A missing sentence or a superfluous one does not compile.
import type { messages as data } from '../data/index.js'
import {
  fill,
  type gpujsMessages,
  type MessageValues,
  type messages as engine,
  type webgpuMessages,
} from '../engine/index.js'
import type { messages as training } from './errors.js'
import { withFrenchSpaces } from './frenchSpaces.js'

type Key =
  | keyof typeof engine
  | keyof typeof gpujsMessages
  | keyof typeof webgpuMessages
  | keyof typeof data
  | keyof typeof training

/** The sentences by their errors' keys; {name} stands for a value. */
export const french: Readonly<Record<Key, string>> = {
  // The engine
  'engine.shape': '{op} : {input} est de forme [{actual}] ; attendu [{expected}]',
  'engine.matmul':
    'matmul : x [{x}] et w [{w}] ne vont pas ensemble ; la dernière taille de x doit être la première de w',
  'engine.rank': '{op} : {input} est de forme [{actual}] ; attendu {expected} dimensions',
  'engine.reshape': 'reshape : [{from}] contient {size} nombres et ne peut pas devenir [{to}]',
  'engine.gradient': '{op} : le gradient de {input} a {actual} nombres, mais sa forme est [{shape}]',
  'engine.scalar':
    'backward : part d’un seul nombre tel qu’une perte, non d’une forme [{shape}], à moins que dy ne soit donné',
  'engine.freed': '{op} : {input} est déjà libéré ; les tenseurs créés dans scope() vivent jusqu’à sa fin',
  'engine.data': 'tenseur : {actual} valeurs ne remplissent pas la forme [{shape}]',
  'engine.label': 'crossEntropy : étiquette {label} en position {position} ; attendu un entier de 0 à {last}',
  'engine.logits':
    '{op} prend des logits et applique {activation} lui-même : retirez le {activation}() à la fin du réseau',
  'engine.layer': 'la couche {layer} n’accepte pas [{input}] : {reason}',
  'engine.layer.kind': 'la couche {layer} n’en est pas une ; vouliez-vous {call}() ?',
  'engine.layer.flat': 'elle attend une rangée de nombres ; mettez flatten() avant elle',
  'engine.layer.rank': 'elle attend {expected} dimensions',
  'engine.layer.shortcut':
    "ses couches en font [{output}], et le raccourci [{shortcut}] ; avec padding 'same', ils s’accordent",
  'engine.layer.window': 'sa fenêtre de {size}x{size} est plus grande que l’image',
  'engine.argument': '{where} : {name} vaut {actual} ; attendu {expected}',
  'engine.init': 'le réseau n’a pas encore de poids : appelez d’abord init(backend, seed)',
  'engine.backends': '{op} : ses entrées sont sur deux moteurs de calcul, {first} et {second} ; placez-les sur le même',
  'engine.index': 'gather : il n’y a pas d’exemple {index} ; l’ensemble en a {length}, comptés à partir de 0',
  'engine.part': 'le réseau n’a pas de {name} de cette forme : il doit faire la même chose à chaque lot',
  'engine.part.twice': 'deux parties du réseau s’appellent {name} ; chaque nom ne peut servir qu’une fois',
  'engine.heads': 'le réseau donne {heads} : un réseau à plusieurs résultats a besoin de sa propre fonction de perte',
  'engine.input': 'le réseau prend des exemples de forme [{expected}], non [{actual}]',
  'engine.threads.isolation':
    'un seul fil d’exécution : cette page n’est pas isolée des autres origines ; son serveur doit envoyer Cross-Origin-Opener-Policy: same-origin et Cross-Origin-Embedder-Policy: require-corp',
  'engine.threads.start': 'un seul fil d’exécution : les autres ne démarrent pas : {reason}',
  'engine.safetensors': 'ce n’est pas un fichier safetensors : {reason}',
  'engine.safetensors.short': 'il a {actual} octets, il en faut au moins {expected}',
  'engine.safetensors.header': 'son en-tête ferait {length} octets, mais le fichier en a {size}',
  'engine.safetensors.long': 'son en-tête fait {length} octets ; au plus {most} sont lus',
  'engine.safetensors.json': 'son en-tête n’est pas du JSON',
  'engine.safetensors.entry': 'l’en-tête du tenseur {name} est mal formé',
  'engine.safetensors.dtype': 'le tenseur {name} est de type {actual} ; attendu F32 ou F16',
  'engine.safetensors.range': 'le tenseur {name} occupe les octets {start}–{end}, hors des {size} octets de données',
  'engine.safetensors.size': 'le tenseur {name} a {actual} octets ; sa forme [{shape}] en demande {expected}',
  'engine.safetensors.overlap': 'les tenseurs {first} et {second} se chevauchent',
  'engine.safetensors.gap': 'les octets {start}–{end} des données n’appartiennent à aucun tenseur',
  'engine.weights.missing': 'le tenseur {name} manque',
  'engine.weights.shape': 'le tenseur {name} est de forme [{actual}] ; le modèle demande [{expected}]',
  'engine.weights.extra': 'le tenseur {name} n’appartient pas au modèle',
  'engine.weights.nan': 'le tenseur {name} contient une valeur qui n’est pas un nombre fini, en position {position}',
  'engine.memory': 'mémoire épuisée : {asked} octets demandés, {used} sont utilisés, et il y a de la place pour 2 Gio',
  'engine.simd':
    'cette machine n’a pas de SIMD WebAssembly, dont le calcul wasm a besoin ; le calcul cpu marche partout',

  // gpu.js
  'gpujs.none':
    'gpujs : Node n’a ici aucun accès à une carte graphique : {webgpu} ; {gl}. La commande `doctor` dit quoi installer ; gpujs:cpu et gpujs:webasm s’en passent',
  'gpujs.missing':
    'le paquet gl n’est pas installé, ou ne trouve pas d’écran (sur un serveur, lancez sous xvfb-run -a ; voir `doctor`)',
  'gpujs.unsupported': 'gpujs : {mode} ne marche pas ici',
  'gpujs.unknown': 'gpujs : il n’y a pas de mode {mode} ; attendu l’un de {modes}',
  'gpujs.degraded': 'gpujs : {op} n’a pas tourné sur {mode} mais sur un autre genre de noyau : {reason}',
  'gpujs.wrong': 'gpujs : {mode} calcule faux ici ({actual} au lieu de {expected})',
  'gpujs.size': '{op} : {length} nombres sont trop pour {mode} ; au plus {limit}. Un lot plus petit en demande moins',
  'gpujs.kernel': '{op} a échoué sur {mode} : {reason}',
  'gpujs.lost': '{op} : le GPU a été retiré ({mode} a perdu son contexte) ; recommencez',

  // WebGPU
  'webgpu.package': 'le paquet webgpu n’est pas installé (voir `doctor`)',
  'webgpu.broken': 'le paquet webgpu ne se charge pas : {reason}',
  'webgpu.adapter': 'WebGPU ne trouve ni carte graphique ni pilote pour elle (voir `doctor`)',
  'webgpu.unsupported': 'ce navigateur n’a pas WebGPU',
  'webgpu.wrong': 'webgpu : {adapter} calcule faux ({actual} au lieu de {expected})',
  'webgpu.size':
    '{op} : {length} nombres sont trop pour cette carte graphique ; au plus {limit}. Un lot plus petit en demande moins',
  'webgpu.kernel': '{op} a échoué sur webgpu : {reason}',
  'webgpu.lost': '{op} : la carte graphique a été retirée (webgpu a perdu son périphérique) ; recommencez',

  // Data
  'data.idx.header':
    'le fichier finit à l’octet {size}, dans son en-tête ; un en-tête IDX de {dimensions} dimensions a {expected} octets',
  'data.idx.magic': 'l’octet {offset} vaut {actual} ; un fichier IDX commence par deux octets nuls',
  'data.idx.type': 'l’octet 2, le type des nombres, vaut {actual} ; attendu 0x08 (octets sans signe)',
  'data.idx.dimensions': 'l’octet 3, le nombre de dimensions, vaut {actual} ; attendu {expected}',
  'data.idx.size': 'les octets {offset}–{end}, la taille de la dimension {dimension}, valent 0 ; attendu au moins 1',
  'data.idx.fewer':
    'l’en-tête annonce {expected} octets à partir de l’octet {offset} ({sizes}), mais seuls {actual} suivent',
  'data.idx.more': 'l’en-tête annonce {expected} octets à partir de l’octet {offset} ({sizes}), mais {actual} suivent',
  'data.idx.large': 'l’en-tête annonce {sizes} nombres ; au plus {most} sont lus',
  'data.gzip.more': 'il contient plus que les {expected} octets que son contenu annonce',
  'data.gzip': 'sa compression gzip est abîmée : {reason}',
  'data.gzip.cut': 'la fin manque',
  'data.gzip.content': 'elle ne contient pas ce qui a été comprimé',
  'data.augment':
    'on ne peut varier que des images d’octets, [lignes, colonnes] ou [lignes, colonnes, canaux], non [{actual}]',
  'data.images': 'les images sont de forme [{actual}] ; attendu [n, lignes, colonnes] ou [n, lignes, colonnes, canaux]',
  'data.count': 'il y a {images} images mais {labels} étiquettes',
  'data.label': 'étiquette {label} en position {position} ; attendu de 0 à {last}',
  'data.take': '{actual} exemples demandés ; le jeu en a {length}',
  'data.fraction':
    'impossible de mettre de côté {fraction} de {length} exemples ; il en faut au moins un de chaque côté',
  'data.folder':
    'il n’y a pas de {folder} ; les données sont mnist, mnist-eu, mnist-hands, mnist-10k, un dossier de fichiers IDX, de CSV, ou d’images dans un dossier par classe',
  'data.missing': '{folder} : il n’y a ni {file} ni {file}.gz ; un jeu de données en a besoin',
  'data.several': '{folder} contient plusieurs jeux ; dites lequel : {sets}',
  'data.csv.label':
    'la première ligne ne nomme pas de colonne `label` ; pour apprendre ou tester, chaque image en a besoin',
  'data.csv.columns': 'il a {columns} colonnes ; attendu une étiquette et les pixels d’un carré, comme 785 pour 28x28',
  'data.csv.line': 'la ligne {line} n’a pas {columns} colonnes comme la première',
  'data.csv.value': 'ligne {line}, colonne {column} : attendu un nombre entier de 0 à {most}',
  'data.csv.empty': 'il ne contient pas d’image',
  'data.size': '{file} a {actual} pixels ; la première image du jeu en a {expected}',
  'data.large': 'ses images prennent plus de {most} octets de mémoire ; réduisez-les',
  'data.empty': '{folder} : il n’y a pas d’image PNG ou JPEG dedans',
  'data.classes':
    '{names} noms pour {labels} sortes d’étiquettes ; attendu un nom par ligne, pour chaque étiquette à partir de 0',
  'data.class': 'le nom de la classe {position} est vide, dépasse 100 caractères, ou a des caractères de commande',
  'data.class.other': 'il a une classe {name}, qui n’est pas parmi les {classes} que le réseau distingue',
  'data.html': 'c’est une page web, non le fichier que dit son nom ; téléchargez-le à nouveau',
  'data.lfs': 'c’est un pointeur de Git LFS, non le fichier lui-même ; `git lfs pull` le télécharge',
  'data.idx.type.labels':
    'l’octet 2, le type des nombres, vaut {actual} ; attendu 0x08 (octets sans signe) ou 0x0c (entiers de quatre octets)',
  'data.pieces':
    'l’encre est en quelque {count} morceaux ; une ligne d’au plus {most} chiffres peut être lue, non un scan plein de points ou une page de texte',

  // Checkpoints
  'checkpoint.kind': 'ce n’est pas une sauvegarde de chiffre',
  'checkpoint.version': 'son format est la version {actual} ; attendu {expected}',
  'checkpoint.field': 'ses métadonnées n’ont pas de {field} valable',
  'checkpoint.checksum': 'il est abîmé : son contenu ne donne pas sa somme de contrôle {expected}, mais {actual}',
  'checkpoint.model': 'il contient {actual}, non {expected}',
}

/** What an error's key and values say in French; values may be such errors. Undefined if it is none of these. */
export function inFrench(error: unknown): string | undefined {
  const { key, values } = error as { key?: unknown; values?: MessageValues }
  if (typeof key !== 'string' || !Object.hasOwn(french, key)) return undefined
  const own = Object.entries(values ?? {}).map(([name, value]) => [name, inFrench(value) ?? textOf(value)])
  return fill(withFrenchSpaces(french[key as Key]), Object.fromEntries(own) as MessageValues)
}

const textOf = (value: MessageValues[string]) => (typeof value === 'object' ? value.message : value)
