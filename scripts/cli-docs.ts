/**
 * Writes docs/cli.md from the commands' own help. Bundled first, as this Node runs no TypeScript:
 *
 *   npx esbuild scripts/cli-docs.ts --bundle --platform=node --format=esm --packages=external \
 *     --outfile=build/cli-docs.js && node build/cli-docs.js
 */
import { writeFileSync } from 'node:fs';
import { cliReference } from './cli-reference.ts';

writeFileSync('docs/cli.md', await cliReference());
