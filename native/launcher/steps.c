/* All steps of a plan, by number. */
#include "steps.h"

#include <errno.h>

#include "execute.h"
#include "files.h"
#include "identity.h"
#include "mounts.h"
#include "report.h"
#include "terminal.h"

/* The numbers are those of plan-encoder.ts. */
static void (*const steps[])(struct reader *) = {
	[1] = step_propagation,
	[2] = step_overlay,
	[3] = step_root,
	[4] = step_mount,
	[5] = step_bind,
	[6] = step_attributes,
	[7] = step_mask,
	[8] = step_readonly,
	[9] = step_mkdir,
	[10] = step_symlink,
	[11] = step_mknod,
	[12] = step_sysctl,
	[13] = step_hostname,
	[14] = step_domainname,
	[15] = step_terminal,
	[16] = step_pivot_root,
	[17] = step_chdir,
	[18] = step_rlimit,
	[19] = step_oom_score,
	[20] = step_no_new_privileges,
	[21] = step_seccomp,
	[22] = step_credentials,
	[23] = step_exec,
};

void run_steps(struct plan *plan)
{
	struct reader *r = &plan->steps;

	for (uint32_t i = 0; i < plan->step_count && !r->bad; i++) {
		uint32_t number = take_u32(r);

		if (number == 0 || number >= sizeof steps / sizeof *steps)
			r->bad = true;
		else
			steps[number](r);
	}
	errno = EBADMSG;
	fail("plan", "read the plan");
}
