import type { Capabilities, PlanStep } from '../native/plan.ts';
import { capabilityMask } from './security/capabilities.ts';
import type { ContainerSpec, ExecSpec, User } from './spec.ts';

/** What a container's first process and one that joins it later have in common: who they are, and what they run. */
export function commandSteps(
  { args, env, cwd, user, security }: ContainerSpec | ExecSpec,
  filter: Uint8Array | undefined,
): PlanStep[] {
  const seccomp: PlanStep[] = filter === undefined ? [] : [{ step: 'seccomp', filter }];
  const credentials: PlanStep = {
    step: 'credentials',
    ...user,
    capabilities: capabilitySets(user, security.capabilities),
  };
  // A filter takes CAP_SYS_ADMIN or no_new_privs, seccomp(2): with the latter it can come as late as
  // possible, which leaves the fewest calls that it must allow for the plan's own sake.
  const confined: PlanStep[] = security.noNewPrivileges
    ? [{ step: 'no-new-privileges' }, credentials, ...seccomp]
    : [...seccomp, credentials];
  return [{ step: 'chdir', path: cwd }, ...confined, { step: 'exec', args, env }];
}

/**
 * Docker's sets: the bounding set is what any program of the container can ever have. Root has all
 * of it; another user has none until it runs a set-user-id program. Nothing is inheritable, which
 * would let such programs keep more than their files say (CVE-2022-24769).
 */
function capabilitySets({ uid }: User, names: readonly string[]): Capabilities {
  const bounding = capabilityMask(names);
  const own = uid === 0 ? bounding : 0n;
  return { bounding, effective: own, permitted: own, inheritable: 0n, ambient: 0n };
}
