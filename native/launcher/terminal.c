/* The container's terminal. */
#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

#include "kernel.h"
#include "report.h"
#include "root.h"

static int master = -1;

int terminal_master(void)
{
	return master;
}

/*
 * The container's own multiplexer. In a running container /dev may hold anything, so nothing is
 * opened there before it is known to be of a devpts file system, in which only the kernel makes
 * files, and nothing that is mounted over it is followed.
 */
static int open_multiplexer(void)
{
	const struct open_how how = { .flags = O_RDWR | O_NOCTTY | O_CLOEXEC,
				      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
						 RESOLVE_NO_XDEV };
	int fd, dir = root_resolve("/dev/pts", O_PATH | O_DIRECTORY);
	struct statfs fs;
	struct stat st;

	if (dir < 0)
		return -1;
	if (fstatfs(dir, &fs) < 0 || fs.f_type != DEVPTS_MAGIC) {
		errno = ENODEV;
		return -1;
	}
	fd = sys_openat2(dir, "ptmx", &how);
	close(dir);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) ||
			st.st_rdev != makedev(5, 2))) {
		close(fd);
		errno = ENODEV;
		return -1;
	}
	return fd;
}

/* /dev/console is this terminal, as programs that write to the console expect. */
static void mount_console(int slave, const char *console)
{
	int tree = sys_open_tree(slave, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	int target = root_file(console);

	if (tree < 0 || target < 0 || sys_move_mount(tree, target) < 0)
		fail("terminal", "mount the terminal on %s", console);
	close(tree);
	close(target);
}

void step_terminal(struct reader *r)
{
	struct winsize size = { .ws_row = (unsigned short)take_u32(r) };
	const char *console;
	int slave, unlock = 0;

	size.ws_col = (unsigned short)take_u32(r);
	console = take_string(r);
	if (r->bad)
		return;
	master = open_multiplexer();
	if (master < 0)
		fail("terminal", "open the container's /dev/pts/ptmx");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCSWINSZ, &size) < 0)
		fail("terminal", "set up the terminal");
	/* The other end, without a path that could be made to lead elsewhere. */
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		fail("terminal", "open the other end of the terminal");
	if (*console)
		mount_console(slave, console);
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(slave, fd) < 0)
			fail("terminal", "make the terminal standard stream %d", fd);
	close(slave);
	if (ioctl(0, TIOCSCTTY, 0) < 0)
		fail("terminal", "make it the controlling terminal");
}
