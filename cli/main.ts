// The command line: which command, with which options; the commands themselves are in commands/, and are imported when
// they are called for. What a user can mend ends as one line on stderr and an exit code.
import { readFileSync } from 'node:fs'
import yargs from 'yargs'
import { explain, misuse, UsageError } from './errors.js'
import { currentLanguage, languages, setLanguage, t } from './language.js'
import type { Message } from './messages/en.js'
import { preferredLanguage } from './messages/start.js'
import { visible } from './visible.js'
import { chosen, grouped, hint, parse, type OptionsOf } from './options.js'

/** What a file of commands/ exports. */
interface Command {
  options(): OptionsOf | Promise<OptionsOf>
  /** The words that may follow the command, as its usage shows them; none if left out. */
  readonly words?: string
  /** @returns the exit code */
  run(values: never, program: string, words: readonly string[]): Promise<number>
}

/** To add a command, add its line, and NAME.describe to the catalogue. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  train: () => import('./commands/train.js'),
  test: () => import('./commands/test.js'),
  models: () => import('./commands/models.js'),
  curves: () => import('./commands/curves.js'),
  use: () => import('./commands/use.js'),
  read: () => import('./commands/read.js'),
  explain: () => import('./commands/explain.js'),
  learn: () => import('./commands/learn.js'),
  gradcheck: () => import('./commands/gradcheck.js'),
  export: () => import('./commands/export.js'),
  site: () => import('./commands/site.js'),
  doctor: () => import('./commands/doctor.js'),
}

/**
 * Does what the arguments ask for.
 * @param program how the user called it: `node cli` or `chiffre`
 * @returns the exit code: 0, 1 for failure, 2 for a wrong usage, 130 after Ctrl-C
 */
export async function main(args: string[], program: string): Promise<number> {
  setLanguage(preferredLanguage(args, process.env))
  try {
    return await dispatch(withCommandFirst(args), program)
  } catch (error) {
    const reason = explain(error)
    const stack = (error instanceof Error ? error.stack : undefined) ?? String(error)
    process.stderr.write(
      (reason ? t('error', { reason }) : `${t('error.bug')}\n${stack.split('\n').map(visible).join('\n')}`) + '\n',
    )
    return error instanceof UsageError ? 2 : 1
  }
}

async function dispatch(args: string[], program: string): Promise<number> {
  let exitCode = 0
  const parser = yargs()
    .scriptName(program)
    .locale(currentLanguage())
    .parserConfiguration({
      'parse-numbers': false,
      'dot-notation': false,
      'boolean-negation': false,
      'camel-case-expansion': false,
      'duplicate-arguments-array': false,
    })
    .options(general())
    .help('help', t('option.help'))
    .alias('help', 'h')
    .version('version', t('option.version'), version())
    .group(['help', 'version'], t('help.general'))
    .wrap(Math.min(process.stdout.columns ?? 80, 100))
    .exitProcess(false)
    .fail((_, error) => {
      throw error
    })
  for (const [name, load] of Object.entries(commands)) {
    const description = t(`${name}.describe` as Message)
    parser.command(
      name,
      description,
      async y => {
        const command = await load()
        return y.usage(`$0 ${name} ${command.words ?? ''}\n\n${description}`).options(await command.options())
      },
      async argv => {
        const command = await load()
        const words = argv._.slice(1).map(String)
        if (!command.words) refuseWords(words)
        exitCode = await command.run(
          parse(argv, { ...general(), ...(await command.options()) }) as never,
          program,
          words,
        )
      },
    )
  }
  parser.command('$0', false, {}, argv => {
    const [typed] = argv._
    if (typed !== undefined)
      throw misuse('usage.command', { actual: typed, hint: hint(`${typed}`, Object.keys(commands)) })
    if (Object.keys(argv).some(name => !['_', '$0', 'lang'].includes(name))) throw noCommand()
    parse(argv, general())
    parser.showHelp(help => process.stdout.write(help + '\n'))
  })
  await parser.parseAsync(args)
  return exitCode
}

const general = () => grouped('help.general', { lang: chosen('lang', languages) })

const noCommand = () => misuse('usage.none')

function refuseWords([word]: (string | number)[]) {
  if (word !== undefined) throw misuse('usage.word', { actual: word })
}

function version(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(file) as { version: string }).version
}

/** The seed project's spelling: `--mode train …` is `train …`. */
function withCommandFirst(args: readonly string[]): string[] {
  const at = args.findIndex(arg => arg === '--mode' || arg.startsWith('--mode='))
  if (at < 0) return [...args]
  const [word, used] = args[at].includes('=') ? [args[at].split('=')[1], 1] : [args[at + 1], 2]
  if (!word || word.startsWith('-')) throw noCommand()
  return [word, ...args.slice(0, at), ...args.slice(at + used)]
}
