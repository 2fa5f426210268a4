import { BackendError } from '../../errors.js';

/**
 * Imports a package that is installed only where it is used. The name comes as a value, so that the compiler does not
 * insist on finding it.
 *
 * @param name - Of the package, or of one of its modules.
 * @param purpose - What needs it, for the message: `work lists in SQLite files`.
 * @param install - Packages that bring it; the package alone unless given.
 * @throws BackendError `missing-package` where it is not installed or does not load here
 */
export async function importOptional<Module extends object>(
  name: string,
  purpose: string,
  install: string = name,
): Promise<Module> {
  try {
    return (await import(name)) as Module;
  } catch (cause) {
    throw missingPackage(name, purpose, install, cause);
  }
}

/** The error for a package that is not installed, or whose native part does not load. */
export function missingPackage(name: string, purpose: string, install: string, cause: unknown): BackendError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' && message.includes(name);
  const [first = ''] = message.split('\n');
  const reason = isMissing ? 'is not installed' : `does not load here (${first})`;
  return new BackendError(
    'missing-package',
    `${purpose} need the package ${name}, which ${reason}: npm install ${install} brings it`,
    [],
    { cause },
  );
}
