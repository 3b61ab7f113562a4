// How a kernel on GL reads a texel of four numbers, or one of them. gpu.js lays an array into a texture that is about
// square, and divides integers to find the place of each number that is read, which takes longer than the arithmetic
// with it. What stands here is put between gpu.js's functions and the kernel, whose calls it turns to itself.

/** Up to so many texels a float32 tells the middle of a texel from its edges: 2²¹ · 2⁻²³ is half of half a texel. */
export const exactTexels = 2 ** 21

/** GLSL for the given mode: headless GL is WebGL 1, whose function has another name. */
export const glslReads = (mode: string) => `
#define getVec4FromSampler2D texelAt
#define getMemoryOptimized32 numberAt

// Texel i of a texture w wide lies in row ⌊(i + ½) / w⌋; what is left of the quotient is how far to the right.
vec4 texelAt(sampler2D x, ivec2 size, ivec3 dim, int c, int b, int i) {
  float at = (float(i) + 0.5) * (1.0 / float(size.x));
  return ${mode === 'webgl2' ? 'texture' : 'texture2D'}(x, vec2(fract(at), (floor(at) + 0.5) * (1.0 / float(size.y))));
}

float numberAt(sampler2D x, ivec2 size, ivec3 dim, int c, int b, int i) {
  float four = floor(float(i) * 0.25);
  float place = float(i) - 4.0 * four;
  vec4 texel = texelAt(x, size, dim, c, b, int(four));
  return place < 2.0 ? (place < 1.0 ? texel.r : texel.g) : (place < 3.0 ? texel.b : texel.a);
}
`
