/* The steps of a plan that make files and write them. */
#ifndef FILES_H
#define FILES_H

#include "plan.h"

void step_mkdir(struct reader *r);
void step_symlink(struct reader *r);
void step_mknod(struct reader *r);
void step_sysctl(struct reader *r);
void step_oom_score(struct reader *r);

/* Writes to a file that exists, in one write(2). Returns -1 with errno. */
int write_to(int fd, const char *text);

#endif
