/* The ports of the host that lead to the container, held so that no other program gets them. */
#ifndef PORTS_H
#define PORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "report.h"

/*
 * A run of ports on one address, as plan and clients write it, without padding:
 *   u8 family: 4; 6; 0 is an IPv6 socket that takes the same port of IPv4 along
 *   u8 protocol, u16 first, u16 count, 16 bytes of address (IPv4 in the first four)
 */
#define PORT_RUN_SIZE 22

/*
 * Binds a socket to each port, which never listens: to others the port is in use, and the rules of the
 * firewall see its packets before any socket could. Returns -1 with a failure if somebody has one.
 * Where descriptors run short the rest is left.
 */
int ports_hold(const unsigned char *runs, size_t size, struct failure *failure);

/* Lets all of them go. */
void ports_release(void);

#endif
