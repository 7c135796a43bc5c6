import { HawserError } from '../../errors.ts';
import type { Limits } from '../../runtime/spec.ts';
import { parseRates } from '../parse/device.ts';
import { parseDecimal, parseWhole } from '../parse/number.ts';
import { parseSize } from '../parse/size.ts';
import type { ContainerOptions } from './options.ts';

/** The limits asked for; 0 (and -1 for --pids-limit) is Docker's way to say none. */
export function parseLimits(options: ContainerOptions): Limits {
  const read = <V>(text: string | undefined, parse: (text: string) => V) =>
    text === undefined ? undefined : parse(text);
  const whole = (option: string, text: string | undefined, least = 0) =>
    read(text, (value) => parseWhole(option, value, least)) || undefined;
  const rates = (option: string, texts: string[], unit: 'bytes' | 'operations') =>
    texts.length === 0 ? undefined : parseRates(option, texts, unit);
  const pids = whole('--pids-limit', options.pidsLimit, -1);
  return withoutUndefined({
    memory: read(options.memory, (text) => parseSize('--memory', text)) || undefined,
    memorySwap: read(options.memorySwap, parseSwap) || undefined,
    cpus: parseCpus(options),
    cpuShares: whole('--cpu-shares', options.cpuShares),
    cpusetCpus: options.cpusetCpus || undefined,
    cpusetMems: options.cpusetMems || undefined,
    pids: pids === -1 ? undefined : pids,
    blkioWeight: whole('--blkio-weight', options.blkioWeight),
    deviceReadBps: rates('--device-read-bps', options.deviceReadBps, 'bytes'),
    deviceWriteBps: rates('--device-write-bps', options.deviceWriteBps, 'bytes'),
    deviceReadIops: rates('--device-read-iops', options.deviceReadIops, 'operations'),
    deviceWriteIops: rates('--device-write-iops', options.deviceWriteIops, 'operations'),
  });
}

function parseSwap(text: string): number {
  return text === '-1' ? -1 : parseSize('--memory-swap', text);
}

/** `--cpus`, or Docker's older quota of microseconds in a period of 100,000 unless said otherwise. */
function parseCpus({ cpus, cpuQuota, cpuPeriod }: ContainerOptions): number | undefined {
  if (cpus !== undefined && (cpuQuota !== undefined || cpuPeriod !== undefined)) {
    throw new HawserError(
      'invalid',
      '--cpus and --cpu-quota or --cpu-period say the same: give one',
    );
  }
  if (cpus !== undefined) return parseDecimal('--cpus', cpus) || undefined;
  if (cpuPeriod !== undefined && cpuQuota === undefined) {
    throw new HawserError('invalid', '--cpu-period says nothing without --cpu-quota');
  }
  if (cpuQuota === undefined) return undefined;
  const period = parseWhole('--cpu-period', cpuPeriod ?? '100000', 1000);
  return parseWhole('--cpu-quota', cpuQuota) / period || undefined;
}

function withoutUndefined(limits: { [K in keyof Limits]: Limits[K] | undefined }): Limits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
