// The samples of the documents: found, laid out as a reader would have them in a project, and compiled.
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { findFiles } from '../bootstrap/find-files.mjs';
import { workspaceFolders } from '../bootstrap/npm-packages.mjs';
import { run } from '../bootstrap/steps.mjs';
import { importsOf } from './imports.mjs';

/**
 * A fenced block of a document. TypeScript blocks (`ts`) are complete ES modules. One whose first line is a comment
 * `// name.ts` is written as that file, for the other blocks of its document to import or start; one without is a
 * program that runs by itself. A Cap'n Proto block (`capnp`) whose first line is `# name.capnp` is compiled first,
 * so that all can import `./name.capnp.js`.
 * @typedef {object} Sample
 * @property {'ts' | 'capnp'} language
 * @property {string} [name] the file's, when the block says one
 * @property {number} line of the document where the code begins
 * @property {string} code
 */

/**
 * @param {string} text of a document
 * @returns {Sample[]}
 */
export function samplesOf(text) {
  return [...text.matchAll(/^```(ts|capnp)\n(.*?)^```$/gms)].map((match) => {
    const [, language, code = ''] = match;
    const [, name] = /^(?:\/\/|#) ([\w-]+\.(?:ts|capnp))\n/.exec(code) ?? [];
    return {
      language: language === 'ts' ? 'ts' : 'capnp',
      ...(name?.endsWith(`.${language}`) ? { name } : {}),
      line: text.slice(0, match.index).split('\n').length + 1,
      code,
    };
  });
}

/**
 * Named blocks that no other block of the document mentions: nothing would ever run them.
 * @param {Sample[]} samples
 */
export function unusedSamples(samples) {
  return samples.filter(({ name, language }) => {
    const built = language === 'ts' ? name?.replace(/\.ts$/, '.js') : `${name}.js`;
    return name && !samples.some((other) => other.name !== name && other.code.includes(`./${built}`));
  });
}

/** The documents whose samples count: the manual's pages, and the README of each published package. */
export function sampleDocuments(/** @type {string} */ root) {
  const published = workspaceFolders(root).filter((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    return !manifest.private && existsSync(join(root, folder, 'README.md'));
  });
  const pages = findFiles(join(root, 'docs'), (path) => path.endsWith('.md'));
  return [...pages.map((page) => `docs/${page}`), ...published.map((folder) => `${folder}/README.md`)];
}

/**
 * A document's samples in a folder of their own.
 * @typedef {object} Page
 * @property {string} document path from the root of the repository
 * @property {string} folder
 * @property {Sample[]} samples
 */

/** The file that a TypeScript sample is written to, within its page's folder. */
export const fileOf = (/** @type {Sample} */ sample) => sample.name ?? `line-${sample.line}.ts`;

/**
 * Writes the samples into `into`, an empty folder, with this repository's packages as installed ones.
 * @param {string} root
 * @param {string} into
 * @returns {Promise<Page[]>} only documents that have samples
 */
export async function layOut(root, into) {
  writeFileSync(join(into, 'package.json'), '{ "type": "module" }\n');
  linkPackages(root, into);
  const pages = [];
  for (const document of sampleDocuments(root)) {
    const samples = samplesOf(readFileSync(join(root, document), 'utf8'));
    if (samples.length === 0) continue;
    const folder = join(into, document.replace(/\.md$/, '').replaceAll('/', '-'));
    mkdirSync(folder);
    for (const sample of samples) {
      if (sample.language === 'ts') writeFileSync(join(folder, fileOf(sample)), sample.code);
      else if (sample.name) await generate(root, folder, sample.name, sample.code, document);
    }
    linkImports(root, into, samples);
    pages.push({ document, folder, samples });
  }
  return pages;
}

/** Every package of ours, and Node's types. */
function linkPackages(/** @type {string} */ root, /** @type {string} */ into) {
  for (const scope of ['@flow-ipc', '@types'])
    mkdirSync(join(into, 'node_modules', scope), { recursive: true });
  for (const folder of workspaceFolders(root)) {
    const { name, private: hidden } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    if (!hidden) symlinkSync(join(root, folder), join(into, 'node_modules', name));
  }
  symlinkSync(join(root, 'node_modules/@types/node'), join(into, 'node_modules/@types/node'));
}

/**
 * Other people's packages that samples import: optional companions, which one of our packages has for its tests.
 * @param {string} root @param {string} into @param {Sample[]} samples
 */
function linkImports(root, into, samples) {
  for (const sample of samples) {
    if (sample.language !== 'ts') continue;
    for (const specifier of importsOf(fileOf(sample), sample.code)) {
      if (/^\.|^@flow-ipc\//.test(specifier) || isBuiltin(specifier)) continue;
      const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
      const link = join(into, 'node_modules', name);
      const found = workspaceFolders(root)
        .map((folder) => join(root, folder, 'node_modules', name))
        .find((path) => existsSync(path));
      if (!found || existsSync(link)) continue;
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(found, link);
    }
  }
}

/**
 * @param {string} root @param {string} folder @param {string} name @param {string} schema
 * @param {string} document
 */
async function generate(root, folder, name, schema, document) {
  writeFileSync(join(folder, name), schema);
  const command = join(root, 'tools/capnpc/dist/command.js');
  const { code, output } = await run(process.execPath, [command, name], { cwd: folder });
  if (code !== 0) throw new Error(`${document}: ${name} does not compile: ${output}`);
}

/**
 * Compiles all pages as one strict program and puts the JavaScript beside the TypeScript.
 * @param {string} root
 * @param {Page[]} pages
 * @returns {string[]} what the compiler says, each with document and line
 */
export function compile(root, pages) {
  const base = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile).config;
  const { options } = ts.convertCompilerOptionsFromJson(base.compilerOptions, root);
  const files = pages.flatMap(({ folder }) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file)),
  );
  const first = pages[0];
  if (!first) return [];
  // Types are looked up where the samples are, as for a reader's own project.
  const host = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => first.folder;
  const program = ts.createProgram(files, { ...options, noEmit: false, declaration: false }, host);
  const { diagnostics } = program.emit();
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map((diagnostic) => {
    const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
    return `${placeOf(diagnostic, pages)}: ${message}`;
  });
}

/**
 * @param {ts.Diagnostic} diagnostic
 * @param {Page[]} pages
 */
function placeOf({ file, start = 0 }, pages) {
  if (!file) return 'samples';
  const { line } = file.getLineAndCharacterOfPosition(start);
  for (const { document, folder, samples } of pages) {
    const sample = samples.find((s) => join(folder, fileOf(s)) === file.fileName);
    if (sample) return `${document}:${sample.line + line}`;
  }
  return `${file.fileName}:${line + 1}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // By hand: `node tools/checks/samples.mjs <empty folder>` lays out and compiles, for a look at one's samples.
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const problems = compile(root, await layOut(root, /** @type {string} */ (process.argv[2])));
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
