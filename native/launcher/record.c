/* The files that tell of a process: who it is, and how it ended. */
#define _GNU_SOURCE
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "starttime.h"

static int read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -1;
	length = read(fd, text, size - 1);
	close(fd);
	if (length < 0)
		return -1;
	text[length] = '\0';
	return 0;
}

static int write_whole(const char *path, const char *text)
{
	char temporary[PATH_MAX];
	int result, fd;

	if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	result = write_to(fd, text);
	close(fd);
	return result < 0 ? -1 : rename(temporary, path);
}

int record_process(const char *path, pid_t monitor, pid_t process)
{
	char boot[64], text[512];

	if (read_text("/proc/sys/kernel/random/boot_id", boot, sizeof boot) < 0)
		return -1;
	boot[strcspn(boot, "\n")] = '\0';
	snprintf(text, sizeof text,
		 "{\"boot\":\"%s\",\"monitor\":{\"pid\":%d,\"start\":%llu},"
		 "\"process\":{\"pid\":%d,\"start\":%llu}}\n",
		 boot, monitor, (unsigned long long)start_time(monitor), process,
		 (unsigned long long)start_time(process));
	return write_whole(path, text);
}

int record_ending(const char *path, const struct ending *ending)
{
	char signal[32] = "", text[256];

	if (ending->signal)
		snprintf(signal, sizeof signal, "\"signal\":%d,", ending->signal);
	snprintf(text, sizeof text, "{\"code\":%d,%s\"oomKilled\":%s,\"finished\":\"%s\"}\n",
		 ending->code, signal, ending->oom ? "true" : "false", ending->finished);
	return write_whole(path, text);
}

unsigned long counter(const char *path, const char *key)
{
	char text[4096];
	size_t length = strlen(key);

	if (!*path || read_text(path, text, sizeof text) < 0)
		return 0;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return strtoul(line + length, NULL, 10);
	}
	return 0;
}
