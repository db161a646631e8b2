/*
 * Places without walls. A control must not disturb the host, so what an attack would change is given to it
 * first: a root, namespaces, a victim. All of it dies with the process.
 */
#include "probe.h"

#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(const char *step, long result)
{
	if (result == -1)
		untried("arena: %s: errno %d", step, errno);
}

static void place(const char *source, const char *directory, const char *type, unsigned long flags, const char *data)
{
	must(directory, mkdir(directory, 0755) == -1 && errno != EEXIST ? -1 : 0);
	must(directory, mount(source, directory, type, flags, data));
}

/* lo of a new network namespace is down, and a connect would then say ENETUNREACH for the wrong reason. */
static void loopback_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	must("lo up", ioctl(fd, SIOCSIFFLAGS, &lo));
	close(fd);
}

static void own_root(void)
{
	must("private propagation", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must("root", mount("redoubt-escape", world.scratch, "tmpfs", 0, "mode=755"));
	must("root", chdir(world.scratch));
	place("/dev", "dev", NULL, MS_BIND | MS_REC, NULL);
	place("redoubt-escape", "dev/shm", "tmpfs", 0, NULL);
	place("proc", "proc", "proc", 0, NULL);
	place("sysfs", "sys", "sysfs", 0, NULL);
	place("redoubt-escape", "tmp", "tmpfs", 0, NULL);
	must("pivot_root", syscall(SYS_pivot_root, ".", "."));
	must("old root", umount2(".", MNT_DETACH));
	must("root", chdir("/"));
	must("scratch", mkdir(world.scratch, 0777));
}

/* PID 1 of the arena: reaps until the attacker ends, so that orphans have somebody to fall to. */
static void attend(pid_t attacker)
{
	int status = 0;
	for (;;) {
		pid_t ended = waitpid(-1, &status, 0);
		if (ended == attacker || (ended == -1 && errno == ECHILD))
			_exit(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	}
}

/* relay() for a PID 1, which cannot be killed by the signal that killed its child: it comes as exit code. */
static void relay_first(pid_t first)
{
	int status = 0;
	waitpid(first, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		untried("arena: the attacker was killed by signal %d", WEXITSTATUS(status));
	_exit(0);
}

void arena_private(void)
{
	must("unshare", unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP));
	pid_t first = fork();
	must("fork", first);
	if (first > 0)
		relay_first(first);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	own_root();
	loopback_up();
	pid_t attacker = fork();
	must("fork", attacker);
	if (attacker > 0)
		attend(attacker);
}

void arena_masked(void)
{
	arena_private();
	must("mask", mount("/dev/null", "/proc/timer_list", NULL, MS_BIND, NULL));
	must("read-only bind", mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL));
	must("read-only bind", mount(NULL, "/proc/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
}

void arena_jail(void)
{
	must("chroot", chroot(world.scratch));
	must("chdir", chdir("/"));
}

void arena_leaky_jail(void)
{
	must("outside", open("/", O_RDONLY | O_DIRECTORY));
	arena_jail();
}

static void lie_still(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

void arena_victim(void)
{
	world.target = fork();
	must("fork", world.target);
	if (world.target == 0)
		lie_still();
}

void arena_contained_victim(void)
{
	unsigned long all = NEW_USER | NEW_MOUNT | NEW_PID | NEW_NET | NEW_IPC | NEW_UTS | NEW_CGROUP;
	world.target = (pid_t)syscall(SYS_clone, all | SIGCHLD, 0, 0, 0, 0);
	must("clone", world.target);
	if (world.target == 0)
		lie_still();
}

void arena_guest_victim(void)
{
	int ready[2];
	must("pipe", pipe(ready));
	world.target = fork();
	must("fork", world.target);
	if (world.target == 0) {
		syscall(SYS_setresgid, GUEST_UID, GUEST_UID, GUEST_UID);
		syscall(SYS_setresuid, GUEST_UID, GUEST_UID, GUEST_UID);
		/* A change of ids makes a process undumpable, which is the wall that this arena is without. */
		prctl(PR_SET_DUMPABLE, 1);
		close(ready[0]);
		close(ready[1]);
		lie_still();
	}
	close(ready[1]);
	char none;
	must("victim", read(ready[0], &none, 1));
	close(ready[0]);
}
