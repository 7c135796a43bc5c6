/* The container's monitor: its process's parent, for as long as that lives. */
#define _GNU_SOURCE
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"
#include "clients.h"
#include "input.h"
#include "log.h"
#include "outputs.h"
#include "ports.h"
#include "record.h"
#include "report.h"
#include "requests.h"
#include "signals.h"
#include "sockets.h"
#include "spawn.h"
#include "status.h"

#define LAST_WORDS_MS 2000 /* how long a client that is no foreground may take to hear of the end */

static enum {
	WAITING, /* for START */
	STARTING, /* told to execute its program */
	RUNNING,
	DRAINING, /* it has ended; what it said last is being read */
	ENDED, /* everything is said; clients hear it, the owner cleans up */
} phase;

static struct plan *plan;
static struct process process;
static struct ending ending;
static struct failure failure; /* to set up or to execute; no error, no failure */
static int signals, listener, terminal = -1;
static unsigned long oom_before;
static bool cleaned_up;
static struct timespec ended_at;

static void stop_process(void)
{
	if (process.pid > 0) {
		kill(process.pid, SIGKILL);
		waitpid(process.pid, NULL, 0);
	}
}

/* The last thing a monitor does: it leaves, or becomes the program that cleans up. */
static _Noreturn void leave(void)
{
	if (cleaned_up || !plan->on_exit[0])
		exit(0);
	signals_reset();
	umask(022);
	execvp(plan->on_exit[0], plan->on_exit);
	exit(1);
}

/* Nothing has been started and nothing will be. */
static _Noreturn void give_up(void)
{
	stop_process();
	unlink(plan->socket_path);
	unlink(plan->pid_path); /* where they are not there yet, all the better */
	/* If nobody is there to hear it, nobody will clean up either. */
	cleaned_up = status_failed(&failure);
	leave();
}

static void on_start(void)
{
	static const struct message go = { .kind = MESSAGE_GO };

	if (phase != WAITING)
		return;
	phase = STARTING;
	status_close();
	channel_send(process.channel, &go, -1);
}

static void on_signal(int number)
{
	if (phase < DRAINING)
		kill(process.pid, number);
}

static void on_resize(unsigned rows, unsigned columns)
{
	const struct winsize size = { .ws_row = (unsigned short)rows,
				      .ws_col = (unsigned short)columns };

	if (terminal >= 0)
		ioctl(terminal, TIOCSWINSZ, &size);
}

static void on_done(void)
{
	if (phase == ENDED)
		cleaned_up = true;
}

static const struct requests requests = { on_start, on_signal, on_resize, on_done };

/* Until the process waits for START. */
static void await_ready(void)
{
	static struct message message;

	if (channel_receive(process.channel, &message, 0, &terminal) > 0 &&
	    message.kind == MESSAGE_READY)
		return;
	if (message.kind == MESSAGE_FAILED) {
		failure = message.failure;
	} else { /* it has been killed */
		errno = counter(plan->oom_path, plan->oom_key) > oom_before ? ENOMEM : EINTR;
		describe(&failure, "start", "set up the process");
	}
	give_up();
}

/* The channel closes when the program is executed, and tells first if it could not be. */
static void hear_process(void)
{
	static struct message message;
	static char text[sizeof failure.attempt + 64];
	ssize_t n;
	int none;

	if (process.channel < 0)
		return;
	n = channel_receive(process.channel, &message, MSG_DONTWAIT, &none);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0 && message.kind == MESSAGE_FAILED) {
		failure = message.failure;
		snprintf(text, sizeof text, "%s %d %s", failure.step, failure.error, failure.attempt);
		clients_send_all('F', text, strlen(text));
	} else if (phase == STARTING) {
		phase = RUNNING;
		clients_send_all('R', NULL, 0);
	}
	close(process.channel);
	process.channel = -1;
}

static void reap(void)
{
	int how;

	signals_clear(signals);
	if (phase >= DRAINING || waitpid(process.pid, &how, WNOHANG) != process.pid)
		return;
	hear_process();
	timestamp(ending.finished);
	ending.signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
	ending.code = ending.signal ? 128 + ending.signal : WEXITSTATUS(how);
	ports_release(); /* its next start may come before this monitor is gone */
	/* As shells and Docker have it: 127 for what is not there, 126 for what cannot be executed. */
	if (failure.error)
		ending.code = failure.error == ENOENT ? 127 : 126;
	ending.oom = counter(plan->oom_path, plan->oom_key) > oom_before;
	phase = DRAINING;
}

