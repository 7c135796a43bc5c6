/* The monitor's clients: who follows the output, who gives input, who cleans up in the end. */
#define _GNU_SOURCE
#include "clients.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "input.h"

static struct client clients[MAX_CLIENTS];
static unsigned touched; /* those beyond have never been used; to look at them would take memory */
static int listener = -1;

#define EACH_CLIENT(c) \
	for (struct client *c = clients; c < clients + touched; c++) \
		if (c->connected)

void clients_open(int fd)
{
	listener = fd;
}

void client_drop(struct client *c)
{
	bool last_input = c->foreground && c->gives_input;

	close(c->fd);
	c->connected = false;
	while (touched > 0 && !clients[touched - 1].connected)
		touched--;
	/* Gives the pages back: a monitor lives long, a client may have been here for a moment. */
	madvise(c, sizeof *c, MADV_DONTNEED);
	if (last_input)
		input_finish();
}

static struct client *unused(void)
{
	for (struct client *c = clients; c < clients + touched; c++)
		if (!c->connected)
			return c;
	return touched < MAX_CLIENTS ? &clients[touched++] : NULL;
}

static void admit(int fd)
{
	struct client *c = unused();

	if (!c) {
		close(fd);
		return;
	}
	c->received_size = c->sent = c->queued = c->input_left = 0;
	c->gives_input = c->wants_output = c->foreground = c->owner = false;
	c->fd = fd;
	c->connected = true;
}

void clients_accept(void)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		admit(fd);
}

static void flush(struct client *c)
{
	while (c->sent < c->queued) {
		ssize_t n = send(c->fd, c->queue + c->sent, c->queued - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			client_drop(c);
			return;
		}
		c->sent += (size_t)n;
	}
	c->sent = c->queued = 0;
}

static void enqueue(struct client *c, char type, const void *data, size_t size)
{
	uint32_t length = (uint32_t)size;

	if (c->queued + HEADER_SIZE + size > sizeof c->queue) {
		memmove(c->queue, c->queue + c->sent, c->queued - c->sent);
		c->queued -= c->sent;
		c->sent = 0;
	}
	if (c->queued + HEADER_SIZE + size > sizeof c->queue) {
		client_drop(c);
		return;
	}
	c->queue[c->queued] = type;
	memcpy(c->queue + c->queued + 1, &length, sizeof length);
	if (size > 0)
		memcpy(c->queue + c->queued + HEADER_SIZE, data, size);
	c->queued += HEADER_SIZE + size;
	flush(c);
}

void clients_send_output(char type, const void *data, size_t size)
{
	EACH_CLIENT (c)
		if (c->wants_output)
			enqueue(c, type, data, size);
}

void clients_send_all(char type, const void *data, size_t size)
{
	EACH_CLIENT (c)
		enqueue(c, type, data, size);
}

bool clients_have_room(void)
{
	/* Beside a piece of output there must be room for the words that end a session. */
	const size_t needed = OUTPUT_PIECE + PAGE;

	EACH_CLIENT (c)
		if (c->foreground && c->wants_output && c->queued - c->sent + needed > sizeof c->queue)
			return false;
	return true;
}

bool clients_own(void)
{
	EACH_CLIENT (c)
		if (c->owner)
			return true;
	return false;
}

bool clients_pending(bool foreground_only)
{
	EACH_CLIENT (c)
		if (c->sent < c->queued && (c->foreground || !foreground_only))
			return true;
	return false;
}

static bool is_full(const struct client *c)
{
	return c->received_size == sizeof c->received;
}

static void receive(struct client *c)
{
	ssize_t n = recv(c->fd, c->received + c->received_size,
			 sizeof c->received - c->received_size, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_drop(c);
		return;
	}
	c->received_size += (size_t)n;
	client_understand(c);
}

void clients_watch(struct pollfd *set)
{
	for (unsigned i = touched; i < MAX_CLIENTS; i++)
		set[i] = (struct pollfd){ .fd = -1 };
	for (unsigned i = 0; i < touched; i++) {
		const struct client *c = &clients[i];

		set[i].fd = c->connected ? c->fd : -1;
		set[i].revents = 0;
		set[i].events = (short)((is_full(c) ? 0 : POLLIN) |
					(c->sent < c->queued ? POLLOUT : 0));
	}
}

/*
 * Standard input may have room again for what clients have sent already; nothing else would wake us
 * for it. True if some of it has been taken.
 */
static bool understand_more(void)
{
	bool progress = false;

	EACH_CLIENT (c) {
		size_t before = c->received_size;

		if (before == 0)
			continue;
		client_understand(c);
		progress |= !c->connected || c->received_size < before;
	}
	return progress;
}

void clients_serve(const struct pollfd *set)
{
	for (unsigned i = 0; i < touched; i++) {
		struct client *c = &clients[i];

		if (!c->connected)
			continue;
		if (set[i].fd != c->fd)
			continue; /* came while others were served */
		if (set[i].revents & POLLOUT)
			flush(c);
		if (c->connected && set[i].revents & POLLIN)
			receive(c);
		else if (c->connected && set[i].revents & (POLLHUP | POLLERR | POLLNVAL))
			client_drop(c);
	}
	do
		input_flush();
	while (understand_more());
}
