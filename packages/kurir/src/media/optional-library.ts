import { KurirError } from '../errors/kurir-error.js'

/**
 * Loads a package that Kurir can do without.
 *
 * @param load imports it; the name stands there as a literal, so that bundlers see it
 * @throws KurirError `library-missing` (501); `data.package` names what to install
 */
export async function loadLibrary<Library>(
  name: string,
  purpose: string,
  load: () => Promise<Library>,
): Promise<Library> {
  try {
    return await load()
  } catch (cause) {
    throw new KurirError('library-missing', `${purpose} needs the package "${name}": npm install ${name}`, {
      statusCode: 501,
      data: { package: name },
      cause,
    })
  }
}
