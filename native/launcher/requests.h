/* What clients ask of the monitor (the frames are described in clients.h). */
#ifndef REQUESTS_H
#define REQUESTS_H

struct requests {
	void (*start)(void);
	void (*signal)(int number);
	void (*resize)(unsigned rows, unsigned columns);
	void (*done)(void);
};

/* Who carries them out. Input goes to input.h, ports to ports.h, and what
 * concerns a client alone stays with it. */
void requests_to(const struct requests *requests);

#endif
