// Mutants that no test can tell from the code, each with its reason.
export const equivalent = []
