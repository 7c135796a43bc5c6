/* When a process started: with its pid this names it for good. */
#ifndef STARTTIME_H
#define STARTTIME_H

#include <stdint.h>
#include <sys/types.h>

/* Field 22 of /proc/PID/stat, in clock ticks since boot; 0 if there is no such process. */
uint64_t start_time(pid_t pid);

#endif
