/*
 * The last walls, where an OCI runtime built the others: those that it cannot be told of. The filter is up already when the
 * guest starts, so nothing here needs a call that the profiles' list does not have: no path is opened.
 *
 * Who has a channel but no runtime's words (the native spawner's guest) does nothing here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"
#include "guest.h"

#define SYS_LANDLOCK_RESTRICT_SELF 446

_Noreturn static void fail(int answer, enum wall wall)
{
	struct missing_wall missing = {.wall = wall, .error = (uint32_t)errno};

	_exit(send(answer, &missing, sizeof missing, MSG_NOSIGNAL) < 0 ? 2 : 1);
}

/* CAP_SETPCAP, which the runtime left for this, is gone afterwards where `keep` has none. */
static bool lock_capabilities(uint32_t securebits, uint64_t keep)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	uint32_t low = (uint32_t)keep, high = (uint32_t)(keep >> 32);
	struct __user_cap_data_struct sets[2] = {{low, low, 0}, {high, high, 0}};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return false;
	for (unsigned capability = 0; capability < 64; capability++)
		if ((keep & 1ULL << capability) == 0 && prctl(PR_CAPBSET_READ, capability) == 1 &&
		    prctl(PR_CAPBSET_DROP, capability) < 0)
			return false;
	if (securebits != 0 && prctl(PR_SET_SECUREBITS, (unsigned long)securebits) < 0)
		return false;
	return syscall(SYS_capset, &header, sets) == 0;
}

void confine(const struct handed *handed)
{
	if (handed->ruleset == 0)
		return;
	if (!lock_capabilities((uint32_t)handed->securebits, handed->capabilities))
		fail((int)handed->answer, WALL_CAPABILITIES);
	if (syscall(SYS_LANDLOCK_RESTRICT_SELF, (int)handed->ruleset, 0) < 0)
		fail((int)handed->answer, WALL_LANDLOCK);
	close((int)handed->ruleset);
	close((int)handed->binary);
	close((int)handed->answer); /* the end of the message is the message */
}
