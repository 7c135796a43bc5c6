/* The plan as it arrives: little-endian bytes that plan-encoder.ts wrote, read in place. */
#include "plan.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC 0x314c5748u /* "HWL1" */
#define MAX_SIZE (16u << 20)

/* The next `size` bytes, or NULL if there are not so many. */
static unsigned char *take(struct reader *r, size_t size)
{
	unsigned char *here = r->at;

	if (r->bad || (size_t)(r->end - r->at) < size) {
		r->bad = true;
		return NULL;
	}
	r->at += size;
	return here;
}

uint32_t take_u32(struct reader *r)
{
	uint32_t value = 0;
	const unsigned char *from = take(r, sizeof value);

	if (from)
		memcpy(&value, from, sizeof value);
	return value;
}

uint64_t take_u64(struct reader *r)
{
	uint64_t value = 0;
	const unsigned char *from = take(r, sizeof value);

	if (from)
		memcpy(&value, from, sizeof value);
	return value;
}

struct bytes take_bytes(struct reader *r)
{
	struct bytes bytes = { .size = take_u32(r) };

	bytes.data = take(r, bytes.size);
	if (!bytes.data)
		bytes.size = 0;
	return bytes;
}

const char *take_string(struct reader *r)
{
	struct bytes bytes = take_bytes(r);

	if (bytes.size == 0 || bytes.data[bytes.size - 1] != '\0') {
		r->bad = true;
		return "";
	}
	return (const char *)bytes.data;
}

char **take_list(struct reader *r)
{
	static char *nothing[1];
	uint32_t count = take_u32(r);
	char **list;

	take(r, -(size_t)(r->at - r->base) % sizeof *list);
	list = (char **)(void *)take(r, ((size_t)count + 1) * sizeof *list);
	if (!list)
		return nothing;
	for (uint32_t i = 0; i < count; i++)
		list[i] = (char *)take_string(r);
	list[count] = NULL;
	return list;
}

static int read_fully(int fd, void *to, size_t size)
{
	for (size_t got = 0; got < size;) {
		ssize_t n = read(fd, (char *)to + got, size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0) {
			errno = EBADMSG;
			return -1;
		}
		got += (size_t)n;
	}
	return 0;
}

static void take_header(struct reader *r, struct plan *plan)
{
	plan->namespaces = take_u32(r);
	plan->join_count = take_u32(r);
	if (plan->join_count > MAX_JOINS) {
		plan->join_count = 0;
		r->bad = true;
	}
	for (unsigned i = 0; i < plan->join_count; i++) {
		plan->joins[i].kind = (int)take_u32(r);
		plan->joins[i].path = take_string(r);
	}
	plan->enter = (pid_t)take_u32(r);
	plan->enter_start = take_u64(r);
	plan->cgroups = take_list(r);
	plan->has_stdin = take_u32(r) != 0;
	plan->has_terminal = take_u32(r) != 0;
	plan->socket_path = take_string(r);
	plan->exit_path = take_string(r);
	plan->pid_path = take_string(r);
	plan->log_path = take_string(r);
	plan->oom_path = take_string(r);
	plan->oom_key = take_string(r);
	plan->on_exit = take_list(r);
	plan->ports = take_bytes(r);
	plan->step_count = take_u32(r);
}

int read_plan(int fd, struct plan *plan)
{
	uint32_t head[2]; /* magic, size of all that follows */
	unsigned char *base;
	struct reader r;

	if (read_fully(fd, head, sizeof head) < 0)
		return -1;
	if (head[0] != MAGIC || head[1] > MAX_SIZE) {
		errno = EBADMSG;
		return -1;
	}
	base = mmap(NULL, head[1] + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED || read_fully(fd, base, head[1]) < 0)
		return -1;
	r = (struct reader){ .base = base, .at = base, .end = base + head[1] };
	memset(plan, 0, sizeof *plan);
	take_header(&r, plan);
	if (r.bad) {
		errno = EBADMSG;
		return -1;
	}
	plan->steps = r;
	return 0;
}
