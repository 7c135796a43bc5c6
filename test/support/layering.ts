/** The import rules of the house (docs/architecture.md), as a check over source texts. */
import ts from 'typescript';

/** What a room may import, beside itself and the errors at the root. `types` may be imported as types alone. */
interface Rule {
  values: string[];
  types?: string[];
}

export const RULES: Record<string, Rule> = {
  native: { values: [] },
  store: { values: [] },
  ipam: { values: ['store'] },
  net: { values: ['native', 'store', 'ipam'] },
  runtime: { values: ['native'] },
  image: { values: ['native', 'store'] },
  engine: { values: ['native', 'store', 'ipam', 'net', 'runtime', 'image'] },
  // A door makes calls to the engine; what the engine answers is typed by the rooms below it.
  cli: { values: ['engine'], types: ['net', 'runtime', 'image'] },
  // The package's entry: the engine, and the types of what it takes and gives.
  'index.ts': { values: ['engine'], types: ['net', 'runtime', 'image'] },
};

const SHARED = ['errors.ts', 'package.json'];
const DRAWERS = ['util', 'utils', 'common', 'helpers', 'misc', 'lib', 'shared'];
const LONGEST = 300;

export interface SourceFile {
  /** From the root of the repository: `net/attach.ts`. */
  path: string;
  text: string;
}

interface Import {
  from: string;
  typeOnly: boolean;
}

/** One sentence for everything in the files that the house does not allow. */
export function violations(files: SourceFile[]): string[] {
  return files.flatMap((file) => [
    ...importViolations(file),
    ...shapeViolations(file),
    ...(isBarrel(file) ? [`${file.path} only passes on what other files export`] : []),
  ]);
}

function importViolations({ path, text }: SourceFile): string[] {
  const room = roomOf(path);
  const rule = RULES[room];
  if (rule === undefined) return [`${path} is in no room of the house`];
  return importsOf(path, text).flatMap(({ from, typeOnly }) => {
    const target = resolve(path, from);
    if (target === undefined || SHARED.includes(target)) return [];
    const to = roomOf(target);
    if (to === room || rule.values.includes(to) || (typeOnly && rule.types?.includes(to)))
      return [];
    const asTypes = rule.types?.includes(to) ? ' other than as types' : '';
    return [`${path} imports ${target}: ${room} may not import ${to}${asTypes}`];
  });
}

function shapeViolations({ path, text }: SourceFile): string[] {
  const found: string[] = [];
  const drawer = path.split('/').find((part) => DRAWERS.includes(part.replace(/\.ts$/, '')));
  if (drawer !== undefined) found.push(`${path} lies in a drawer for anything: ${drawer}`);
  const lines = text.split('\n').length - 1;
  if (lines > LONGEST) found.push(`${path} is ${lines} lines long, more than ${LONGEST}`);
  return found;
}

/** A file without a statement of its own. The package's entry is one on purpose. */
function isBarrel({ path, text }: SourceFile): boolean {
  if (path === 'index.ts') return false;
  const { statements } = parse(path, text);
  return (
    statements.length > 0 && statements.every((statement) => ts.isExportDeclaration(statement))
  );
}

/** Static, dynamic and type imports, and exports from elsewhere. */
function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (from: ts.Node | undefined, typeOnly: boolean): void => {
    if (from !== undefined && ts.isStringLiteralLike(from))
      found.push({ from: from.text, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(path, text));
  return found;
}

/** `import { type A, type B }` leaves an import at run time, so only `import type` counts. */
function isTypeOnly({ importClause }: ts.ImportDeclaration): boolean {
  return importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, false);
}

/** From the root of the repository; undefined for packages and Node's own modules. */
function resolve(importer: string, from: string): string | undefined {
  if (!from.startsWith('.')) return undefined;
  return new URL(from, `file:///${importer}`).pathname.slice(1);
}

function roomOf(path: string): string {
  return path.split('/', 1)[0] ?? path;
}
