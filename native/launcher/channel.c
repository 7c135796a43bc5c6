/* What passes between the process, before it executes its program, and its monitor. */
#define _GNU_SOURCE
#include "channel.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* Room for one descriptor, aligned as the kernel wants it. */
union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

/* Only as much as is said: the text of a failure is mostly empty. */
static size_t size_of(const struct message *message)
{
	if (message->kind != MESSAGE_FAILED)
		return offsetof(struct message, failure);
	return offsetof(struct message, failure.attempt) + strlen(message->failure.attempt) + 1;
}

int channel_send(int channel, const struct message *message, int fd)
{
	struct iovec data = { .iov_base = (void *)message, .iov_len = size_of(message) };
	struct msghdr packet = { .msg_iov = &data, .msg_iovlen = 1 };
	union control control;

	if (fd >= 0) {
		memset(&control, 0, sizeof control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
		packet.msg_control = &control;
		packet.msg_controllen = sizeof control;
	}
	return sendmsg(channel, &packet, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

ssize_t channel_receive(int channel, struct message *message, int flags, int *fd)
{
	struct iovec data = { .iov_base = message, .iov_len = sizeof *message };
	union control control;
	struct msghdr packet = { .msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof control };
	const struct cmsghdr *header;
	ssize_t n;

	do
		n = recvmsg(channel, &packet, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	header = n > 0 ? CMSG_FIRSTHDR(&packet) : NULL;
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(header), sizeof *fd);
	return n;
}
