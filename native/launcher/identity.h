/* The steps of a plan that say who the process is and what it may do. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "plan.h"

void step_hostname(struct reader *r);
void step_domainname(struct reader *r);
void step_rlimit(struct reader *r);
void step_chdir(struct reader *r);
void step_no_new_privileges(struct reader *r);
void step_seccomp(struct reader *r);
void step_credentials(struct reader *r);

#endif
