/* The end of a plan: the process becomes the container's program. */
#ifndef EXECUTE_H
#define EXECUTE_H

#include <stdbool.h>

#include "plan.h"

/* What the last step must know of how the process was started. */
void execute_with(int channel, bool empty_stdin);

void step_exec(struct reader *r);

#endif
