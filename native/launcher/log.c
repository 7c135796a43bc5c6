/* The container's log, in the format of the Kubernetes CRI. */
#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define MAX_LINE 16384
#define HEADER_SIZE 48 /* "2016-10-06T00:17:09.669794202Z stdout F " */

static int file = -1;

/* Lines that have begun. */
static struct {
	char text[MAX_LINE];
	size_t size;
} begun[2];

/* Records on their way to the file: many short lines make one write(2). */
static char records[2 * MAX_LINE];
static size_t records_size;

int log_open(const char *path)
{
	if (!*path)
		return 0;
	file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	return file < 0 ? -1 : 0;
}

/* A record that fits only in part would spoil the next one too: it is taken back. */
static void flush_records(void)
{
	off_t before = lseek(file, 0, SEEK_END);
	ssize_t written;

	do
		written = write(file, records, records_size);
	while (written < 0 && errno == EINTR);
	if (written >= 0 && (size_t)written < records_size && ftruncate(file, before) < 0) {
		/* Nothing more can be done about a disk like this. */
	}
	records_size = 0;
}

static void add(const char *data, size_t size)
{
	memcpy(records + records_size, data, size);
	records_size += size;
}

/* One record: what had begun of the line, and the rest of it. Together no longer than MAX_LINE. */
static void record(enum log_stream stream, const char *time, bool full, const char *rest,
		   size_t size)
{
	char header[HEADER_SIZE];
	int length = snprintf(header, sizeof header, "%s %s %c ", time,
			      stream == LOG_STDOUT ? "stdout" : "stderr", full ? 'F' : 'P');

	if (records_size + (size_t)length + begun[stream].size + size + 1 > sizeof records)
		flush_records();
	add(header, (size_t)length);
	add(begun[stream].text, begun[stream].size);
	add(rest, size);
	add("\n", 1);
	begun[stream].size = 0;
}

void log_write(enum log_stream stream, const char *data, size_t size)
{
	char time[TIMESTAMP_SIZE];

	if (file < 0)
		return;
	timestamp(time);
	while (size > 0) {
		size_t room = MAX_LINE - begun[stream].size;
		size_t part = size < room ? size : room;
		const char *newline = memchr(data, '\n', part);

		if (newline) {
			part = (size_t)(newline - data);
			record(stream, time, true, data, part);
			part++;
		} else if (part == room) {
			record(stream, time, false, data, part);
		} else {
			memcpy(begun[stream].text + begun[stream].size, data, part);
			begun[stream].size += part;
		}
		data += part;
		size -= part;
	}
	if (records_size > 0)
		flush_records();
}

void log_end(enum log_stream stream)
{
	char time[TIMESTAMP_SIZE];

	if (file < 0 || begun[stream].size == 0)
		return;
	timestamp(time);
	record(stream, time, false, "", 0);
	flush_records();
}
