import { HawserError } from '../../errors.ts';
import { parseBoolean } from './number.ts';

export interface SecurityOptions {
  noNewPrivileges?: boolean;
  seccomp?: 'default' | 'unconfined';
}

/** Repeated `--security-opt NAME[=VALUE]` (Docker's older `NAME:VALUE` too). */
export function parseSecurity(texts: string[]): SecurityOptions {
  const options: SecurityOptions = {};
  for (const text of texts) {
    const [, name = text, value] = /^([^=:]+)[=:](.*)$/s.exec(text) ?? [];
    if (name === 'no-new-privileges') {
      options.noNewPrivileges = parseBoolean('--security-opt no-new-privileges', value ?? 'true');
    } else if (name === 'seccomp' && value === 'unconfined') {
      options.seccomp = 'unconfined';
    } else if (name === 'seccomp' && (value === 'builtin' || value === 'default')) {
      options.seccomp = 'default';
    } else if (!alreadySo.has(`${name}=${value}`)) {
      throw new HawserError(
        'unsupported',
        `--security-opt ${JSON.stringify(text)}: hawser does not have it`,
        {
          hint: 'it has no-new-privileges, seccomp=unconfined and seccomp=default',
        },
      );
    }
  }
  return options;
}

/** True of every container here: hawser sets no AppArmor profile and no SELinux label. */
const alreadySo = new Set(['apparmor=unconfined', 'label=disable']);
