// What can be wrong with a data set, in one clear line each.
import { ChiffreError, messages as engine, type MessageValues } from '../engine/index.js'

/** The English text of every message about data; {name} stands for a value. */
export const messages = {
  'data.idx.header':
    'the file ends at byte {size}, inside its header; an IDX header of {dimensions} dimensions has {expected} bytes',
  'data.idx.magic': 'byte {offset} is {actual}; an IDX file begins with two zero bytes',
  'data.idx.type': 'byte 2, the type of the numbers, is {actual}; expected 0x08 (unsigned bytes)',
  'data.idx.type.labels':
    'byte 2, the type of the numbers, is {actual}; expected 0x08 (unsigned bytes) or 0x0c (integers of four bytes)',
  'data.idx.dimensions': 'byte 3, the number of dimensions, is {actual}; expected {expected}',
  'data.idx.size': 'bytes {offset}–{end}, the size of dimension {dimension}, are 0; expected at least 1',
  'data.idx.fewer': 'the header announces {expected} bytes from byte {offset} on ({sizes}), but only {actual} follow',
  'data.idx.more': 'the header announces {expected} bytes from byte {offset} on ({sizes}), but {actual} follow',
  'data.idx.large': 'the header announces {sizes} numbers; at most {most} are read',
  'data.gzip.more': 'it holds more than the {expected} bytes that its content announces',
  'data.gzip': 'its gzip compression is damaged: {reason}',
  'data.gzip.cut': 'the end is missing',
  'data.gzip.content': 'it does not hold what was compressed',
  'data.augment': 'only images of bytes can be augmented, [rows, columns] or [rows, columns, channels], not [{actual}]',
  'data.images': 'the images have shape [{actual}]; expected [n, rows, columns] or [n, rows, columns, channels]',
  'data.class': 'the name of class {position} is empty, longer than 100 characters, or has control characters',
  'data.class.other': 'it has a class {name}, which is not among the {classes} that the network tells apart',
  'data.html': 'this is a web page, not the file that its name says; download it again',
  'data.lfs': 'this is a pointer of Git LFS, not the file itself; `git lfs pull` fetches it',
  'data.count': 'there are {images} images but {labels} labels',
  'data.label': 'label {label} at position {position}; expected 0 to {last}',
  'data.take': 'asked for {actual} examples; the set has {length}',
  'data.fraction': 'cannot set aside {fraction} of {length} examples; expected more than none and fewer than all',
  'data.folder':
    'there is no {folder}; the data can be mnist, mnist-eu, mnist-hands, mnist-10k, a folder of IDX files, of CSV, or of images in a folder a class',
  'data.missing': '{folder}: there is no {file} or {file}.gz; a data set needs it',
  'data.several': '{folder} holds several sets; say which: {sets}',
  'data.csv.label': 'the first line names no column `label`; to learn or to test, each image needs one',
  'data.csv.columns': 'it has {columns} columns; expected a label and the pixels of a square, such as 785 for 28x28',
  'data.csv.line': 'line {line} has not {columns} columns as the first has',
  'data.csv.value': 'line {line}, column {column}: expected a whole number from 0 to {most}',
  'data.csv.empty': 'it holds no image',
  'data.size': '{file} has {actual} pixels; the first image of the set has {expected}',
  'data.large': 'its images take more than {most} bytes of memory; make them smaller',
  'data.empty': '{folder}: there is no PNG or JPEG image in it',
  'data.classes': '{names} names for {labels} kinds of labels; expected one name a line, for every label from 0 on',
  'data.pieces':
    'the ink is in some {count} pieces; a row of at most {most} digits can be read, not a scan full of dots or a page of text',
} as const

const texts = { ...engine, ...messages }

/** A ChiffreError about data, by its key in `messages` or in the engine's. */
export const problem = (key: keyof typeof texts, values: MessageValues = {}) =>
  new ChiffreError(key, values, texts[key])
