/* The container's process, from clone to the first step of the plan. */
#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "execute.h"
#include "files.h"
#include "kernel.h"
#include "report.h"
#include "root.h"
#include "starttime.h"
#include "steps.h"

/* What the child needs open before it leaves the host's namespaces. */
struct passage {
	int joins[MAX_JOINS];
	int enter; /* pidfd of the process whose namespaces are entered, or -1 */
	int own_pidns; /* the way back */
	/* The process's ends. */
	int channel, in, out, err;
};

#define ENTERED (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP)

static void enter_cgroups(char **files)
{
	for (; *files; files++) {
		int fd = open(*files, O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write_to(fd, "0") < 0)
			fail("cgroup", "enter the cgroup of %s", *files);
		close(fd);
	}
}

static void enter_namespaces(const struct plan *plan, const struct passage *passage)
{
	for (unsigned i = 0; i < plan->join_count; i++)
		if (setns(passage->joins[i], plan->joins[i].kind) < 0)
			fail("join", "join the namespace %s", plan->joins[i].path);
	if (passage->enter >= 0) {
		if (setns(passage->enter, ENTERED) < 0)
			fail("enter", "join the namespaces of process %d", plan->enter);
		if (root_open("/") < 0)
			fail("enter", "open the root of process %d", plan->enter);
	}
	/* Its roots are the cgroups that the process is in now. */
	if (plan->namespaces & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP) < 0)
		fail("namespace", "make a cgroup namespace");
}

static void take_streams(const struct passage *passage)
{
	const int from[] = { passage->in, passage->out, passage->err };

	for (int fd = 0; fd <= 2; fd++)
		if (from[fd] >= 0 && dup2(from[fd], fd) < 0)
			fail("stdio", "set up standard stream %d", fd);
}

static _Noreturn void child(struct plan *plan, const struct passage *passage)
{
	report_on(passage->channel);
	execute_with(passage->channel, !plan->has_terminal && !plan->has_stdin);
	/* If the monitor is killed nothing may go on unsupervised. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		fail("start", "tie the process to its monitor");
	setsid();
	/* A container must not find the keys of who started it. A kernel without keys has none. */
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);
	enter_cgroups(plan->cgroups);
	take_streams(passage);
	enter_namespaces(plan, passage);
	umask(0);
	run_steps(plan);
}

/* One end for the monitor, which must never wait; the other for the process. */
static int stream(int *monitor, int *process, bool to_process)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	*monitor = ends[to_process];
	*process = ends[!to_process];
	return fcntl(*monitor, F_SETFL, O_NONBLOCK);
}

static int open_streams(const struct plan *plan, struct process *process, struct passage *passage)
{
	int channel[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) < 0)
		return -1;
	process->channel = channel[0];
	passage->channel = channel[1];
	if (plan->has_terminal)
		return 0;
	if (plan->has_stdin && stream(&process->in, &passage->in, true) < 0)
		return -1;
	if (stream(&process->out, &passage->out, false) < 0)
		return -1;
	return stream(&process->err, &passage->err, false);
}

static int open_namespaces(const struct plan *plan, struct passage *passage,
			   struct failure *failure)
{
	for (unsigned i = 0; i < plan->join_count; i++) {
		passage->joins[i] = open(plan->joins[i].path, O_RDONLY | O_CLOEXEC);
		if (passage->joins[i] < 0) {
			describe(failure, "join", "open the namespace %s", plan->joins[i].path);
			return -1;
		}
	}
	if (plan->enter == 0)
		return 0;
	passage->own_pidns = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	passage->enter = (int)syscall(SYS_pidfd_open, plan->enter, 0);
	if (passage->enter >= 0 && plan->enter_start != 0 &&
	    start_time(plan->enter) != plan->enter_start) {
		close(passage->enter);
		passage->enter = -1;
		errno = ESRCH;
	}
	if (passage->own_pidns < 0 || passage->enter < 0 ||
	    setns(passage->enter, CLONE_NEWPID) < 0) {
		describe(failure, "enter", "enter process %d", plan->enter);
		return -1;
	}
	return 0;
}

static pid_t clone_process(const struct plan *plan)
{
	struct clone_args args = { .flags = plan->namespaces & ~(uint64_t)CLONE_NEWCGROUP,
				   .exit_signal = SIGCHLD };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);

	/* The kernel's word for a pid namespace whose first process has ended. */
	if (pid < 0 && errno == ENOMEM && plan->enter != 0)
		errno = ESRCH;
	return pid;
}

static void close_all(const struct passage *passage)
{
	const int fds[] = { passage->enter, passage->own_pidns, passage->channel,
			    passage->in, passage->out,    passage->err };

	for (unsigned i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	for (unsigned i = 0; i < MAX_JOINS; i++)
		if (passage->joins[i] >= 0)
			close(passage->joins[i]);
}

int spawn(struct plan *plan, struct process *process, struct failure *failure)
{
	struct passage passage;

	memset(&passage, -1, sizeof passage); /* no descriptor yet */
	*process = (struct process){ .channel = -1, .in = -1, .out = -1, .err = -1 };
	if (open_namespaces(plan, &passage, failure) < 0)
		return -1;
	if (open_streams(plan, process, &passage) < 0) {
		describe(failure, "start", "make the standard streams");
		return -1;
	}
	process->pid = clone_process(plan);
	if (process->pid == 0)
		child(plan, &passage);
	if (process->pid < 0) {
		describe(failure, "start", "make a process in new namespaces");
		return -1;
	}
	/* What the monitor runs at its end is not to land in the container. */
	if (passage.own_pidns >= 0 && setns(passage.own_pidns, CLONE_NEWPID) < 0) {
		describe(failure, "enter", "return from the pid namespace of process %d", plan->enter);
		kill(process->pid, SIGKILL);
		return -1;
	}
	close_all(&passage);
	return 0;
}
