/* The time of day, as text. */
#include "clock.h"

#include <stdio.h>
#include <time.h>

void timestamp(char text[static TIMESTAMP_SIZE])
{
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(text, TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + 19, TIMESTAMP_SIZE - 19, ".%09dZ", (int)now.tv_nsec);
}
