// Gets the source of jemalloc through the machine's own apt, without changing anything of the system's.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

export const VERSION = '5.3.0';
const ARCHIVE = `jemalloc_${VERSION}.orig.tar.bz2`;
/** Of the release as its authors published it, which is what every Debian and Ubuntu package of it holds. */
const SHA256 = '2db82d1e7119df3e71b7640219b6dfe84789bc0537983c3b7ac4f7189aecfeaa';

/**
 * `deb` lines and stanzas of apt's sources as `deb-src` ones: [file name, text]. What is switched off stays off.
 * @param {string} name
 * @param {string} text
 * @returns {[string, string] | undefined}
 */
export function asSourceList(name, text) {
  if (name.endsWith('.list')) {
    const lines = text.split('\n').filter((line) => /^\s*deb\s/.test(line));
    return lines.length > 0
      ? [name, `${lines.map((line) => line.replace(/^\s*deb\s/, 'deb-src ')).join('\n')}\n`]
      : undefined;
  }
  const stanzas = text
    .split(/\n(?:[ \t]*\n)+/)
    .filter(
      (stanza) => /^Types:.*\bdeb\b(?!-)/im.test(stanza) && !/^Enabled:\s*(no|false|0)\b/im.test(stanza),
    )
    .map((stanza) => stanza.replace(/^Types:.*$/im, 'Types: deb-src'));
  return stanzas.length > 0 ? [name, `${stanzas.join('\n\n')}\n`] : undefined;
}

/** Apt's sources of this machine, as source lists. */
function machineSources() {
  const lists = [];
  const read = (path) => {
    if (!/\.(list|sources)$/.test(path) || !existsSync(path)) return;
    const list = asSourceList(basename(path), readFileSync(path, 'utf8'));
    if (list) lists.push(list);
  };
  read('/etc/apt/sources.list');
  const parts = '/etc/apt/sources.list.d';
  if (existsSync(parts)) for (const name of readdirSync(parts).sort()) read(join(parts, name));
  return lists;
}

const isRight = (path) =>
  existsSync(path) && createHash('sha256').update(readFileSync(path)).digest('hex') === SHA256;

/**
 * The path of the archive, in `cache`; fetched when it is not there. Throws an Error that says what to do.
 * @param {string} cache
 * @param {(line: string) => void} say
 */
export function fetchSource(cache, say) {
  const archive = join(cache, ARCHIVE);
  if (isRight(archive)) return archive;
  const scratch = mkdtempSync(join(tmpdir(), 'flow-ipc-jemalloc-'));
  try {
    say(`fetching the source of jemalloc ${VERSION} with apt-get, from this machine's package sources`);
    const parts = join(scratch, 'parts');
    for (const folder of [parts, join(scratch, 'lists/partial'), join(scratch, 'cache/archives/partial')])
      mkdirSync(folder, { recursive: true });
    const lists = machineSources();
    if (lists.length === 0) throw new Error('there are no package sources in /etc/apt');
    for (const [name, text] of lists) writeFileSync(join(parts, name), text);
    const options = [
      ['Dir::Etc::sourcelist', '/dev/null'],
      ['Dir::Etc::sourceparts', parts],
      ['Dir::State::lists', join(scratch, 'lists')],
      ['Dir::Cache', join(scratch, 'cache')],
      ['APT::Sandbox::User', 'root'],
      ['Acquire::Retries', '3'],
    ].flatMap(([key, value]) => ['-o', `${key}=${value}`]);
    const apt = (command, ...args) =>
      spawnSync(command, [...options, ...args], {
        cwd: scratch,
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C' },
      });
    // A source that fails (there are some without source packages) does not matter while another has it.
    const update = apt('apt-get', 'update');
    const known = apt('apt-cache', 'showsrc', 'jemalloc').stdout ?? '';
    const version = [...known.matchAll(/^Version: (\S+)$/gm)]
      .map((match) => match[1])
      .find((text) => text.startsWith(`${VERSION}-`));
    if (!version) throw new Error(`apt knows no jemalloc ${VERSION}.\n${update.stderr ?? update.error}`);
    const got = apt('apt-get', 'source', '--download-only', `jemalloc=${version}`);
    const fetched = join(scratch, ARCHIVE);
    if (!isRight(fetched))
      throw new Error(`apt-get source did not bring it whole.\n${got.stderr ?? got.error}`);
    mkdirSync(cache, { recursive: true });
    cpSync(fetched, archive);
    return archive;
  } catch (error) {
    throw new Error(
      `Cannot get the source of jemalloc ${VERSION}: ${error.message.trim()}\n` +
        `By hand: put ${ARCHIVE} (its release archive under Debian's name) into ${cache}`,
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
