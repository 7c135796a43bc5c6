/* Signals of the monitor, and of what it starts. */
#define _GNU_SOURCE
#include "signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int ignored[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
			       SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU };

int signals_take(void)
{
	sigset_t child;

	for (unsigned i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &child, NULL);
	return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

void signals_clear(int fd)
{
	struct signalfd_siginfo one;

	while (read(fd, &one, sizeof one) > 0) {
	}
}

void signals_reset(void)
{
	static const char by_default[64]; /* the kernel's struct sigaction; all zero is SIG_DFL */
	sigset_t none;

	/*
	 * All, for the caller of the launcher may have ignored others. By the system call, since C
	 * libraries keep a few signals to themselves (32 to 34) and refuse to touch them.
	 */
	for (int number = 1; number < _NSIG; number++)
		syscall(SYS_rt_sigaction, number, by_default, NULL, _NSIG / 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
