/* The container's monitor: its process's parent, for as long as that lives. */
#ifndef MONITOR_H
#define MONITOR_H

#include "plan.h"

/*
 * Starts the plan's process, says so on `status` (`ready MONITOR PROCESS`, or `failed STEP ERRNO
 * ATTEMPT`), and stays until the process has ended and everybody has heard of it. Whoever reads
 * `status` keeps it open until START: if it is closed before, the process is not started at all.
 */
_Noreturn void monitor(struct plan *plan, int status);

#endif
