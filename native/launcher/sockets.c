/* The monitor's socket. */
#define _GNU_SOURCE
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* sun_path has 108 bytes, a path 4096: the directory is named by its descriptor. */
static int bind_in(int dir, int fd, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", dir, name) >=
	    (int)sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return -1;
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -1;
	return listen(fd, SOMAXCONN);
}

int listen_on(const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	int dir, fd, result;

	if (!slash || snprintf(parent, sizeof parent, "%.*s/", (int)(slash - path), path) >=
			      (int)sizeof parent) {
		errno = EINVAL;
		return -1;
	}
	dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	result = fd < 0 ? -1 : bind_in(dir, fd, slash + 1);

	int error = errno;

	close(dir);
	errno = error;
	return result < 0 ? -1 : fd;
}
