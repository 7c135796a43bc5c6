import { resolve } from 'node:path';
import type { MountRequest } from '../../engine/container.ts';
import { invalid } from './invalid.ts';
import { parseBoolean } from './number.ts';

/**
 * `-v SOURCE:TARGET[:ro|rw]`. A source that begins with a dot is relative to `cwd`; one that is not
 * there becomes a directory.
 */
export function parseVolume(text: string, cwd: string): MountRequest {
  const [source = '', target, mode = 'rw', ...rest] = text.split(':');
  if (target === undefined) {
    throw invalid(
      '-v',
      text,
      'no source before a colon; hawser has no anonymous volumes',
      '/srv/data:/data',
    );
  }
  if (rest.length > 0) throw invalid('-v', text, 'more than SOURCE:TARGET:MODE');
  const flags = mode.split(',');
  const unknown = flags.find((flag) => flag !== 'ro' && flag !== 'rw');
  if (unknown !== undefined) throw invalid('-v', text, `no mode is called ${unknown} (ro or rw)`);
  const checked = checkTarget('-v', text, target);
  return {
    kind: 'bind',
    source: hostPath('-v', text, source, cwd),
    target: checked,
    readonly: flags.includes('ro'),
    create: true,
  };
}

/** `--tmpfs TARGET[:OPTIONS]`. */
export function parseTmpfs(text: string): MountRequest {
  const at = text.indexOf(':');
  const target = at < 0 ? text : text.slice(0, at);
  const options = at < 0 ? '' : text.slice(at + 1);
  return {
    kind: 'tmpfs',
    target: checkTarget('--tmpfs', text, target),
    options: checkTmpfsOptions(text, options),
  };
}

/** `--mount type=bind,source=/srv,target=/data,readonly` or `type=tmpfs,target=/tmp,tmpfs-size=64m`. */
export function parseMount(text: string, cwd: string): MountRequest {
  const fields = new Map<string, string>();
  for (const field of text.split(',')) {
    const [name = '', ...value] = field.split('=');
    const key = aliases[name.toLowerCase()];
    if (key === undefined)
      throw invalid('--mount', text, `it has no field ${JSON.stringify(name)}`);
    fields.set(key, value.length === 0 ? 'true' : value.join('='));
  }
  const target = checkTarget('--mount', text, fields.get('target') ?? '');
  const type = fields.get('type') ?? 'volume';
  if (type === 'tmpfs') {
    const size = fields.get('size');
    const mode = fields.get('mode');
    const options = [size && `size=${size}`, mode && `mode=${mode}`].filter(Boolean).join(',');
    return { kind: 'tmpfs', target, options: checkTmpfsOptions(text, options) };
  }
  if (type !== 'bind') throw invalid('--mount', text, `no mounts of type ${type} (bind or tmpfs)`);
  const source = hostPath('--mount', text, fields.get('source') ?? '', cwd);
  return {
    kind: 'bind',
    source,
    target,
    readonly: parseBoolean('--mount', fields.get('readonly') ?? 'false'),
  };
}

/** Docker's names for the fields of --mount. */
const aliases: Record<string, string> = {
  type: 'type',
  source: 'source',
  src: 'source',
  target: 'target',
  dst: 'target',
  destination: 'target',
  readonly: 'readonly',
  ro: 'readonly',
  'tmpfs-size': 'size',
  'tmpfs-mode': 'mode',
};

function hostPath(option: string, text: string, source: string, cwd: string): string {
  if (source === '') throw invalid(option, text, 'the source is missing');
  if (source.startsWith('/')) return resolve(source);
  if (/^\.\.?(\/|$)/.test(source)) return resolve(cwd, source);
  throw invalid(
    option,
    text,
    `${JSON.stringify(source)} is not a path; hawser has no named volumes`,
    '/srv/data:/data',
  );
}

function checkTarget(option: string, text: string, target: string): string {
  if (target.startsWith('/')) return target;
  throw invalid(
    option,
    text,
    `where it is mounted, ${JSON.stringify(target)}, is not an absolute path`,
  );
}

/** tmpfs(5) and the flags of mount(8) that Docker takes; the kernel checks the values. */
function checkTmpfsOptions(text: string, options: string): string {
  const known =
    /^(ro|rw|(no)?(exec|suid|dev|atime|diratime)|relatime|strictatime|(size|mode|uid|gid|nr_inodes|nr_blocks)=[0-9a-zA-Z%]+)$/;
  for (const option of options === '' ? [] : options.split(',')) {
    if (!known.test(option)) {
      throw invalid(
        '--tmpfs',
        text,
        `tmpfs has no option ${JSON.stringify(option)}`,
        '/tmp:size=64m,mode=1777',
      );
    }
  }
  return options;
}
