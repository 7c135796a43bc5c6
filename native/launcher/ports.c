/* The ports of the host that lead to the container, held so that no other program gets them. */
#define _GNU_SOURCE
#include "ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clients.h"

#define MAX_HELD 1024
#define SPARE (MAX_CLIENTS + 32) /* descriptors that clients and streams may need */

struct run {
	unsigned char family, protocol;
	uint16_t first, count;
	unsigned char address[16];
} __attribute__((packed));

_Static_assert(sizeof(struct run) == PORT_RUN_SIZE, "as in ports.h");

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static int held[MAX_HELD];
static unsigned held_count;

static socklen_t address_of(const struct run *run, unsigned port, union address *address)
{
	memset(address, 0, sizeof *address);
	if (run->family == 4) {
		address->four.sin_family = AF_INET;
		address->four.sin_port = htons((uint16_t)port);
		memcpy(&address->four.sin_addr, run->address, sizeof address->four.sin_addr);
		return sizeof address->four;
	}
	address->six.sin6_family = AF_INET6;
	address->six.sin6_port = htons((uint16_t)port);
	memcpy(&address->six.sin6_addr, run->address, sizeof address->six.sin6_addr);
	return sizeof address->six;
}

/* Old connections in TIME_WAIT are in nobody's way; the port is not to be shared afterwards. */
static int bind_alone(int fd, const union address *address, socklen_t size, bool tcp)
{
	int on = 1, off = 0, result;

	if (bind(fd, &address->any, size) == 0)
		return 0;
	if (errno != EADDRINUSE || !tcp)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	result = bind(fd, &address->any, size);
	if (result == 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &off, sizeof off);
	return result;
}

static int take(const struct run *run, unsigned port)
{
	bool tcp = run->protocol == IPPROTO_TCP;
	union address address;
	socklen_t size = address_of(run, port, &address);
	int least = 0, alone = run->family == 6;
	int fd = socket(address.any.sa_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (address.any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &alone, sizeof alone);
	/* Should datagrams come here after all, nobody will read them. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
	if (bind_alone(fd, &address, size, tcp) == 0)
		return fd;

	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

static int room(void)
{
	struct rlimit limit;
	rlim_t most = MAX_HELD;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < MAX_HELD + SPARE)
		most = limit.rlim_cur < SPARE ? 0 : limit.rlim_cur - SPARE;
	return (int)most - (int)held_count;
}

int ports_hold(const unsigned char *runs, size_t size, struct failure *failure)
{
	int left = room();
	struct run run;

	for (size_t at = 0; at + sizeof run <= size; at += sizeof run) {
		memcpy(&run, runs + at, sizeof run);
		for (unsigned i = 0; i < run.count && left > 0; i++, left--) {
			int fd = take(&run, run.first + i);

			if (fd < 0 && (errno == EMFILE || errno == ENFILE))
				return 0;
			if (fd < 0) {
				describe(failure, "port", "hold %s port %u",
					 run.protocol == IPPROTO_TCP ? "tcp" : "udp",
					 run.first + i);
				return -1;
			}
			held[held_count++] = fd;
		}
	}
	return 0;
}

void ports_release(void)
{
	while (held_count > 0)
		close(held[--held_count]);
}
