/* What whoever started the launcher is told, on a pipe of theirs, as lines of text. */
#include "status.h"

#include <stdio.h>
#include <unistd.h>

static int status = -1;

void status_open(int fd)
{
	status = fd;
}

void status_ready(pid_t monitor, pid_t process)
{
	dprintf(status, "ready %d %d\n", monitor, process);
}

bool status_failed(const struct failure *failure)
{
	char line[sizeof *failure + 32];
	int length = snprintf(line, sizeof line, "failed %s %d %s\n", failure->step, failure->error,
			      failure->attempt);

	return write(status, line, (size_t)length) == length;
}

int status_fd(void)
{
	return status;
}

void status_close(void)
{
	if (status >= 0)
		close(status);
	status = -1;
}
