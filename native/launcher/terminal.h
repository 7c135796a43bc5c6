/* The container's terminal. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include "plan.h"

void step_terminal(struct reader *r);

/* The monitor's end of the pseudo-terminal, or -1. */
int terminal_master(void);

#endif
