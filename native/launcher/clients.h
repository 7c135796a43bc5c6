/* The monitor's clients: who follows the output, who gives input, who cleans up in the end. */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Both ways frames are a type byte, a little-endian 32-bit size, and so many bytes. From a client:
 *   'A' flags      attach: 1 gives input, 2 wants output, 4 is the foreground
 *   'S'            start: let the process execute its program
 *   'I' bytes      standard input          'C'  no more of it
 *   'W' u16 u16    terminal size: rows, columns
 *   'K' u8         send the process a signal
 *   'H' run        hold these ports of the host (ports.h)    'U'  let all of them go
 *   'O'            this client owns the clean-up          'D'  the clean-up is done
 * To a client:
 *   'R'            running                 'F' "step errno attempt"  it could not be executed
 *   '1' '2' bytes  output, of an attached client that wants it
 *   'X' i32 u8 u8 text   the end: exit code, signal, whether out of memory, the time
 *
 * Every client has room for 64 KB that it has not read yet. The process waits for a foreground
 * client that has less than a piece of output left (a pipeline must lose nothing); any other client
 * that falls so far behind is dropped.
 */
#define MAX_CLIENTS 256 /* the room for each takes memory only once it is used */
#define OUTPUT_PIECE 16384 /* the longest output to be sent at once */

/* Prepares to accept from a listening socket. */
void clients_open(int listener);
void clients_accept(void);

/* Fills in MAX_CLIENTS entries to poll; serves what came of it. */
void clients_watch(struct pollfd *set);
void clients_serve(const struct pollfd *set);

/* To those that want output, or to all. */
void clients_send_output(char type, const void *data, size_t size);
void clients_send_all(char type, const void *data, size_t size);

/* Whether all that the process waits for could take a piece of output now. */
bool clients_have_room(void);

/* Whether a client that owns the clean-up is there. */
bool clients_own(void);
/* Whether something is still to be sent: to the foreground, or to anybody. */
bool clients_pending(bool foreground_only);

#endif
