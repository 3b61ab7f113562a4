// What is said before there is a dist/ to say it: plain JavaScript, because it runs unbuilt. Part of the catalogue.

/** @typedef {'en' | 'fr'} Language */

export const start = {
  en: {
    'start.building': 'chiffre: the sources changed, building… ',
    'start.tools': 'chiffre: not everything it needs is installed; run `npm ci` first',
    'start.failed': 'chiffre: the sources do not build: {reason}',
    'start.broken': 'chiffre: the installed package is not whole ({reason}); install it again',
  },
  fr: {
    'start.building': 'chiffre : les sources ont changé, construction… ',
    'start.tools': 'chiffre : tout ce qu’il faut n’est pas installé ; lancez d’abord `npm ci`',
    'start.failed': 'chiffre : les sources ne se construisent pas : {reason}',
    'start.broken': 'chiffre : le paquet installé n’est pas complet ({reason}) ; installez-le à nouveau',
  },
}

/**
 * The language of `--lang`, else of the locale, else English.
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {Language}
 */
export function preferredLanguage(args, env) {
  const at = args.findLastIndex(arg => arg === '--lang' || arg.startsWith('--lang='))
  const asked = at < 0 ? undefined : (args[at]?.split('=')[1] ?? args[at + 1])
  if (asked === 'en' || asked === 'fr') return asked
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || Intl.DateTimeFormat().resolvedOptions().locale
  return /^fr/i.test(locale) ? 'fr' : 'en'
}
