import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../store/lmdb.ts';
import { storeConformance } from './conformance.ts';

let dir = '';
storeConformance(
  'lmdb',
  () => {
    dir = mkdtempSync(join(tmpdir(), 'hawser-store-'));
    return openStore(dir);
  },
  () => rmSync(dir, { recursive: true }),
);
