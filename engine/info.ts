import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Context } from './context.ts';
import type { SystemInfo } from './engine.ts';
import { kernelFeatures } from './features.ts';
import { stateNow } from './liveness.ts';
import { packageRoot } from './paths.ts';

export function systemInfo(context: Context): SystemInfo {
  const { cgroups, images, networking, paths, records } = context;
  const containers = { running: 0, created: 0, exited: 0 };
  for (const record of records.all()) containers[stateNow(record, paths).status]++;
  return {
    version: packageVersion(),
    root: paths.root,
    run: paths.run,
    kernel: release(),
    cgroup: cgroups().version,
    cpus: cpus().length,
    memory: totalmem(),
    containers,
    networks: networking.networks.list().length,
    images: images.list().length,
    features: kernelFeatures(cgroups()),
  };
}

function packageVersion(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  const { version }: { version?: unknown } = JSON.parse(text);
  return String(version);
}
