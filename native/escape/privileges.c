/* Ids, capabilities and the switches that keep them from growing. */
#include "probe.h"

#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* What a root job of the packages profile may hold; anything more is a leak. */
static const uint64_t PACKAGES = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER | 1u << CAP_SETUID
	| 1u << CAP_SETGID;

static unsigned long long status_field(const char *field, int base)
{
	char status[4096];
	if (slurp("/proc/self/status", status, sizeof status) <= 0)
		untried("no /proc/self/status");
	const char *at = strstr(status, field);
	if (at == NULL)
		untried("no %s in /proc/self/status", field);
	return strtoull(at + strlen(field), NULL, base);
}

static void surplus(const struct probe *probe)
{
	unsigned long long set = status_field(probe->text, 16);
	unsigned long long allowed = geteuid() == 0 ? PACKAGES : 0;
	if (strcmp(probe->text, "CapBnd:") == 0)
		allowed = PACKAGES;
	if ((set & ~allowed) != 0)
		worked("%s %llx, of which %llx is too much", probe->text, set, set & ~allowed);
	else
		refused("%s %llx", probe->text, set);
}

/* A control has kept uid 0 as saved id, as a careless launcher does. */
static void become_root(const struct probe *probe)
{
	(void)probe;
	if (geteuid() == 0 && !world.control) {
		harmless("already uid 0 of its own user namespace, as asked");
		return;
	}
	if (world.control)
		syscall(SYS_setresuid, 1000, 1000, 0);
	decide(TRY(setresuid, 0, 0, 0), "");
}

static void become_root_group(const struct probe *probe)
{
	(void)probe;
	if (geteuid() == 0 && !world.control)
		harmless("SETGID over the groups of its own user namespace");
	else
		decide(TRY(setresgid, 0, 0, 0), "");
}

static void set_groups(const struct probe *probe)
{
	(void)probe;
	gid_t groups[2] = { 0, 6 };
	if (geteuid() == 0 && !world.control)
		harmless("SETGID over the groups of its own user namespace");
	else
		decide(TRY(setgroups, 2, groups), "");
}

static void inherited_groups(const struct probe *probe)
{
	(void)probe;
	gid_t groups[64];
	long count = TRY(getgroups, 64, groups);
	for (long i = 0; i < count; i++)
		if (groups[i] != getegid()) {
			worked("group %u and %ld in all", groups[i], count);
			return;
		}
	refused("none but its own");
}

static void host_groups(void)
{
	gid_t groups[] = { 4, 27 };
	syscall(SYS_setgroups, 2, groups);
}

static void unmapped_user(const struct probe *probe)
{
	(void)probe;
	decide(TRY(setresuid, 200000, 200000, 200000), "uid 200000");
}

static void unmapped_owner(const struct probe *probe)
{
	(void)probe;
	if (!spill(scratch("owned"), "x"))
		untried("no file in %s", world.scratch);
	decide(TRY(chown, scratch("owned"), 200000, 200000), "uid 200000");
}

static void identity_map(const struct probe *probe)
{
	(void)probe;
	char map[256];
	unsigned inside, onto, count;
	if (slurp("/proc/self/uid_map", map, sizeof map) <= 0 || sscanf(map, "%u %u %u", &inside, &onto, &count) != 3)
		untried("no /proc/self/uid_map");
	if (inside == 0 && onto == 0)
		worked("uid 0 here is uid 0 of the host");
	else
		refused("uid %u here is %u outside", inside, onto);
}

