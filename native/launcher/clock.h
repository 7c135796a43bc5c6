/* The time of day, as text. */
#ifndef CLOCK_H
#define CLOCK_H

#define TIMESTAMP_SIZE 32 /* "2016-10-06T00:17:09.669794202Z" and its end */

/* RFC 3339 with nanoseconds, UTC, always 30 characters long. */
void timestamp(char text[static TIMESTAMP_SIZE]);

#endif
