/* What clients have sent for the process's standard input. */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stddef.h>

/* `fd`: a pipe or a terminal, O_NONBLOCK, or -1 for none. A terminal is never closed. */
void input_open(int fd, bool terminal);

/* Takes as much as there is room for, and says how much. */
size_t input_offer(const char *data, size_t size);

/* No more will come: standard input ends once everything is written. */
void input_finish(void);

/* Writes what the process is ready to read; `input_fd` is what to wait for (POLLOUT), or -1. */
void input_flush(void);
int input_fd(void);

#endif
