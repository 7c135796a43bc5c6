// Prints `N passed, M failed, K skipped` from vitest's JSON, and exits 0 only if nothing failed and
// something passed. A file that could not be read as tests at all counts as one that failed.
// usage: count-tests.mjs RESULTS.json
import { existsSync, readFileSync } from 'node:fs';

/** @param {{ assertionResults: { status: string }[], status: string }[]} files */
function count(files) {
  const statuses = files.flatMap(({ assertionResults }) =>
    assertionResults.map(({ status }) => status),
  );
  const unreadable = files.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  const passed = statuses.filter((status) => status === 'passed').length;
  const failed = statuses.filter((status) => status === 'failed').length;
  return {
    passed,
    failed: failed + unreadable.length,
    skipped: statuses.length - passed - failed,
  };
}

const path = process.argv[2] ?? 'build/test-results.json';
// No account at all is that of a run that fell over.
const { passed, failed, skipped } = existsSync(path)
  ? count(JSON.parse(readFileSync(path, 'utf8')).testResults)
  : { passed: 0, failed: 1, skipped: 0 };

console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
