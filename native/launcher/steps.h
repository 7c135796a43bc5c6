/* All steps of a plan, by number. */
#ifndef STEPS_H
#define STEPS_H

#include "plan.h"

/* Carries out every step, the last of which does not return. */
_Noreturn void run_steps(struct plan *plan);

#endif
