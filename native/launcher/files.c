/* The steps of a plan that make files and write them. */
#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "kernel.h"
#include "report.h"
#include "root.h"

void step_mkdir(struct reader *r)
{
	const char *target = take_string(r);
	mode_t mode = take_u32(r);
	int fd;

	if (r->bad)
		return;
	fd = root_directory(target, mode);
	if (fd < 0)
		fail("mkdir", "make the directory %s", target);
	close(fd);
}

static bool links_to(int dir, const char *name, const char *text)
{
	char found[PATH_MAX];
	ssize_t length = readlinkat(dir, name, found, sizeof found);

	return length >= 0 && (size_t)length == strlen(text) && memcmp(found, text, length) == 0;
}

void step_symlink(struct reader *r)
{
	const char *target = take_string(r), *text = take_string(r), *name;
	int parent;

	if (r->bad)
		return;
	parent = root_parent(target, &name);
	if (parent < 0)
		fail("symlink", "make the link %s", target);
	if (symlinkat(text, parent, name) < 0 &&
	    !(errno == EEXIST && links_to(parent, name, text))) {
		errno = EEXIST;
		fail("symlink", "make the link %s", target);
	}
	close(parent);
}

void step_mknod(struct reader *r)
{
	const char *target = take_string(r), *name;
	mode_t mode = take_u32(r); /* with S_IFCHR or S_IFBLK; the umask is 0 */
	unsigned major = take_u32(r), minor = take_u32(r);
	int parent;

	if (r->bad)
		return;
	parent = root_parent(target, &name);
	if (parent < 0 || mknodat(parent, name, mode, makedev(major, minor)) < 0)
		fail("mknod", "make the device %s", target);
	close(parent);
}

int write_to(int fd, const char *text)
{
	size_t length = strlen(text);
	ssize_t written = write(fd, text, length);

	if (written >= 0 && (size_t)written != length) {
		errno = EIO;
		return -1;
	}
	return written < 0 ? -1 : 0;
}

/*
 * Opens a file of the host's /proc; what it says of namespaces is about the caller's all the same.
 * Not one that a container could have put in its place: it must be procfs throughout.
 */
static int open_proc(const char *path)
{
	const struct open_how how = { .flags = O_WRONLY | O_CLOEXEC,
				      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
						 RESOLVE_NO_XDEV };
	struct statfs fs;
	int fd, proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (proc < 0)
		return -1;
	if (fstatfs(proc, &fs) < 0 || fs.f_type != PROC_MAGIC) {
		close(proc);
		errno = ENOTSUP;
		return -1;
	}
	fd = sys_openat2(proc, path, &how);
	close(proc);
	return fd;
}

static int write_proc(const char *path, const char *value)
{
	int result, fd = open_proc(path);

	if (fd < 0)
		return -1;
	result = write_to(fd, value);
	close(fd);
	return result;
}

void step_sysctl(struct reader *r)
{
	const char *key = take_string(r), *value = take_string(r);
	char path[PATH_MAX];

	if (r->bad)
		return;
	snprintf(path, sizeof path, "sys/%s", key);
	if (write_proc(path, value) < 0)
		fail("sysctl", "set %s to %s", key, value);
}

void step_oom_score(struct reader *r)
{
	int value = (int)take_u32(r);
	struct statfs fs;
	char text[16];
	int fd;

	if (r->bad)
		return;
	snprintf(text, sizeof text, "%d", value);
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != PROC_MAGIC || write_to(fd, text) < 0)
		fail("oom-score", "set the out-of-memory score to %d", value);
	close(fd);
}
