// How one waits for WebGL.

/** Waits until all that was asked of a context is computed: to read a pixel, whichever, is to wait for what came before. */
export function finish(context: object) {
  const gl = context as WebGL2RenderingContext
  gl.bindFramebuffer(gl.FRAMEBUFFER, null)
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4))
}
