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
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"
#include "guest.h"

#define SYS_LANDLOCK_RESTRICT_SELF 446

/* Alive until the builder knows us: whom it cannot find any more it cannot hear either. */
_Noreturn static void fail(int answer, enum wall wall)
{
	struct missing_wall missing = {.wall = wall, .error = (uint32_t)errno};
	char go;

	_exit(send(answer, &missing, sizeof missing, MSG_NOSIGNAL) < 0 || recv(answer, &go, sizeof go, 0) < 0 ? 2 : 1);
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

/*
 * What shows whoever holds it that we are behind Landlock (sandbox.c, open_witness). Where the filter leaves opens to the broker,
 * who does not know this sandbox yet, the builder lets this one pass.
 */
static bool leave_witness(void)
{
	int witness = open("/proc/interrupts", O_RDONLY | O_CLOEXEC);

	return witness >= 0 && dup3(witness, WITNESS_FD, O_CLOEXEC) == WITNESS_FD && close(witness) == 0;
}

/*
 * The kernel sends the death signal whenever a parent ends, and the runtime is our first one. The builder says when it is gone
 * and we are the spawner's child: from then on its end is ours, whatever state we are in. It may have ended before we asked.
 */
static void die_with_spawner(int answer, int life)
{
	struct pollfd gone = {.fd = life, .events = POLLIN};
	char go;

	if (recv(answer, &go, sizeof go, 0) != sizeof go || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || poll(&gone, 1, 0) != 0)
		_exit(1);
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
	if (!leave_witness())
		fail((int)handed->answer, WALL_LANDLOCK);
	die_with_spawner((int)handed->answer, (int)handed->life);
	close((int)handed->binary);
	close((int)handed->answer); /* the end of the message is the message */
}
