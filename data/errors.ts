// What can be wrong with a data set, in one clear line each.
import { ChiffreError, messages as engine, type MessageValues } from '../engine/index.js'

/** The English text of every message about data; {name} stands for a value. */
export const messages = {
  'data.idx.header':
    'the file ends at byte {size}, inside its header; an IDX header of {dimensions} dimensions has {expected} bytes',
  'data.idx.magic': 'byte {offset} is {actual}; an IDX file begins with two zero bytes',
  'data.idx.type': 'byte 2, the type of the numbers, is {actual}; expected 0x08 (unsigned bytes)',
  'data.idx.dimensions': 'byte 3, the number of dimensions, is {actual}; expected {expected}',
  'data.idx.size': 'bytes {offset}–{end}, the size of dimension {dimension}, are 0; expected at least 1',
  'data.idx.fewer': 'the header announces {expected} bytes from byte {offset} on ({sizes}), but only {actual} follow',
  'data.idx.more': 'the header announces {expected} bytes from byte {offset} on ({sizes}), but {actual} follow',
  'data.idx.large': 'the header announces {sizes} numbers; at most {most} are read',
  'data.gzip.more': 'it holds more than the {expected} bytes that its content announces',
  'data.gzip': 'its gzip compression is damaged: {reason}',
  'data.gzip.cut': 'the end is missing',
  'data.gzip.content': 'it does not hold what was compressed',
  'data.images': 'the images have {actual} pixels; expected 28x28',
  'data.count': 'there are {images} images but {labels} labels',
  'data.label': 'label {label} at position {position}; expected 0 to 9',
  'data.take': 'asked for {actual} examples; the set has {length}',
  'data.fraction': 'cannot set aside {fraction} of {length} examples; expected more than none and fewer than all',
  'data.folder': 'there is no folder {folder}; the data can be mnist, mnist-10k, or a folder of four IDX files',
  'data.missing': '{folder}: there is no {file} or {file}.gz; a data set needs it',
  'data.pieces':
    'the ink is in some {count} pieces; a row of at most {most} digits can be read, not a scan full of dots or a page of text',
} as const

const texts = { ...engine, ...messages }

/** A ChiffreError about data, by its key in `messages` or in the engine's. */
export const problem = (key: keyof typeof texts, values: MessageValues = {}) =>
  new ChiffreError(key, values, texts[key])
