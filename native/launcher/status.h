/* What whoever started the launcher is told, on a pipe of theirs, as lines of text. */
#ifndef STATUS_H
#define STATUS_H

#include <stdbool.h>
#include <sys/types.h>

#include "report.h"

void status_open(int fd);

/* `ready MONITOR PROCESS` */
void status_ready(pid_t monitor, pid_t process);

/* `failed STEP ERRNO ATTEMPT`. False if nobody is there to hear it. */
bool status_failed(const struct failure *failure);

/* To be polled for an error: the other side has been closed. -1 when we have closed ours. */
int status_fd(void);
void status_close(void);

#endif
