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
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clients.h"
#include "input.h"
#include "log.h"
#include "record.h"
#include "report.h"
#include "sockets.h"
#include "spawn.h"

#define LAST_WORDS_MS 2000 /* how long a client that is no foreground may take to hear of the end */
#define REMAINDER (1 << 20) /* no more than this can be in a pipe when the process ends */

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
static struct failure failure;
static int status, signals, listener, master = -1;
static unsigned long oom_before;
static bool cleaned_up;
static struct timespec ended_at;

struct output {
	int fd;
	bool open;
	char type; /* of the frames */
	enum log_stream log;
	size_t remainder;
};
static struct output outputs[2];

static void hang_up(void)
{
	if (status >= 0)
		close(status);
	status = -1;
}

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
	sigset_t none;

	if (cleaned_up || !plan->on_exit[0])
		exit(0);
	sigemptyset(&none);
	for (int number = 1; number < _NSIG; number++)
		signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	execvp(plan->on_exit[0], plan->on_exit);
	exit(1);
}

/* Nothing has been started and nothing will be. */
static _Noreturn void give_up(void)
{
	char line[sizeof failure.attempt + 64];
	int length = snprintf(line, sizeof line, "failed %s %d %s\n", failure.step, failure.error,
			      failure.attempt);

	stop_process();
	unlink(plan->socket_path);
	unlink(plan->pid_path);
	/* If nobody is there to hear it, nobody will clean up either. */
	cleaned_up = write(status, line, (size_t)length) == length;
	leave();
}

static void on_start(void)
{
	const char go = MESSAGE_GO;

	if (phase != WAITING)
		return;
	phase = STARTING;
	hang_up();
	send(process.channel, &go, sizeof go, MSG_NOSIGNAL);
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

	if (master >= 0)
		ioctl(master, TIOCSWINSZ, &size);
}

static void on_done(void)
{
	cleaned_up = true;
}

static const struct requests requests = { on_start, on_signal, on_resize, on_done };

/* A packet of the process: 0 for none any more, -1 if there is none yet; the terminal comes with it. */
static ssize_t receive(struct message *message, int flags)
{
	struct iovec data = { .iov_base = message, .iov_len = sizeof *message };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr packet = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
				 .msg_controllen = sizeof control };
	struct cmsghdr *header;
	ssize_t n;

	do
		n = recvmsg(process.channel, &packet, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	header = n > 0 ? CMSG_FIRSTHDR(&packet) : NULL;
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&master, CMSG_DATA(header), sizeof master);
	return n;
}

/* Until the process waits for START. */
static void await_ready(void)
{
	static struct message message;

	if (receive(&message, 0) > 0 && message.kind == MESSAGE_READY)
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

	if (process.channel < 0)
		return;
	n = receive(&message, MSG_DONTWAIT);
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
	char drain[128];
	int how;

	while (read(signals, drain, sizeof drain) > 0) {
	}
	if (phase >= DRAINING || waitpid(process.pid, &how, WNOHANG) != process.pid)
		return;
	hear_process();
	timestamp(ending.finished);
	ending.signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
	ending.code = ending.signal ? 128 + ending.signal : WEXITSTATUS(how);
	/* As shells and Docker have it: 127 for what is not there, 126 for what cannot be executed. */
	if (failure.error)
		ending.code = failure.error == ENOENT ? 127 : 126;
	ending.oom = counter(plan->oom_path, plan->oom_key) > oom_before;
	phase = DRAINING;
}

static void deliver(struct output *output)
{
	static char piece[OUTPUT_PIECE];

	while (output->open && clients_have_room()) {
		ssize_t n = read(output->fd, piece, sizeof piece);

		if (n > 0) {
			log_write(output->log, piece, (size_t)n);
			clients_send_output(output->type, piece, (size_t)n);
			if (phase < DRAINING)
				return;
			/* Others may hold the pipe and write on; that is not the process's any more. */
			output->remainder += (size_t)n;
			if (output->remainder < REMAINDER)
				continue;
		}
		if (n < 0 && (errno == EINTR || (errno == EAGAIN && phase < DRAINING)))
			return;
		/* The end of the file, or (EIO) of the terminal, or of what was left. */
		output->open = false;
		log_end(output->log);
	}
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
	clients_accept(); /* who came just before that */
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

enum { SIGNALS, LISTENER, CHANNEL, STATUS, OUTPUTS, INPUT = OUTPUTS + 2, CLIENTS, SLOTS = CLIENTS + MAX_CLIENTS };

static void watch(struct pollfd *set)
{
	bool room = clients_have_room();

	set[SIGNALS] = (struct pollfd){ .fd = signals, .events = POLLIN };
	set[LISTENER] = (struct pollfd){ .fd = listener, .events = POLLIN };
	set[CHANNEL] = (struct pollfd){ .fd = process.channel, .events = POLLIN };
	set[STATUS] = (struct pollfd){ .fd = status }; /* only whether it is closed */
	for (int i = 0; i < 2; i++)
		set[OUTPUTS + i] = (struct pollfd){
			.fd = outputs[i].open && room ? outputs[i].fd : -1, .events = POLLIN };
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
	for (int i = 0; i < 2; i++)
		if (set[OUTPUTS + i].revents || phase == DRAINING)
			deliver(&outputs[i]);
	if (set[INPUT].revents)
		input_flush();
	clients_serve(set + CLIENTS);
	if (set[LISTENER].revents)
		clients_accept();
	if (phase == DRAINING && !outputs[0].open && !outputs[1].open)
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

/* Signals are for the process; what happens to it decides about the monitor. */
static int take_signals(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU };
	sigset_t child;

	for (unsigned i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &child, NULL);
	return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void open_outputs(void)
{
	if (plan->has_terminal) {
		fcntl(master, F_SETFL, O_NONBLOCK);
		input_open(master, true);
		outputs[0] = (struct output){ master, true, '1', LOG_STDOUT, 0 };
	} else {
		input_open(process.in, false);
		outputs[0] = (struct output){ process.out, true, '1', LOG_STDOUT, 0 };
		outputs[1] = (struct output){ process.err, true, '2', LOG_STDERR, 0 };
	}
}

static void must(int result, const char *step, const char *attempt, const char *path)
{
	if (result >= 0)
		return;
	describe(&failure, step, attempt, path);
	give_up();
}

void monitor(struct plan *the_plan, int status_fd)
{
	plan = the_plan;
	status = status_fd;
	signals = take_signals();
	oom_before = counter(plan->oom_path, plan->oom_key);
	if (spawn(plan, &process, &failure) < 0)
		give_up();
	/* All this while the process works on its steps. */
	listener = listen_on(plan->socket_path);
	must(listener, "socket", "listen on %s", plan->socket_path);
	must(log_open(plan->log_path), "log", "open the log %s", plan->log_path);
	must(record_process(plan->pid_path, getpid(), process.pid), "pid-file", "write %s",
	     plan->pid_path);
	clients_open(listener);
	clients_request(&requests);
	await_ready();
	open_outputs();
	dprintf(status, "ready %d %d\n", getpid(), process.pid);
	supervise();
	abort();
}
