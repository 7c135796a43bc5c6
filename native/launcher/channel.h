/* What passes between the process, before it executes its program, and its monitor. */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <sys/types.h>

#include "report.h"

/* To the process: execute. To the monitor: ready to (with the terminal, if not -1), or failed. */
enum message_kind { MESSAGE_GO = 'g', MESSAGE_READY = 'r', MESSAGE_FAILED = 'f' };

struct message {
	enum message_kind kind;
	struct failure failure;
};

/* Returns -1 if the other side is gone. `fd` goes with it, or -1 for none. */
int channel_send(int channel, const struct message *message, int fd);

/*
 * Returns what recvmsg(2) does: 0 when the other side is gone, -1 and EAGAIN if `flags` has
 * MSG_DONTWAIT and nothing has come. `*fd` is the descriptor that came, if one did.
 */
ssize_t channel_receive(int channel, struct message *message, int flags, int *fd);

#endif
