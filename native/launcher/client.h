/* One client of the monitor: clients.c talks to it, requests.c understands it. */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEADER_SIZE 5 /* of a frame: type, size */
#define PAGE 4096

struct client {
	/* What has come and is not yet understood, or finds no room in standard input. */
	char received[16384];
	/* What the socket has not taken yet: [sent, queued). */
	char queue[65536];
	size_t received_size, sent, queued;
	uint32_t input_left; /* bytes to come of the input frame that is being read */
	int fd;
	bool connected, gives_input, wants_output, foreground, owner;
} __attribute__((aligned(PAGE)));

/* Carries out what has been received, as far as it is complete. May drop the client. */
void client_understand(struct client *c);

void client_drop(struct client *c);

#endif
