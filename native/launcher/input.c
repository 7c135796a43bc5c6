/* What clients have sent for the process's standard input. */
#include "input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int to = -1;
static bool is_terminal, finished;
static char waiting[16384];
static size_t size_waiting;

void input_open(int fd, bool terminal)
{
	to = fd;
	is_terminal = terminal;
}

static void close_input(void)
{
	if (!is_terminal)
		close(to);
	to = -1;
	size_waiting = 0;
}

size_t input_offer(const char *data, size_t size)
{
	size_t room = sizeof waiting - size_waiting;

	if (to < 0 || finished)
		return size; /* nobody will ever read it */
	if (size > room)
		size = room;
	memcpy(waiting + size_waiting, data, size);
	size_waiting += size;
	return size;
}

void input_finish(void)
{
	if (is_terminal)
		return;
	finished = true;
	input_flush();
}

void input_flush(void)
{
	while (to >= 0 && size_waiting > 0) {
		ssize_t n = write(to, waiting, size_waiting);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) { /* EPIPE: the process has closed it */
			close_input();
			return;
		}
		size_waiting -= (size_t)n;
		memmove(waiting, waiting + n, size_waiting);
	}
	if (finished && to >= 0)
		close_input();
}

int input_fd(void)
{
	return size_waiting > 0 ? to : -1;
}
