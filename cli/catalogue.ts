import type { CommandModule } from './door.ts';

/** A command as the help lists it; its module is read only when it is called. */
export interface Entry {
  name: string;
  summary: string;
  hidden?: true;
  /** The heading it stands under in `hawser --help`. */
  group?: string;
  load(): Promise<CommandModule>;
}

/** A word that only leads to others: `network`, `network policy`. */
export interface Group {
  name: string;
  summary: string;
  group?: string;
  commands: (Entry | Group)[];
}

const running = 'Run containers:';
const looking = 'See what they do:';
const around = 'Networks, images, system:';

export const catalogue: (Entry | Group)[] = [
  {
    name: 'run',
    summary: 'create a container and start it',
    group: running,
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'create',
    summary: 'create a container without starting it',
    group: running,
    load: () => import('./commands/create.ts'),
  },
  {
    name: 'start',
    summary: 'start containers that were created or have ended',
    group: running,
    load: () => import('./commands/start.ts'),
  },
  {
    name: 'exec',
    summary: 'run one more command in a running container',
    group: running,
    load: () => import('./commands/exec.ts'),
  },
  {
    name: 'attach',
    summary: "connect this terminal to a running container's streams",
    group: running,
    load: () => import('./commands/attach.ts'),
  },
  {
    name: 'stop',
    summary: 'end containers, gently first',
    group: running,
    load: () => import('./commands/stop.ts'),
  },
  {
    name: 'kill',
    summary: 'send containers a signal',
    group: running,
    load: () => import('./commands/kill.ts'),
  },
  {
    name: 'rm',
    summary: 'remove containers',
    group: running,
    load: () => import('./commands/rm.ts'),
  },
  {
    name: 'ps',
    summary: 'list containers, and where they are attached',
    group: looking,
    load: () => import('./commands/ps.ts'),
  },
  {
    name: 'logs',
    summary: 'show what a container has printed',
    group: looking,
    load: () => import('./commands/logs.ts'),
  },
  {
    name: 'inspect',
    summary: 'show everything about a container, network or image',
    group: looking,
    load: () => import('./commands/inspect.ts'),
  },
  {
    name: 'port',
    summary: 'show which host ports lead to a container',
    group: looking,
    load: () => import('./commands/port.ts'),
  },
  {
    name: 'events',
    summary: 'show what happens to containers and networks',
    group: looking,
    load: () => import('./commands/events.ts'),
  },
  {
    name: 'wait',
    summary: 'wait until containers end, and print their exit codes',
    group: looking,
    load: () => import('./commands/wait.ts'),
  },
  {
    name: 'network',
    summary: 'manage networks',
    group: around,
    commands: [
      {
        name: 'create',
        summary: 'make a network',
        load: () => import('./commands/network/create.ts'),
      },
      { name: 'ls', summary: 'list networks', load: () => import('./commands/network/ls.ts') },
      {
        name: 'inspect',
        summary: 'show everything about networks, and who is attached',
        load: () => import('./commands/network/inspect.ts'),
      },
      { name: 'rm', summary: 'remove networks', load: () => import('./commands/network/rm.ts') },
      {
        name: 'policy',
        summary: 'say who may connect to whom on a network',
        commands: [
          {
            name: 'ls',
            summary: "list a network's rules",
            load: () => import('./commands/network/policy/ls.ts'),
          },
          {
            name: 'set',
            summary: 'say what becomes of what no rule speaks of',
            load: () => import('./commands/network/policy/set.ts'),
          },
          {
            name: 'allow',
            summary: 'allow connections',
            load: () => import('./commands/network/policy/allow.ts'),
          },
          {
            name: 'deny',
            summary: 'deny connections, also those that are under way',
            load: () => import('./commands/network/policy/deny.ts'),
          },
          {
            name: 'rm',
            summary: 'remove rules',
            load: () => import('./commands/network/policy/rm.ts'),
          },
        ],
      },
      {
        name: 'prune',
        summary: 'remove networks that no container uses',
        load: () => import('./commands/network/prune.ts'),
      },
      {
        name: 'connect',
        summary: 'attach a container to one more network',
        load: () => import('./commands/network/connect.ts'),
      },
      {
        name: 'disconnect',
        summary: 'take a container off a network',
        load: () => import('./commands/network/disconnect.ts'),
      },
      {
        name: 'shape',
        summary: 'bound how fast a container may send and receive',
        load: () => import('./commands/network/shape.ts'),
      },
    ],
  },
  {
    name: 'image',
    summary: 'manage images',
    group: around,
    commands: [
      {
        name: 'import',
        summary: "make an image of a root filesystem's tar",
        load: () => import('./commands/image/import.ts'),
      },
      { name: 'ls', summary: 'list images', load: () => import('./commands/image/ls.ts') },
      {
        name: 'inspect',
        summary: 'show everything about images',
        load: () => import('./commands/image/inspect.ts'),
      },
      { name: 'rm', summary: 'remove images', load: () => import('./commands/image/rm.ts') },
    ],
  },
  {
    name: 'system',
    summary: 'look after hawser itself',
    group: around,
    commands: [
      {
        name: 'info',
        summary: 'show what this machine offers and what hawser holds',
        load: () => import('./commands/system/info.ts'),
      },
      {
        name: 'reconcile',
        summary: 'compare the state with the kernel and mend what differs',
        load: () => import('./commands/system/reconcile.ts'),
      },
      {
        name: 'reload',
        summary: 'load the firewall anew, as after nft flush ruleset',
        load: () => import('./commands/system/reload.ts'),
      },
      {
        name: 'pools',
        summary: 'show or set what networks without a subnet get theirs from',
        load: () => import('./commands/system/pools.ts'),
      },
      {
        name: 'reset',
        summary: 'end all containers and remove everything hawser has made',
        load: () => import('./commands/system/reset.ts'),
      },
      {
        name: 'settle',
        summary: 'write down the end of a container (called by its monitor)',
        hidden: true,
        load: () => import('./commands/system/settle.ts'),
      },
      {
        name: 'names',
        summary: "answer containers' names (started by itself)",
        hidden: true,
        load: () => import('./commands/system/names.ts'),
      },
    ],
  },
];

/** Docker's short words for commands that live in a group here. */
export const shortcuts: Record<string, [group: string, command: string]> = {
  images: ['image', 'ls'],
  rmi: ['image', 'rm'],
  import: ['image', 'import'],
  info: ['system', 'info'],
};
