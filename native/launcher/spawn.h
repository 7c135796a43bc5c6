/* The container's process, from clone to the first step of the plan. */
#ifndef SPAWN_H
#define SPAWN_H

#include <sys/types.h>

#include "plan.h"

/* The monitor's ends, -1 for none. All are close-on-exec and, but for `channel`, O_NONBLOCK. */
struct process {
	pid_t pid;
	int channel; /* struct message, both ways */
	int in, out, err; /* standard input, output, error, from the other side */
};

struct failure;

/* Starts the process. Returns -1 and fills the failure in. */
int spawn(struct plan *plan, struct process *process, struct failure *failure);

#endif
