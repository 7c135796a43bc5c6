/* The launcher runs from a copy of itself that nobody can write to. */
#define _GNU_SOURCE
#include "reexec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U /* Linux 6.3; demanded where vm.memfd_noexec is 1 */
#endif

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static _Noreturn void give_up(const char *attempt)
{
	dprintf(STDERR_FILENO, "hawser-launch: %s: %s\n", attempt, strerror(errno));
	exit(1);
}

static int memory_file(void)
{
	int fd = memfd_create("hawser-launch", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("hawser-launch", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

void become_sealed_copy(char **argv)
{
	ssize_t copied;
	int copy, self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (self < 0)
		give_up("open /proc/self/exe");
	if (fcntl(self, F_GET_SEALS) == ALL_SEALS) {
		close(self);
		return;
	}
	copy = memory_file();
	if (copy < 0)
		give_up("make a memory file");
	do
		copied = sendfile(copy, self, NULL, 1 << 24);
	while (copied > 0);
	if (copied < 0)
		give_up("copy the program");
	if (fcntl(copy, F_ADD_SEALS, ALL_SEALS) < 0)
		give_up("seal the copy");
	fexecve(copy, argv, environ);
	give_up("execute the copy");
}
