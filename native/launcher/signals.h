/* Signals of the monitor, and of what it starts. */
#ifndef SIGNALS_H
#define SIGNALS_H

/*
 * The monitor is told of its child's end by a descriptor (signalfd(2), O_NONBLOCK), and ignores
 * what is meant to end a terminal's or a session's processes: only its process's end is its own.
 */
int signals_take(void);

/* Forgets what the descriptor has to say; the number of signals is of no interest. */
void signals_clear(int fd);

/* As a program may expect to find it: ignored signals and the mask would outlive execve(2). */
void signals_reset(void);

#endif
