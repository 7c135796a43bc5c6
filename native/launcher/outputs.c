/* What the process says: read, logged, and passed on to the clients. */
#include "outputs.h"

#include <errno.h>
#include <unistd.h>

#include "clients.h"
#include "log.h"

/* A pipe holds no more (fcntl(2), F_SETPIPE_SZ). Beyond that it is others who write. */
#define REMAINDER (1 << 20)

static struct output {
	int fd;
	bool open;
	char frame;
	enum log_stream log;
	size_t drained;
} outputs[OUTPUT_STREAMS];

#define EACH_OUTPUT(o) for (struct output *o = outputs; o < outputs + OUTPUT_STREAMS; o++)

void outputs_open(int out, int err)
{
	outputs[0] = (struct output){ out, out >= 0, '1', LOG_STDOUT, 0 };
	outputs[1] = (struct output){ err, err >= 0, '2', LOG_STDERR, 0 };
}

void outputs_watch(struct pollfd *set)
{
	bool room = clients_have_room();

	EACH_OUTPUT (o)
		*set++ = (struct pollfd){ .fd = o->open && room ? o->fd : -1, .events = POLLIN };
}

/* One piece. Returns what read(2) did; 0 or an error but EAGAIN has closed the stream. */
static ssize_t pass_on(struct output *o)
{
	static char piece[OUTPUT_PIECE];
	ssize_t n;

	do
		n = read(o->fd, piece, sizeof piece);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		log_write(o->log, piece, (size_t)n);
		clients_send_output(o->frame, piece, (size_t)n);
	} else if (n == 0 || errno != EAGAIN) { /* a terminal ends with EIO */
		o->open = false;
		log_end(o->log);
	}
	return n;
}

void outputs_serve(const struct pollfd *set)
{
	EACH_OUTPUT (o)
		if (set++->revents && o->open)
			pass_on(o);
}

bool outputs_drain(void)
{
	bool all = true;

	EACH_OUTPUT (o) {
		while (o->open && clients_have_room()) {
			ssize_t n = pass_on(o);

			if (n > 0)
				o->drained += (size_t)n;
			/* Processes that it has left behind may hold the pipe, and even write on. */
			if (o->open && (n < 0 || o->drained >= REMAINDER)) {
				o->open = false;
				log_end(o->log);
			}
		}
		all = all && !o->open;
	}
	return all;
}
