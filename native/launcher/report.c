/* Telling whoever waits what could not be done. */
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "channel.h"

static int channel = -1;

void report_on(int fd)
{
	channel = fd;
}

static void vdescribe(struct failure *failure, const char *step, const char *attempt, va_list args)
{
	failure->error = errno;
	snprintf(failure->step, sizeof failure->step, "%s", step);
	vsnprintf(failure->attempt, sizeof failure->attempt, attempt, args);
}

void describe(struct failure *failure, const char *step, const char *attempt, ...)
{
	va_list args;

	va_start(args, attempt);
	vdescribe(failure, step, attempt, args);
	va_end(args);
}

void fail(const char *step, const char *attempt, ...)
{
	static struct message message = { .kind = MESSAGE_FAILED };
	va_list args;

	va_start(args, attempt);
	vdescribe(&message.failure, step, attempt, args);
	va_end(args);
	channel_send(channel, &message, -1);
	_exit(1);
}
