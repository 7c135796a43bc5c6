/* What the process says: read, logged, and passed on to the clients. */
#ifndef OUTPUTS_H
#define OUTPUTS_H

#include <poll.h>
#include <stdbool.h>

#define OUTPUT_STREAMS 2

/* Standard output and error, or a terminal and -1; all O_NONBLOCK. */
void outputs_open(int out, int err);

/* Fills in OUTPUT_STREAMS entries to poll: none to wait for while a foreground client is full. */
void outputs_watch(struct pollfd *set);
void outputs_serve(const struct pollfd *set);

/* After the process's end: reads what is left, while clients have room; says if that was all. */
bool outputs_drain(void);

#endif
