/* Paths of the container, resolved so that they cannot lead out of it. */
#ifndef ROOT_H
#define ROOT_H

#include <stdint.h>
#include <sys/types.h>

/* The root from here on. Returns -1 with errno. */
int root_open(const char *path);
int root_fd(void);

/*
 * Opens what `path` names in the container, following its links as if chrooted (openat2(2),
 * RESOLVE_IN_ROOT, no magic links). `flags` as open(2); O_CLOEXEC is added. Returns -1 with errno.
 */
int root_resolve(const char *path, uint64_t flags);

/* The directory `path`, made with its parents if it is not there; an O_PATH descriptor. */
int root_directory(const char *path, mode_t mode);

/* The file `path`, made empty if nothing is there; an O_PATH descriptor. */
int root_file(const char *path);

/* The directory that holds `path`, made if need be; `*name` is the last component. */
int root_parent(const char *path, const char **name);

/* A descriptor's name in /proc, for calls that take only a path. Valid until the next call. */
const char *fd_path(int fd);

#endif
