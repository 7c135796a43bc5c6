/*
 * hawser-launch: carries out a plan (plan.h) that it reads from descriptor 3, and stays as the
 * monitor of the process that comes of it. What becomes of it is told on descriptor 4 (monitor.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "monitor.h"
#include "plan.h"
#include "reexec.h"

enum { PLAN = 3, STATUS = 4 };

/* Nothing of the caller's: a terminal's hang-up, a pipe kept open, a directory kept busy. */
static int detach(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -1;
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(null, fd) < 0)
			return -1;
	close(null);
	umask(077);
	setsid(); /* fails only if it is done already */
	return chdir("/");
}

int main(int argc, char **argv)
{
	static struct plan plan;

	(void)argc;
	if (fcntl(PLAN, F_GETFD) < 0 || fcntl(STATUS, F_GETFD) < 0) {
		fputs("hawser-launch is started by hawser, with a plan; see: hawser run --help\n",
		      stderr);
		return 2;
	}
	become_sealed_copy(argv);
	/* Nobody may look into this process, nor into its child before that is the container's. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NAME, "hawser-monitor", 0, 0, 0);
	fcntl(STATUS, F_SETFD, FD_CLOEXEC);
	if (sys_close_range(STATUS + 1, ~0U, 0) < 0 || detach() < 0 || read_plan(PLAN, &plan) < 0) {
		dprintf(STATUS, "failed plan %d read the plan\n", errno);
		return 1;
	}
	close(PLAN);
	monitor(&plan, STATUS);
}
