/* Paths of the container, resolved so that they cannot lead out of it. */
#define _GNU_SOURCE
#include "root.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel.h"

#define RACES 64 /* how often to try again when something is renamed under our feet */

static int root = -1;

int root_open(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (root >= 0)
		close(root);
	root = fd;
	return 0;
}

int root_fd(void)
{
	return root;
}

static int resolve(int dir, const char *path, uint64_t flags, uint64_t how_to)
{
	struct open_how how = { .flags = flags | O_CLOEXEC,
				.resolve = how_to | RESOLVE_NO_MAGICLINKS };
	int fd;

	for (int i = 0; i < RACES; i++) {
		fd = sys_openat2(dir, path, &how);
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd;
}

int root_resolve(const char *path, uint64_t flags)
{
	return resolve(root, path, flags, RESOLVE_IN_ROOT);
}

/*
 * One component that was missing a moment ago. If it is there after all it must be a real
 * directory: a link that leads nowhere, or that somebody put there meanwhile, is refused.
 */
static int make_component(int parent, const char *name, mode_t mode)
{
	if (mkdirat(parent, name, mode) < 0 && errno != EEXIST)
		return -1;
	return resolve(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW,
		       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

int root_directory(const char *path, mode_t mode)
{
	char prefix[PATH_MAX];
	size_t length = strlen(path);
	int fd = root_resolve(path, O_PATH | O_DIRECTORY);
	int parent;

	if (fd >= 0 || errno != ENOENT)
		return fd;
	while (length > 0 && path[length - 1] == '/')
		length--;
	if (length == 0 || length >= sizeof prefix) {
		errno = length ? ENAMETOOLONG : ENOENT;
		return -1;
	}
	memcpy(prefix, path, length);
	prefix[length] = '\0';

	char *slash = strrchr(prefix, '/');
	const char *name = slash ? slash + 1 : prefix;

	if (slash && slash != prefix) {
		*slash = '\0';
		parent = root_directory(prefix, 0755);
	} else {
		parent = root_resolve("/", O_PATH | O_DIRECTORY);
	}
	if (parent < 0)
		return -1;
	fd = make_component(parent, name, mode);

	int error = errno;

	close(parent);
	errno = error;
	return fd;
}

int root_parent(const char *path, const char **name)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;

	*name = slash ? slash + 1 : path;
	if (**name == '\0' || length >= sizeof parent) {
		errno = **name ? ENAMETOOLONG : EINVAL;
		return -1;
	}
	memcpy(parent, path, length);
	parent[length] = '\0';
	return root_directory(length ? parent : "/", 0755);
}

int root_file(const char *path)
{
	const char *name;
	int parent, fd = root_resolve(path, O_PATH);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	parent = root_parent(path, &name);
	if (parent < 0)
		return -1;
	fd = openat(parent, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	int error = errno;

	close(parent);
	errno = error;
	return fd;
}

const char *fd_path(int fd)
{
	static char path[sizeof "/proc/self/fd/" + 3 * sizeof fd];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return path;
}
