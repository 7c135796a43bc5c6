/**
 * The system calls that every container may make, by what they are for. They are those of Docker's
 * default profile (docs.docker.com/engine/security/seccomp): all that touches only the caller's own
 * processes, files and sockets. Names that an architecture or libseccomp does not know are passed over.
 */
const words = (text: string): string[] => text.trim().split(/\s+/);

export const COMMON_CALLS: readonly string[] = [
  // Files by name.
  ...words(`open openat openat2 creat access faccessat faccessat2 mkdir mkdirat mknod mknodat rmdir
    link linkat symlink symlinkat unlink unlinkat rename renameat renameat2 readlink readlinkat
    chmod fchmod fchmodat fchmodat2 chown chown32 lchown lchown32 fchown fchown32 fchownat
    stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx statfs statfs64 fstatfs
    fstatfs64 statmount listmount truncate truncate64 ftruncate ftruncate64 utime utimes futimesat
    utimensat utimensat_time64 chdir fchdir getcwd umask name_to_handle_at`),
  // Extended attributes, and being told of changes.
  ...words(`getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat
    listxattr llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat
    inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark`),
  // Open descriptors.
  ...words(`read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 lseek _llseek
    close close_range dup dup2 dup3 fcntl fcntl64 ioctl flock getdents getdents64 fallocate
    fadvise64 fadvise64_64 readahead sync syncfs fsync fdatasync sync_file_range copy_file_range
    sendfile sendfile64 splice tee vmsplice pipe pipe2 memfd_create memfd_secret cachestat`),
  // Waiting for descriptors, and asynchronous input and output.
  ...words(`select _newselect pselect6 pselect6_time64 poll ppoll ppoll_time64 epoll_create
    epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2
    eventfd eventfd2 signalfd signalfd4 io_setup io_destroy io_submit io_cancel io_getevents
    io_pgetevents io_pgetevents_time64`),
  // Memory.
  ...words(`brk mmap mmap2 munmap mremap mprotect madvise mincore msync mlock mlock2 mlockall munlock
    munlockall mseal map_shadow_stack membarrier remap_file_pages pkey_alloc pkey_free pkey_mprotect
    process_mrelease`),
  // Processes and threads. clone and clone3 have rules of their own.
  ...words(`fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid gettid
    getpgid getpgrp setpgid getsid setsid kill tkill tgkill pidfd_open pidfd_send_signal prctl
    set_tid_address set_robust_list get_robust_list get_thread_area set_thread_area rseq
    futex futex_time64 futex_waitv futex_wait futex_wake futex_requeue getcpu uretprobe`),
  // Scheduling and resources.
  ...words(`sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr
    sched_getparam sched_setparam sched_getscheduler sched_setscheduler sched_get_priority_max
    sched_get_priority_min sched_rr_get_interval sched_rr_get_interval_time64 getpriority
    setpriority ioprio_get ioprio_set getrlimit setrlimit ugetrlimit prlimit64 getrusage times
    sysinfo uname getrandom`),
  // Signals.
  ...words(`rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn
    rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 sigaltstack sigprocmask sigreturn pause
    restart_syscall`),
  // Who the process is, and which powers it gives up.
  ...words(`getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid
    getresuid32 getresgid getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32
    setreuid setreuid32 setregid setregid32 setresuid setresuid32 setresgid setresgid32 setfsuid
    setfsuid32 setfsgid setfsgid32 setgroups setgroups32 capget capset seccomp
    landlock_create_ruleset landlock_add_rule landlock_restrict_self lsm_get_self_attr
    lsm_set_self_attr lsm_list_modules`),
  // Time. Adjusting asks CAP_SYS_TIME of the kernel itself; only reading succeeds without.
  ...words(`time gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64
    clock_nanosleep clock_nanosleep_time64 nanosleep adjtimex clock_adjtime clock_adjtime64 alarm
    getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64
    timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime
    timerfd_settime64`),
  // Sockets. socket itself has a rule of its own.
  ...words(`socketpair socketcall bind connect listen accept accept4 shutdown getsockname getpeername
    getsockopt setsockopt send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg
    recvmmsg_time64`),
  // Messages, semaphores and shared memory, of System V and of POSIX.
  ...words(`ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat
    shmctl shmdt shmget mq_open mq_unlink mq_notify mq_getsetattr mq_timedreceive
    mq_timedreceive_time64 mq_timedsend mq_timedsend_time64`),
  // Debugging one's own children is harmless since Linux 4.8: a filter cannot be slipped by it.
  ...words('ptrace process_vm_readv process_vm_writev'),
];

/** What a capability opens up besides: without it the call is refused before the kernel looks at it. */
export const CALLS_BY_CAPABILITY: Readonly<Record<string, readonly string[]>> = {
  DAC_READ_SEARCH: ['open_by_handle_at'],
  SYS_ADMIN:
    words(`clone clone3 unshare setns mount umount umount2 move_mount mount_setattr open_tree
    fsopen fsconfig fsmount fspick fanotify_init quotactl quotactl_fd lookup_dcookie bpf
    perf_event_open sethostname setdomainname syslog`),
  SYS_BOOT: ['reboot'],
  SYS_CHROOT: ['chroot'],
  SYS_MODULE: ['init_module', 'finit_module', 'delete_module'],
  SYS_PACCT: ['acct'],
  SYS_PTRACE: ['kcmp', 'pidfd_getfd', 'process_madvise'],
  SYS_RAWIO: ['iopl', 'ioperm'],
  SYS_TIME: ['settimeofday', 'stime', 'clock_settime', 'clock_settime64'],
  SYS_TTY_CONFIG: ['vhangup'],
  SYS_NICE: ['get_mempolicy', 'set_mempolicy', 'set_mempolicy_home_node', 'mbind'],
  SYSLOG: ['syslog'],
  BPF: ['bpf'],
  PERFMON: ['perf_event_open'],
};

/** What only some processors have, by Node's `process.arch`. */
export const CALLS_BY_ARCHITECTURE: Readonly<Record<string, readonly string[]>> = {
  x64: ['arch_prctl', 'modify_ldt'],
  arm64: words(
    'arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls',
  ),
  ppc64: ['sync_file_range2', 'swapcontext'],
  s390x: ['s390_pci_mmio_read', 's390_pci_mmio_write', 's390_runtime_instr'],
  riscv64: ['riscv_flush_icache', 'riscv_hwprobe'],
};
