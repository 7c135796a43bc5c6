import type { Plan } from '../native/plan.ts';
import { commandSteps } from './process-steps.ts';
import type { ExecSpec } from './spec.ts';

/** A process beside those of a running container: in all its namespaces, its cgroup and its confinement. */
export function execPlan(
  spec: ExecSpec,
  around: { entrances: readonly string[]; filter: Uint8Array | undefined },
): Plan {
  const { pid, start, stdin, tty, paths } = spec;
  return {
    namespaces: [],
    join: [],
    enter: { pid, ...(start !== undefined && { start: BigInt(start) }) },
    cgroups: around.entrances,
    stdin,
    supervision: { ...paths, ports: [] },
    steps: [
      ...(tty ? [{ step: 'terminal', rows: 24, columns: 80 } as const] : []),
      ...commandSteps(spec, around.filter),
    ],
  };
}
