// How the learning rate changes over a run.

/** From progress, 0 at the first batch and 1 past the last one, to a factor of the learning rate that was asked for. */
export type Schedule = (progress: number) => number
/** By name, as `--schedule` takes them. */
export const schedules = {
  /** The same all along. */
  constant: () => 1,
  /** A tenth of it from the half on, a hundredth in the last quarter. */
  step: progress => (progress < 0.5 ? 1 : progress < 0.75 ? 0.1 : 0.01),
  /** Down to 0 along half a cosine (Loshchilov & Hutter 2017, eq. 5, without restarts). */
  cosine: progress => 0.5 * (1 + Math.cos(Math.PI * progress)),
  /** Up from 1/25 over the first 30 %, then down to almost 0 along half a cosine each (Smith & Topin 2018). */
  onecycle: progress =>
    progress < 0.3 ? blend(1 / 25, 1, progress / 0.3) : blend(1, 1 / 25e4, (progress - 0.3) / 0.7),
} satisfies Record<string, Schedule>

const blend = (from: number, to: number, part: number) => to + (from - to) * 0.5 * (1 + Math.cos(Math.PI * part))
