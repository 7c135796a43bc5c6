/* The files that tell of a process: who it is, and how it ended. */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <sys/types.h>

#include "clock.h"

struct ending {
	int code; /* 0 to 255; 128 + signal */
	int signal; /* or 0 */
	bool oom;
	char finished[TIMESTAMP_SIZE];
};

/* Both appear whole or not at all. Return -1 with errno. */
int record_process(const char *path, pid_t monitor, pid_t process);
int record_ending(const char *path, const struct ending *ending);

/* The number after `key` in a file of `key number` lines; 0 if it cannot be read. */
unsigned long counter(const char *path, const char *key);

#endif