static void end(void)
{
	struct {
		int code;
		unsigned char signal, oom;
		char finished[TIMESTAMP_SIZE - 1];
	} __attribute__((packed)) frame;

	if (record_ending(plan->exit_path, &ending) < 0) {
		/* A full disk: clients and the program run on exit still hear of it. */
	}
	unlink(plan->socket_path);
	clients_accept(); /* those who came just before that */
	frame.code = ending.code;
	frame.signal = (unsigned char)ending.signal;
	frame.oom = ending.oom;
	memcpy(frame.finished, ending.finished, sizeof frame.finished);
	clients_send_all('X', &frame, sizeof frame - 1);
	close(listener);
	listener = -1;
	clock_gettime(CLOCK_MONOTONIC, &ended_at);
	phase = ENDED;
}

static int milliseconds_since_end(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int)((now.tv_sec - ended_at.tv_sec) * 1000 +
		     (now.tv_nsec - ended_at.tv_nsec) / 1000000);
}

/* Leaves when nothing holds it; else says how long to wait for that, in milliseconds. */
static int wait_for_clients(void)
{
	int left = LAST_WORDS_MS - milliseconds_since_end();

	if (clients_own() && !cleaned_up)
		return -1;
	if (clients_pending(true))
		return -1;
	if (!clients_pending(false) || left <= 0)
		leave();
	return left;
}

/* What is polled, by its place in the set. */
enum {
	SIGNALS,
	LISTENER,
	CHANNEL,
	STATUS,
	OUTPUTS,
	INPUT = OUTPUTS + OUTPUT_STREAMS,
	CLIENTS,
	SLOTS = CLIENTS + MAX_CLIENTS
};

static void watch(struct pollfd *set)
{
	set[SIGNALS] = (struct pollfd){ .fd = signals, .events = POLLIN };
	set[LISTENER] = (struct pollfd){ .fd = listener, .events = POLLIN };
	set[CHANNEL] = (struct pollfd){ .fd = process.channel, .events = POLLIN };
	set[STATUS] = (struct pollfd){ .fd = status_fd() }; /* only whether it is closed */
	outputs_watch(set + OUTPUTS);
	set[INPUT] = (struct pollfd){ .fd = input_fd(), .events = POLLOUT };
	clients_watch(set + CLIENTS);
}

static void serve(const struct pollfd *set)
{
	if (set[STATUS].revents && phase == WAITING) {
		stop_process();
		unlink(plan->socket_path);
		leave();
	}
	if (set[CHANNEL].revents)
		hear_process();
	if (set[SIGNALS].revents)
		reap();
	outputs_serve(set + OUTPUTS);
	if (set[INPUT].revents)
		input_flush();
	clients_serve(set + CLIENTS);
	if (set[LISTENER].revents)
		clients_accept();
	if (phase == DRAINING && outputs_drain())
		end();
}

static void supervise(void)
{
	struct pollfd set[SLOTS];

	for (;;) {
		int timeout = phase == ENDED ? wait_for_clients() : -1;

		watch(set);
		if (poll(set, SLOTS, timeout) < 0 && errno != EINTR)
			leave();
		serve(set);
	}
}

static void open_streams(void)
{
	if (terminal >= 0) {
		fcntl(terminal, F_SETFL, O_NONBLOCK);
		input_open(terminal, true);
		outputs_open(terminal, -1);
	} else {
		input_open(process.in, false);
		outputs_open(process.out, process.err);
	}
}

static void must(int result, const char *step, const char *attempt, const char *path)
{
	if (result >= 0)
		return;
	describe(&failure, step, attempt, path);
	give_up();
}

void monitor(struct plan *the_plan, int status)
{
	plan = the_plan;
	status_open(status);
	signals = signals_take();
	oom_before = counter(plan->oom_path, plan->oom_key);
	if (spawn(plan, &process, &failure) < 0)
		give_up();
	/* All this while the process works on its steps. */
	listener = listen_on(plan->socket_path);
	must(listener, "socket", "listen on %s", plan->socket_path);
	must(log_open(plan->log_path), "log", "open the log %s", plan->log_path);
	must(record_process(plan->pid_path, getpid(), process.pid), "pid-file", "write %s",
	     plan->pid_path);
	if (ports_hold(plan->ports.data, plan->ports.size, &failure) < 0)
		give_up();
	clients_open(listener);
	requests_to(&requests);
	await_ready();
	open_streams();
	status_ready(getpid(), process.pid);
	supervise();
	abort();
}
