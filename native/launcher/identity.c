/* The steps of a plan that say who the process is and what it may do. */
#define _GNU_SOURCE
#include "identity.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "kernel.h"
#include "report.h"

void step_hostname(struct reader *r)
{
	const char *name = take_string(r);

	if (!r->bad && sethostname(name, strlen(name)) < 0)
		fail("hostname", "set the host name to %s", name);
}

void step_domainname(struct reader *r)
{
	const char *name = take_string(r);

	if (!r->bad && setdomainname(name, strlen(name)) < 0)
		fail("domainname", "set the domain name to %s", name);
}

void step_rlimit(struct reader *r)
{
	uint32_t resource = take_u32(r);
	struct rlimit limit = { .rlim_cur = take_u64(r) };

	limit.rlim_max = take_u64(r);
	if (!r->bad && setrlimit(resource, &limit) < 0)
		fail("rlimit", "set resource limit %u", resource);
}

void step_chdir(struct reader *r)
{
	const char *path = take_string(r);
	char found[PATH_MAX];

	if (r->bad)
		return;
	if (chdir(path) < 0)
		fail("chdir", "change to the working directory %s", path);
	/* A directory outside the root has no name, or one that begins with "(unreachable)". */
	if (syscall(SYS_getcwd, found, sizeof found) < 0 || found[0] != '/') {
		errno = EPERM;
		fail("chdir", "change to the working directory %s", path);
	}
}

void step_no_new_privileges(struct reader *r)
{
	(void)r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail("no-new-privileges", "give up new privileges");
}

void step_seccomp(struct reader *r)
{
	static struct sock_filter filter[BPF_MAXINSNS];
	struct bytes bytes = take_bytes(r);
	struct sock_fprog program = { .filter = filter };

	if (r->bad)
		return;
	if (bytes.size > sizeof filter || bytes.size % sizeof *filter != 0) {
		errno = EINVAL;
		fail("seccomp", "install a filter of %zu bytes", bytes.size);
	}
	memcpy(filter, bytes.data, bytes.size);
	program.len = (unsigned short)(bytes.size / sizeof *filter);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		fail("seccomp", "install the system call filter");
}

/*
 * So that /dev/stdout can be opened again by who is not root. A terminal keeps its group (tty);
 * /dev/null and the like are everybody's.
 */
static void give_streams_to(uid_t uid, gid_t gid)
{
	struct stat st;

	for (int fd = 0; fd <= 2; fd++) {
		bool terminal = isatty(fd);

		if (fstat(fd, &st) < 0 || !(S_ISFIFO(st.st_mode) || terminal))
			continue;
		if (fchown(fd, uid, terminal ? (gid_t)-1 : gid) < 0)
			fail("credentials", "give standard stream %d to user %u", fd, uid);
	}
}

#define HAS(set, capability) (((set) >> (capability)) & 1)

static void drop_bounding(uint64_t keep)
{
	for (unsigned capability = 0; capability < 64; capability++) {
		if (HAS(keep, capability) || prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL) /* past the last one that this kernel knows */
			return;
		fail("credentials", "drop capability %u", capability);
	}
}

static void raise_ambient(uint64_t set)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned capability = 0; capability < 64; capability++) {
		if (HAS(set, capability) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			fail("credentials", "raise capability %u", capability);
	}
}

struct sets {
	uint64_t effective, permitted, inheritable;
};

static int capabilities(long call, struct sets *sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(sets->effective >> (32 * i));
		data[i].permitted = (uint32_t)(sets->permitted >> (32 * i));
		data[i].inheritable = (uint32_t)(sets->inheritable >> (32 * i));
	}
	if (syscall(call, &header, data) < 0)
		return -1;
	sets->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	sets->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	sets->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

static void change_user(uid_t uid, gid_t gid, const gid_t *groups, size_t count)
{
	if (setgroups(count, groups) < 0)
		fail("credentials", "set %zu supplementary groups", count);
	if (setresgid(gid, gid, gid) < 0)
		fail("credentials", "become group %u", gid);
	/* The permitted set outlives the change of user, to be cut to size afterwards. */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setresuid(uid, uid, uid) < 0)
		fail("credentials", "become user %u", uid);
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
}

void step_credentials(struct reader *r)
{
	static gid_t groups[NGROUPS_MAX];
	uid_t uid = take_u32(r);
	gid_t gid = take_u32(r);
	uint32_t count = take_u32(r);
	uint64_t bounding, ambient;
	struct sets wanted, have = { 0 };

	for (uint32_t i = 0; i < count && !r->bad; i++)
		groups[i % NGROUPS_MAX] = take_u32(r);
	bounding = take_u64(r);
	wanted.effective = take_u64(r);
	wanted.permitted = take_u64(r);
	wanted.inheritable = take_u64(r);
	ambient = take_u64(r);
	if (r->bad)
		return;
	if (count > NGROUPS_MAX) {
		errno = EINVAL;
		fail("credentials", "set %u supplementary groups", count);
	}
	give_streams_to(uid, gid);
	drop_bounding(bounding);
	change_user(uid, gid, groups, count);
	if (capabilities(SYS_capget, &have) < 0)
		fail("credentials", "read the capabilities");
	wanted.permitted &= have.permitted;
	wanted.effective &= wanted.permitted;
	wanted.inheritable &= have.permitted;
	if (capabilities(SYS_capset, &wanted) < 0)
		fail("credentials", "set the capabilities");
	raise_ambient(ambient & wanted.permitted & wanted.inheritable);
}
