/* The steps of a plan that mount. */
#define _GNU_SOURCE
#include "mounts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kernel.h"
#include "report.h"
#include "root.h"

#define MAX_LAYERS 200

void step_propagation(struct reader *r)
{
	uint32_t flags = take_u32(r); /* MS_PRIVATE or MS_SLAVE */

	if (!r->bad && mount("none", "/", NULL, MS_REC | flags, NULL) < 0)
		fail("propagation", "stop mounts from propagating");
}

/* An option string no longer than the page that mount(2) looks at. */
struct options {
	char text[4096];
	size_t length;
};

static void append(struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(struct options *options, const char *format, ...)
{
	size_t room = sizeof options->text - options->length;
	va_list args;

	va_start(args, format);
	int n = vsnprintf(options->text + options->length, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room) {
		errno = E2BIG;
		fail("overlay", "name all layers in one page");
	}
	options->length += (size_t)n;
}

/* The directories of an overlay, open for as long as it takes to mount it. */
struct layers {
	int fds[MAX_LAYERS + 2];
	unsigned count;
};

static const char *open_layer(struct layers *layers, const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		fail("overlay", "open %s", path);
	layers->fds[layers->count++] = fd;
	return fd_path(fd);
}

/*
 * Layers are named by descriptor: a path of any length, with commas and colons in it, is then as
 * good as another, and the container's /proc/mounts does not tell where they are.
 */
void step_overlay(struct reader *r)
{
	static struct options options;
	static struct layers layers;
	char **lower = take_list(r);
	const char *upper = take_string(r), *work = take_string(r);
	const char *mountpoint = take_string(r), *more = take_string(r);

	if (r->bad)
		return;
	append(&options, "lowerdir=");
	for (char **layer = lower; *layer; layer++) {
		if (layer - lower == MAX_LAYERS) {
			errno = E2BIG;
			fail("overlay", "mount more than %d layers", MAX_LAYERS);
		}
		append(&options, "%s%s", layer == lower ? "" : ":", open_layer(&layers, *layer));
	}
	append(&options, ",upperdir=%s", open_layer(&layers, upper));
	append(&options, ",workdir=%s", open_layer(&layers, work));
	if (*more)
		append(&options, ",%s", more);
	if (mount("overlay", mountpoint, "overlay", 0, options.text) < 0)
		fail("overlay", "mount overlay on %s", mountpoint);
	while (layers.count > 0)
		close(layers.fds[--layers.count]);
}

void step_root(struct reader *r)
{
	const char *path = take_string(r);

	if (!r->bad && root_open(path) < 0)
		fail("root", "open the root %s", path);
}

void step_mount(struct reader *r)
{
	const char *type = take_string(r), *source = take_string(r), *target = take_string(r);
	uint32_t flags = take_u32(r); /* MS_* */
	const char *data = take_string(r);
	int fd;

	if (r->bad)
		return;
	fd = root_directory(target, 0755);
	if (fd < 0)
		fail("mount", "make the directory %s", target);
	if (mount(source, fd_path(fd), type, flags, *data ? data : NULL) < 0)
		fail("mount", "mount %s on %s", type, target);
	close(fd);
}

/*
 * A mount of its own of what (dir, path) names, with everything beneath, private and with these
 * attributes. Being attached nowhere yet, nobody can see it without them.
 */
static int clone_tree(int dir, const char *path, uint64_t attributes)
{
	const struct mount_attributes set = { .set = attributes, .propagation = MS_PRIVATE };
	int tree = sys_open_tree(dir, path,
				 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH);

	if (tree >= 0 && sys_mount_setattr(tree, AT_RECURSIVE, &set) < 0) {
		close(tree);
		return -1;
	}
	return tree;
}

static bool is_directory(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

void step_bind(struct reader *r)
{
	const char *source = take_string(r), *target = take_string(r);
	uint64_t attributes = take_u32(r);
	int tree, fd;

	if (r->bad)
		return;
	tree = clone_tree(AT_FDCWD, source, attributes);
	if (tree < 0)
		fail("bind", "mount %s on %s", source, target);
	fd = is_directory(tree) ? root_directory(target, 0755) : root_file(target);
	if (fd < 0)
		fail("bind", "make %s to mount %s on", target, source);
	if (sys_move_mount(tree, fd) < 0)
		fail("bind", "mount %s on %s", source, target);
	close(fd);
	close(tree);
}

void step_attributes(struct reader *r)
{
	const char *target = take_string(r);
	const struct mount_attributes set = { .set = take_u32(r) };
	int fd;

	if (r->bad)
		return;
	fd = root_resolve(target, O_PATH);
	if (fd < 0 || sys_mount_setattr(fd, 0, &set) < 0)
		fail("attributes", "change the mount on %s", target);
	close(fd);
}

/*
 * The container's own /dev/null, and not something in its place. Read-only, or its root could
 * change the owner and the mode of a file that others rely on (the host, if its /dev is bound).
 */
static int null_device(void)
{
	struct stat st;
	int fd = root_resolve("/dev/null", O_PATH);
	int tree = fd < 0 ? -1 : clone_tree(fd, "", ATTRIBUTE_RDONLY);

	if (fd >= 0)
		close(fd);
	if (tree >= 0 && fstat(tree, &st) == 0 &&
	    !(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))) {
		close(tree);
		errno = ENODEV;
		return -1;
	}
	return tree;
}

static int mask_file(int fd)
{
	int tree = null_device();
	int result = tree < 0 ? -1 : sys_move_mount(tree, fd);

	if (tree >= 0)
		close(tree);
	return result;
}

void step_mask(struct reader *r)
{
	const char *target = take_string(r);
	int fd, result;

	if (r->bad)
		return;
	fd = root_resolve(target, O_PATH);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return;
	if (fd < 0)
		fail("mask", "open %s", target);
	if (is_directory(fd))
		result = mount("tmpfs", fd_path(fd), "tmpfs",
			       MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=755");
	else
		result = mask_file(fd);
	if (result < 0)
		fail("mask", "hide %s", target);
	close(fd);
}

void step_readonly(struct reader *r)
{
	const char *target = take_string(r);
	int fd, tree;

	if (r->bad)
		return;
	fd = root_resolve(target, O_PATH);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return;
	tree = fd < 0 ? -1 : clone_tree(fd, "", ATTRIBUTE_RDONLY);
	if (tree < 0 || sys_move_mount(tree, fd) < 0)
		fail("readonly", "make %s read-only", target);
	close(tree);
	close(fd);
}

/* Both roots in one place, the old one on top, and that one let go: see pivot_root(2), NOTES. */
void step_pivot_root(struct reader *r)
{
	(void)r;
	if (fchdir(root_fd()) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		fail("pivot-root", "change to the new root");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		fail("pivot-root", "let go of the old root");
}
