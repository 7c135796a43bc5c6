import { type Command, Option } from 'commander';
import { repeat } from '../parse/repeat.ts';

/** The options that `run` and `create` share, as commander leaves them: text, unparsed. */
export interface ContainerOptions {
  interactive?: true;
  tty?: true;
  rm?: true;
  name?: string;
  hostname?: string;
  label: string[];
  labelFile: string[];
  cidfile?: string;
  stopSignal?: string;
  env: string[];
  envFile: string[];
  workdir?: string;
  user?: string;
  entrypoint?: string;
  volume: string[];
  mount: string[];
  tmpfs: string[];
  readOnly?: true;
  network: string[];
  /** Docker's hidden --net and --net-alias. */
  net: string[];
  netAlias: string[];
  ip?: string;
  ip6?: string;
  macAddress?: string;
  egressRate?: string;
  ingressRate?: string;
  burst?: string;
  networkAlias: string[];
  publish: string[];
  publishAll?: true;
  expose: string[];
  dns: string[];
  dnsSearch: string[];
  dnsOption: string[];
  /** Docker's old name of it. */
  dnsOpt: string[];
  addHost: string[];
  memory?: string;
  memorySwap?: string;
  cpus?: string;
  cpuPeriod?: string;
  cpuQuota?: string;
  cpuShares?: string;
  cpusetCpus?: string;
  cpusetMems?: string;
  pidsLimit?: string;
  blkioWeight?: string;
  deviceReadBps: string[];
  deviceWriteBps: string[];
  deviceReadIops: string[];
  deviceWriteIops: string[];
  capAdd: string[];
  capDrop: string[];
  privileged?: true;
  securityOpt: string[];
  sysctl: string[];
}

/** Declares them. What stands after IMAGE is the command's, whatever it looks like. */
export function containerOptions(command: Command): Command {
  const many = (flags: string, description: string) =>
    command.option(flags, description, repeat, []);
  const hidden = (flags: string) => command.addOption(new Option(flags).hideHelp());
  const hiddenMany = (flags: string) =>
    command.addOption(new Option(flags).hideHelp().argParser(repeat).default([]));

  command
    .argument('<image>', 'NAME[:TAG], an id or the beginning of one')
    .argument('[command...]', "what to run; default the image's command")
    .passThroughOptions()
    .helpOption('--help', 'show this help');

  command
    .optionsGroup('The container:')
    .option('--name <name>', 'a name; default one is made up')
    .option('--rm', 'remove the container when it has ended');
  many('-l, --label <key[=value]>', 'a label');
  many('--label-file <file>', 'labels from the lines of a file');
  command.option('--cidfile <file>', 'write the id into a new file');

  command
    .optionsGroup('The process:')
    .option('-i, --interactive', 'keep standard input open')
    .option('-t, --tty', 'give it a terminal');
  many('-e, --env <name[=value]>', "a variable; a NAME alone takes this shell's value");
  many('--env-file <file>', 'variables from the lines of a file');
  command
    .option('-w, --workdir <path>', 'its working directory')
    .option('-u, --user <user[:group]>', 'whom it runs as, by name or number')
    .option('--entrypoint <command>', "in place of the image's entrypoint; '' clears it")
    .option('--stop-signal <signal>', 'what stop sends first (default: SIGTERM)');

  command.optionsGroup('Files:');
  many('-v, --volume <source:target[:ro]>', "a path of the host's inside the container");
  many('--mount <type=...,target=...>', 'a bind or tmpfs mount in words');
  many('--tmpfs <path[:options]>', 'an empty file system in memory');
  command.option('--read-only', 'mount the root file system read-only');

  command.optionsGroup('Network:');
  many(
    '--network <network[:field=value,...]>',
    'a network (NAME, or NAME:ip=...,alias=...,gw-priority=...), or host, none, container:NAME, ns:/PATH; default bridge',
  );
  hiddenMany('--net <network>');
  command
    .option('--ip <address>', 'an IPv4 address to insist on, on the first network')
    .option('--ip6 <address>', 'an IPv6 address to insist on, on the first network')
    .option('--mac-address <mac>', 'a MAC address to insist on, on the first network');
  many('--network-alias <name>', 'one more name on the first network');
  hiddenMany('--net-alias <name>');
  many(
    '-p, --publish <[[ip:]host:]port[/udp]>',
    'lead ports or ranges of the host to the container',
  );
  command.option('-P, --publish-all', 'lead a free port of the host to each exposed port');
  many('--expose <port[/udp]>', 'a port or range that it serves, besides those of the image');
  command
    .option('--egress-rate <rate>', 'what it may send a second on each network: 10mbit, 1gbit')
    .option('--ingress-rate <rate>', 'what it may receive a second on each network')
    .option(
      '--burst <size>',
      'what may go at once after a pause: 32k (default: what goes in 40 ms)',
    );
  many('--dns <address>', 'a DNS server');
  many('--dns-search <domain>', 'a DNS search domain; . is none');
  many('--dns-option <option>', 'an option of resolv.conf: ndots:2');
  hiddenMany('--dns-opt <option>');
  many('--add-host <name:address>', 'one more line of /etc/hosts');
  command.option('-h, --hostname <name>', 'its host name; default the beginning of its id');

  command
    .optionsGroup('Limits:')
    .option('-m, --memory <size>', 'memory: 512m, 2g')
    .option('--memory-swap <size>', 'memory and swap together; -1 is unlimited swap')
    .option('--cpus <number>', "CPUs' worth of time: 1.5")
    .option('-c, --cpu-shares <weight>', 'weight among others (1024 is normal)')
    .option('--cpuset-cpus <list>', 'only these CPUs: 0-1,3')
    .option('--cpuset-mems <list>', 'only these memory nodes')
    .option('--pids-limit <count>', 'processes and threads; -1 is unlimited')
    .option('--blkio-weight <weight>', 'block I/O weight, 10 to 1000');
  many('--device-read-bps <device:size>', 'bytes a second read from a device');
  many('--device-write-bps <device:size>', 'bytes a second written to a device');
  many('--device-read-iops <device:count>', 'reads a second from a device');
  many('--device-write-iops <device:count>', 'writes a second to a device');
  hidden('--cpu-period <us>');
  hidden('--cpu-quota <us>');

  command.optionsGroup('Security:');
  many('--cap-add <capability>', "a capability besides Docker's default ones; ALL is all");
  many('--cap-drop <capability>', 'a capability less; ALL is all');
  many('--security-opt <option>', 'no-new-privileges, seccomp=unconfined');
  command.option('--privileged', 'all capabilities and devices, no seccomp filter, nothing masked');
  many('--sysctl <name=value>', "a kernel parameter of the container's namespaces");
  // What is declared after this (--help among it) stands under the default heading again.
  return command.optionsGroup('Options:');
}
