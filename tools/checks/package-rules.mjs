// What may and must be inside a package's tarball.

/** Sources that a package ships on purpose: the addon's C++, for people who build it themselves. */
const SHIPPED_SOURCES = /\.(cc|cpp|c|h|hpp)$/;

/**
 * Everything that is wrong with the files of an unpacked tarball, one sentence each.
 * @param {{ path: string, content: Buffer }[]} files paths relative to the package's root
 * @param {{ machinePaths: string[] }} options folders of the machine that packed it
 * @returns {string[]}
 */
export function tarballProblems(files, { machinePaths }) {
  /** @type {string[]} */
  const problems = [];
  for (const required of ['package.json', 'README.md', 'LICENSE']) {
    if (!files.some((file) => file.path === required)) problems.push(`has no ${required}`);
  }
  for (const { path, content } of files) {
    const folders = path.split('/').slice(0, -1);
    if (folders.includes('test') || /\.(test|spec)\./.test(path)) problems.push(`ships a test: ${path}`);
    if (folders.includes('src') && !SHIPPED_SOURCES.test(path)) problems.push(`ships a source: ${path}`);
    if (/\.[cm]?ts$/.test(path) && !/\.d\.[cm]?ts$/.test(path)) problems.push(`ships TypeScript: ${path}`);
    for (const machinePath of machinePaths) {
      if (content.includes(machinePath))
        problems.push(`names a path of the machine that packed it (${machinePath}): ${path}`);
    }
  }
  if (files.some((file) => file.path === 'binding.gyp')) {
    problems.push('has binding.gyp at its root, which makes npm compile it at install');
  }
  const manifest = files.find((file) => file.path === 'package.json');
  if (manifest?.content.includes('"workspace:')) problems.push('package.json still says "workspace:"');
  return problems;
}
