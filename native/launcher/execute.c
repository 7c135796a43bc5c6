/* The end of a plan: the process becomes the container's program. */
#define _GNU_SOURCE
#include "execute.h"

#include <errno.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "channel.h"
#include "kernel.h"
#include "report.h"
#include "root.h"
#include "signals.h"
#include "terminal.h"

#define USUAL_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int channel = -1;
static bool empty_stdin;

void execute_with(int fd, bool empty)
{
	channel = fd;
	empty_stdin = empty;
}

/* The container's own /dev/null: a descriptor of the host's would be a door to the host. */
static void open_null(void)
{
	struct stat st;
	int fd = root_resolve("/dev/null", O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && fstat(fd, &st) == 0 &&
	    !(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))) {
		errno = ENODEV;
		fd = -1;
	}
	if (fd < 0 || dup2(fd, 0) < 0 || fcntl(0, F_SETFL, 0) < 0)
		fail("stdin", "open the container's /dev/null");
	close(fd);
}

/* All is done but the last call. The monitor lets go on, or is gone. */
static void wait_for_start(void)
{
	static struct message message = { .kind = MESSAGE_READY };
	int none;

	if (channel_send(channel, &message, terminal_master()) < 0 ||
	    channel_receive(channel, &message, 0, &none) <= 0 || message.kind != MESSAGE_GO)
		_exit(1);
}

static const char *search_path(char **env)
{
	for (; *env; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	return USUAL_PATH;
}

/* execvpe(3), but with the container's PATH, and never through a shell. Returns only on failure. */
static void execute(char **args, char **env)
{
	const char *name = args[0];
	char candidate[PATH_MAX];
	int error = ENOENT;

	if (!name || !*name) {
		errno = ENOENT;
		return;
	}
	if (strchr(name, '/')) {
		execve(name, args, env);
		return;
	}
	for (const char *dir = search_path(env), *end; dir; dir = *end ? end + 1 : NULL) {
		end = strchrnul(dir, ':');
		if ((size_t)snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)(end - dir), dir,
				     end == dir ? "./" : "/", name) >= sizeof candidate)
			continue;
		execve(candidate, args, env);
		if (errno == ENOENT || errno == ENOTDIR)
			continue;
		error = errno;
		if (errno != EACCES)
			break;
	}
	errno = error;
}

void step_exec(struct reader *r)
{
	char **args = take_list(r), **env = take_list(r);

	if (r->bad)
		return;
	if (empty_stdin)
		open_null();
	/* Again: a change of user takes it away. A parent that is gone already shows in the channel. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		fail("exec", "tie the process to its monitor");
	wait_for_start();
	signals_reset();
	umask(022);
	if (sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		fail("exec", "close all descriptors");
	execute(args, env);
	fail("exec", "exec %s", args[0] ? args[0] : "nothing");
}
