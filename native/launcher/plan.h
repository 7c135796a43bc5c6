/* The plan as it arrives: little-endian bytes that plan-encoder.ts wrote, read in place. */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Where reading has got to. A read past the end yields zeros and sets `bad` for good. */
struct reader {
	unsigned char *base, *at, *end;
	bool bad;
};

struct bytes {
	const unsigned char *data;
	size_t size;
};

uint32_t take_u32(struct reader *r);
uint64_t take_u64(struct reader *r);
struct bytes take_bytes(struct reader *r);
/* Never NULL; "" where there is nothing. */
const char *take_string(struct reader *r);
/* Ends with NULL, as execve(2) likes it; the plan itself has room for the pointers. */
char **take_list(struct reader *r);

#define MAX_JOINS 8

struct join {
	int kind; /* CLONE_NEW* */
	const char *path;
};

struct plan {
	uint64_t namespaces; /* CLONE_NEW* of those to make */
	struct join joins[MAX_JOINS];
	unsigned join_count;
	pid_t enter; /* whose namespaces to join, or 0 */
	uint64_t enter_start; /* its start time, or 0 for unknown */
	char **cgroups;
	bool has_stdin, has_terminal;
	/* Paths; "" is none. */
	const char *socket_path, *exit_path, *pid_path, *log_path, *oom_path, *oom_key;
	char **on_exit;
	struct bytes ports; /* runs of ports to hold (ports.h) */
	uint32_t step_count;
	struct reader steps;
};

/* Reads a whole plan. Returns -1 with errno; EBADMSG is a plan that makes no sense. */
int read_plan(int fd, struct plan *plan);

#endif
