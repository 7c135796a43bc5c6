/* System calls that C libraries of the day do not all wrap. */
#ifndef KERNEL_H
#define KERNEL_H

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* From linux/mount.h, which does not get on with glibc's sys/mount.h. */
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x00000004
#define MOVE_MOUNT_T_EMPTY_PATH 0x00000040
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#define ATTRIBUTE_RDONLY 0x00000001 /* MOUNT_ATTR_RDONLY */

/* struct mount_attr */
struct mount_attributes {
	uint64_t set, clear, propagation, userns_fd;
};

/* From linux/fs.h and linux/magic.h */
#define DEVPTS_MAGIC 0x1cd1
#define PROC_MAGIC 0x9fa0

static inline int sys_openat2(int dir, const char *path, const struct open_how *how)
{
	return (int)syscall(SYS_openat2, dir, path, how, sizeof *how);
}

static inline int sys_open_tree(int dir, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dir, path, flags);
}

/* Puts the unattached mount `tree` on what `target` is open on. */
static inline int sys_move_mount(int tree, int target)
{
	return (int)syscall(SYS_move_mount, tree, "", target, "",
			    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* `flags`: 0 or AT_RECURSIVE */
static inline int sys_mount_setattr(int mount, unsigned flags, const struct mount_attributes *attr)
{
	return (int)syscall(SYS_mount_setattr, mount, "", flags | AT_EMPTY_PATH, attr, sizeof *attr);
}

static inline int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

#endif
