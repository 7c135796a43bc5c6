/* What clients ask of the monitor. */
#include "requests.h"

#include <string.h>

#include "client.h"
#include "input.h"
#include "ports.h"

#define MAX_REQUEST PORT_RUN_SIZE /* the longest frame that is not input */

static const struct requests *ask;
static struct failure lost; /* to hold a port; who asked finds it with somebody else */

void requests_to(const struct requests *requests)
{
	ask = requests;
}

static uint16_t u16(const unsigned char *from)
{
	return (uint16_t)(from[0] | from[1] << 8);
}

/* Carries out one request; false if it makes no sense. */
static bool handle(struct client *c, char type, const unsigned char *data, size_t size)
{
	switch (type) {
	case 'A':
		if (size != 1)
			return false;
		c->gives_input = data[0] & 1;
		c->wants_output = data[0] & 2;
		c->foreground = data[0] & 4;
		return true;
	case 'S':
		ask->start();
		return true;
	case 'C':
		if (c->gives_input)
			input_finish();
		return true;
	case 'W':
		if (size != 4)
			return false;
		ask->resize(u16(data), u16(data + 2));
		return true;
	case 'K':
		if (size != 1)
			return false;
		ask->signal(data[0]);
		return true;
	case 'H':
		return size == PORT_RUN_SIZE && ports_hold(data, size, &lost) == 0;
	case 'U':
		ports_release();
		return true;
	case 'O':
		c->owner = true;
		return true;
	case 'D':
		if (c->owner)
			ask->done();
		return true;
	default:
		return false;
	}
}

static void consume(struct client *c, size_t size)
{
	c->received_size -= size;
	memmove(c->received, c->received + size, c->received_size);
}

/* Passes input on; false if standard input had no room for all that is here. */
static bool pass_input(struct client *c)
{
	size_t here = c->received_size < c->input_left ? c->received_size : c->input_left;
	size_t taken = c->gives_input ? input_offer(c->received, here) : here;

	c->input_left -= (uint32_t)taken;
	consume(c, taken);
	return taken == here;
}

void client_understand(struct client *c)
{
	while (c->connected) {
		uint32_t size;
		char type;

		if (c->input_left > 0 && (!pass_input(c) || c->input_left > 0))
			return;
		if (c->received_size < HEADER_SIZE)
			return;
		type = c->received[0];
		memcpy(&size, c->received + 1, sizeof size);
		if (type == 'I') {
			c->input_left = size;
			consume(c, HEADER_SIZE);
			continue;
		}
		if (size <= MAX_REQUEST && c->received_size < HEADER_SIZE + size)
			return;
		if (size > MAX_REQUEST ||
		    !handle(c, type, (unsigned char *)c->received + HEADER_SIZE, size)) {
			client_drop(c);
			return;
		}
		if (c->connected)
			consume(c, HEADER_SIZE + size);
	}
}