static void widen_map(const struct probe *probe)
{
	(void)probe;
	long fd = TRY(openat, AT_FDCWD, "/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		refused("");
	else
		decide(TRY(write, fd, "0 0 1", 5), "");
}

static void fresh_user_namespace(void)
{
	if (unshare(CLONE_NEWUSER) == -1)
		untried("arena: unshare: errno %d", errno);
}

static void take_capabilities(const struct probe *probe)
{
	(void)probe;
	struct cap_header self = { CAP_VERSION_3, 0 };
	struct cap_data all[2] = { { 1u << CAP_SYS_ADMIN, 1u << CAP_SYS_ADMIN, 1u << CAP_SYS_ADMIN }, { 0, 0, 0 } };
	decide(TRY(capset, &self, all), "CAP_SYS_ADMIN");
}

static void raise_ambient(const struct probe *probe)
{
	(void)probe;
	struct cap_header self = { CAP_VERSION_3, 0 };
	struct cap_data held[2];
	syscall(SYS_capget, &self, held);
	held[0].inheritable |= 1u << CAP_SYS_ADMIN;
	syscall(SYS_capset, &self, held);
	decide(TRY(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0), "");
}

static void change_securebits(const struct probe *probe)
{
	(void)probe;
	/* SECBIT_KEEP_CAPS: capabilities that survive a change of uid. */
	decide(TRY(prctl, PR_SET_SECUREBITS, 1 << 4, 0, 0, 0), "");
}

static void may_gain_by_exec(const struct probe *probe)
{
	(void)probe;
	long on = TRY(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	if (on == 0)
		worked("no_new_privs is off");
	else
		refused("no_new_privs is on, and nothing turns it off");
}

static void unfiltered(const struct probe *probe)
{
	(void)probe;
	unsigned long long mode = status_field("Seccomp:", 10);
	if (mode == 0)
		worked("no filter");
	else
		refused("mode %llu", mode);
}

/* Runs a copy of this program as uid 1000 and says what it came back with. */
static void run_copy(const char *path, const char *how)
{
	pid_t child = fork();
	if (child == 0) {
		syscall(SYS_setgroups, 0, NULL);
		syscall(SYS_setresgid, 1000, 1000, 1000);
		syscall(SYS_setresuid, 1000, 1000, 1000);
		TRY(execve, path, ((char *[]){ "redoubt-escape", "ids", NULL }), ((char *[]){ NULL }));
		_exit(126);
	}
	int status = 0;
	waitpid(child, &status, 0);
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (code == 10 || code == 11)
		worked("%s: %s", how, code == 10 ? "uid 0" : "capabilities");
	else if (code == 126)
		refused("%s: not executed", how);
	else
		refused("%s: exec gave nothing", how);
}

static const char *setuid_program(void)
{
	static const char *const PROGRAMS[] = {
		"/usr/bin/su", "/bin/su", "/usr/bin/passwd", "/usr/bin/mount", "/bin/mount", "/usr/bin/chsh", "/usr/bin/sudo",
	};
	struct stat status;
	for (size_t i = 0; i < sizeof PROGRAMS / sizeof *PROGRAMS; i++)
		if (stat(PROGRAMS[i], &status) == 0 && status.st_uid == 0 && (status.st_mode & S_ISUID) != 0)
			return PROGRAMS[i];
	return NULL;
}

/* As root a copy of this program, as a user whatever the image has. */
static void run_setuid(const struct probe *probe)
{
	(void)probe;
	if (geteuid() == 0) {
		const char *copy = copy_of_self("setuid");
		if (TRY(chmod, copy, 04755) == -1)
			refused("no setuid file can be made");
		else
			run_copy(copy, "setuid copy");
		return;
	}
	const char *program = setuid_program();
	if (program == NULL) {
		may_gain_by_exec(probe);
		return;
	}
	pid_t child = fork();
	if (child == 0) {
		setpgid(0, 0);
		int nothing = open("/dev/null", O_RDWR);
		dup2(nothing, 0);
		dup2(nothing, 1);
		dup2(nothing, 2);
		execl(program, program, "--version", NULL);
		_exit(126);
	}
	/* Its ids are read while it runs, for it says nothing of them itself. */
	char path[64], status[4096];
	snprintf(path, sizeof path, "/proc/%d/status", child);
	bool gained = false;
	while (!gained && waitpid(child, NULL, WNOHANG) == 0)
		gained = slurp(path, status, sizeof status) > 0 && strstr(status, "\t0\t0\t0\n") != NULL;
	waitpid(child, NULL, 0);
	if (gained)
		worked("%s runs as uid 0", program);
	else
		refused("%s stays uid %u", program, getuid());
}

/* A version 2 file capability: all of CAP_SYS_ADMIN permitted and effective (linux/capability.h). */
static void run_file_capabilities(const struct probe *probe)
{
	(void)probe;
	const uint32_t wanted[5] = { 0x02000001, 1u << CAP_SYS_ADMIN, 0, 0, 0 };
	const char *copy = copy_of_self("capable");
	if (TRY(setxattr, copy, "security.capability", wanted, sizeof wanted, 0) == -1)
		refused("no file capability can be set");
	else
		run_copy(copy, "file capability");
}

const struct probe privilege_probes[] = {
	{ "effective-capabilities", "more capabilities than its profile has", .walls = "A", .attack = surplus,
		.text = "CapEff:" },
	{ "bounding-set", "capabilities that an exec could still bring", .walls = "A", .attack = surplus, .text = "CapBnd:" },
	{ "set-uid-0", "root, from a user", .walls = "BA", .attack = become_root },
	{ "set-gid-0", "root's group, from a user", .walls = "BA", .attack = become_root_group },
	{ "set-groups", "root's and disk's group", .walls = "BA", .attack = set_groups },
	{ "inherited-groups", "groups of the process that started it", .walls = "A", .attack = inherited_groups,
		.arena = host_groups },
	{ "unmapped-uid", "a uid of the host or of a neighbour", .walls = "BA", .attack = unmapped_user },
	{ "unmapped-owner", "files of a host's user or of a neighbour", .walls = "BA", .attack = unmapped_owner },
	{ "identity-id-map", "uid 0 of the host behind uid 0 of the sandbox", .walls = "A", .attack = identity_map },
	{ "widen-id-map", "an id map of its own", .walls = "AC", .attack = widen_map, .arena = fresh_user_namespace },
	{ "capset", "a capability back that was dropped", .walls = "BA", .attack = take_capabilities },
	{ "ambient-capability", "a capability for every later program", .walls = "BA", .attack = raise_ambient },
	{ "securebits", "capabilities that survive a change of uid", .walls = "BA", .attack = change_securebits },
	{ "no-new-privs", "setuid programs that work", .walls = "A", .attack = may_gain_by_exec },
	{ "seccomp-mode", "every system call", .walls = "B", .attack = unfiltered },
	{ "setuid-program", "uid 0 by a setuid program", .walls = "A", .attack = run_setuid },
	{ "file-capabilities", "CAP_SYS_ADMIN by a file's capabilities", .walls = "A", .attack = run_file_capabilities },
	{ 0 },
};
