/** What a student reads from end to end: autograd, the operations and layers of the three models, sgd, adam, the loop. In engine/. */
export const core = [
  ...['tensor', 'backward', 'scope', 'train'],
  ...['matmul', 'bias', 'elementwise', 'reshape', 'softmax', 'conv2d', 'maxPool2d'].map(op => `ops/${op}`),
  'losses/crossEntropy',
  ...['layer', 'dense', 'conv2d', 'maxPool2d', 'activations', 'flatten', 'sequential'].map(layer => `layers/${layer}`),
  ...['optimizer', 'sgd', 'adam'].map(file => `optim/${file}`),
].map(name => `${name}.ts`)
