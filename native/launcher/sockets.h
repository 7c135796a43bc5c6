/* The monitor's socket. */
#ifndef SOCKETS_H
#define SOCKETS_H

/*
 * Listens on a path of any length, in place of what is there; only the owner may connect. Returns
 * the descriptor, or -1 with errno.
 */
int listen_on(const char *path);

#endif
