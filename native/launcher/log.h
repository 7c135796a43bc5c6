/* The container's log, in the format of the Kubernetes CRI. */
#ifndef LOG_H
#define LOG_H

#include <stddef.h>

enum log_stream { LOG_STDOUT, LOG_STDERR };

/* Opens the log to append to; "" keeps none. Returns -1 with errno. */
int log_open(const char *path);

/*
 * Adds output. A line is written when it is complete, as `TIME stdout F line`; one longer than
 * 16 KB in pieces tagged P. The time is that of the call. A log that cannot be written to (a full
 * disk) loses lines; it never stops the container.
 */
void log_write(enum log_stream stream, const char *data, size_t size);

/* The stream has ended: what is left of it is a piece (P), for no newline has come. */
void log_end(enum log_stream stream);

#endif
