/* The steps of a plan that mount. Each reads its fields, and may fail (report.h). */
#ifndef MOUNTS_H
#define MOUNTS_H

#include "plan.h"

void step_propagation(struct reader *r);
void step_overlay(struct reader *r);
void step_root(struct reader *r);
void step_mount(struct reader *r);
void step_bind(struct reader *r);
void step_attributes(struct reader *r);
void step_mask(struct reader *r);
void step_readonly(struct reader *r);
void step_pivot_root(struct reader *r);

#endif
