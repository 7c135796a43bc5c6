/* Telling whoever waits what could not be done. */
#ifndef REPORT_H
#define REPORT_H

#include <limits.h>

/* A step that failed: `step` is its name in the plan, `attempt` what was tried, in words. */
struct failure {
	int error;
	char step[20];
	char attempt[2 * PATH_MAX];
};

/* Which channel (channel.h) `fail` reports on. */
void report_on(int channel);

/* Reports errno and what was attempted (printf-style), and ends the process. */
_Noreturn void fail(const char *step, const char *attempt, ...)
	__attribute__((format(printf, 2, 3)));

/* Fills a failure from errno. */
void describe(struct failure *failure, const char *step, const char *attempt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
