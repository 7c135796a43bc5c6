// Becomes a command under a filter of system calls, which it and all that it starts inherit.
//   node filtered.mjs FILTER-FILE COMMAND ARG...
import { readFileSync } from 'node:fs';
import koffi from 'koffi';

const [file = '', ...argv] = process.argv.slice(2);
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const F_SETFD = 2;
koffi.struct('sock_fprog', { len: 'uint16', filter: 'uint8 *' });
const libc = koffi.load(null);
const prctl = libc.func('int prctl(int option, ulong mode, sock_fprog *program)');
const fcntl = libc.func('int fcntl(int fd, int command, int flags)');
const execv = libc.func('int execv(const char *path, const char **argv)');

const filter = readFileSync(file);
const program = { len: filter.length / 8, filter }; // struct sock_filter has 8 bytes
if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) !== 0) throw new Error('no filter');
for (const fd of [0, 1, 2]) fcntl(fd, F_SETFD, 0); // node would keep its streams to itself
execv(argv[0], [...argv, null]);
throw new Error(`cannot execute ${argv[0]}`);
