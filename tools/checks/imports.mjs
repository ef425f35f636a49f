// Every module that a source file names: static, re-exporting, dynamic, and type imports.
import ts from 'typescript';

/**
 * @param {string} path only its ending matters
 * @param {string} text
 * @returns {string[]} the specifiers as written, without repeats
 */
export function importsOf(path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false);
  /** @type {Set<string>} */
  const found = new Set();
  /** @param {ts.Node | undefined} node */
  const add = (node) => {
    if (node && ts.isStringLiteralLike(node)) found.add(node.text);
  };
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    // import x = require('y')
    if (ts.isExternalModuleReference(node)) add(node.expression);
    // type T = import('y').T
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal);
    // await import('y'), require('y')
    if (ts.isCallExpression(node)) {
      const { kind } = node.expression;
      const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
      if (kind === ts.SyntaxKind.ImportKeyword || isRequire) add(node.arguments[0]);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  for (const reference of file.typeReferenceDirectives) found.add(reference.fileName);
  return [...found];
}
