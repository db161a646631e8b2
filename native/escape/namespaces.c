/* New namespaces, other namespaces, and what a nested user namespace would open. */
#include "probe.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child of a raw clone goes on in a copy of this stack frame, as after fork. */
static void end_child(long pid)
{
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
}

static void unshare_one(const struct probe *probe)
{
	decide(TRY(unshare, probe->value), "");
}

static void clone_one(const struct probe *probe)
{
	long pid = TRY(clone, (unsigned long)probe->value | SIGCHLD, 0, 0, 0, 0);
	end_child(pid);
	decide(pid, "");
}

static void clone3_one(const struct probe *probe)
{
	struct clone3_args arguments = { .flags = (uint64_t)probe->value, .exit_signal = SIGCHLD };
	long pid = TRY(clone3, &arguments, sizeof arguments);
	end_child(pid);
	decide(pid, "");
}

static void clone3_chosen_pid(const struct probe *probe)
{
	(void)probe;
	pid_t wanted = 30011;
	while (kill(wanted, 0) == 0)
		wanted++;
	struct clone3_args arguments = {
		.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted, .set_tid_size = 1
	};
	long pid = TRY(clone3, &arguments, sizeof arguments);
	end_child(pid);
	decide(pid, "pid %d", wanted);
}

static void clone3_other_cgroup(const struct probe *probe)
{
	(void)probe;
	long directory = TRY(openat, AT_FDCWD, "/sys/fs/cgroup/unified", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory == -1)
		directory = TRY(openat, AT_FDCWD, "/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory == -1) {
		refused("no cgroup directory in reach");
		return;
	}
	struct clone3_args arguments = {
		.flags = INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)directory
	};
	long pid = TRY(clone3, &arguments, sizeof arguments);
	end_child(pid);
	decide(pid, "");
}

static long open_namespace(pid_t pid, const char *kind)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, kind);
	return TRY(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

static void enter_namespace(const struct probe *probe)
{
	long fd = open_namespace(world.target, probe->text);
	if (fd == -1) {
		refused("/proc/%d/ns/%s", world.target, probe->text);
		return;
	}
	decide(TRY(setns, fd, probe->value), "");
}

static void enter_by_pidfd(const struct probe *probe)
{
	(void)probe;
	long fd = TRY(pidfd_open, world.target, 0);
	if (fd == -1) {
		refused("");
		return;
	}
	decide(TRY(setns, fd, NEW_MOUNT | NEW_NET | NEW_IPC | NEW_UTS), "");
}

static void ask_pidfd(const struct probe *probe)
{
	long process = TRY(pidfd_open, world.target, 0);
	if (process == -1)
		refused("");
	else
		decide(TRY(ioctl, process, probe->value, 0), "");
}

/* Inside, the question is asked of our own namespace; a control asks it of its victim's, whose parent is ours. */
static void ask_namespace(const struct probe *probe)
{
	long fd = open_namespace(world.control ? world.target : getpid(), probe->text);
	if (fd == -1) {
		refused("");
		return;
	}
	decide(TRY(ioctl, fd, probe->value, 0), "of %s", probe->text);
}

/* Becomes root of a new user namespace together with others; says so itself when that is refused. */
static bool nest(unsigned long others)
{
	char users[32], groups[32];
	snprintf(users, sizeof users, "0 %u 1", geteuid());
	snprintf(groups, sizeof groups, "0 %u 1", getegid());
	if (TRY(unshare, NEW_USER | others) == -1) {
		refused("");
		return false;
	}
	spill("/proc/self/setgroups", "deny");
	spill("/proc/self/uid_map", users);
	spill("/proc/self/gid_map", groups);
	return true;
}

static void nested_mount(const struct probe *probe)
{
	(void)probe;
	if (nest(NEW_MOUNT))
		decide(TRY(mount, "none", world.scratch, "tmpfs", 0, NULL), "");
}

static void nested_packet_socket(const struct probe *probe)
{
	(void)probe;
	if (nest(NEW_NET))
		decide(TRY(socket, AF_PACKET, SOCK_RAW, 0), "");
}

static void nested_overlay(const struct probe *probe)
{
	(void)probe;
	if (!nest(NEW_MOUNT))
		return;
	char options[512];
	snprintf(options, sizeof options, "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work,userxattr", world.scratch,
		world.scratch, world.scratch);
	if (TRY(mount, "none", world.scratch, "tmpfs", 0, NULL) == -1) {
		refused("a place for the upper directory");
		return;
	}
	static const char *const PARTS[] = { "lower", "upper", "work", "merged" };
	for (size_t i = 0; i < 4; i++)
		mkdir(scratch(PARTS[i]), 0755);
	decide(TRY(mount, "overlay", scratch("merged"), "overlay", 0, options), "");
}

static void nested_firewall(const struct probe *probe)
{
	(void)probe;
	if (!nest(NEW_NET))
		return;
	/* A netfilter socket is enough: in a namespace of its own its root may load any ruleset. */
	decide(TRY(socket, AF_NETLINK, SOCK_RAW, 12), "");
}

#define FLAGS(prefix, attack_) \
	{ prefix "-user", "root of a nested user namespace: the kernel code that only root reaches", \
		.cve = "CVE-2022-0185", .walls = "B", .attack = attack_, .value = NEW_USER }, \
	{ prefix "-mount", "a mount table of its own, without masks", .walls = "BA", .attack = attack_, .value = NEW_MOUNT }, \
	{ prefix "-pid", "processes that the guest does not see as its own", .walls = "BA", .attack = attack_, \
		.value = NEW_PID }, \
	{ prefix "-net", "a network stack of its own to attack the kernel through", .walls = "BA", .attack = attack_, \
		.value = NEW_NET }, \
	{ prefix "-ipc", "IPC objects outside the sandbox's limits", .walls = "BA", .attack = attack_, .value = NEW_IPC }, \
	{ prefix "-uts", "a host name of its own, to mislead logs", .walls = "BA", .attack = attack_, .value = NEW_UTS }, \
	{ prefix "-cgroup", "a cgroup view with itself as root", .cve = "CVE-2022-0492", .walls = "BA", \
		.attack = attack_, .value = NEW_CGROUP }

#define TIME_FLAG(prefix, attack_) \
	{ prefix "-time", "clocks of its own", .walls = "BA", .attack = attack_, .value = NEW_TIME }

#define ENTER(kind, flag, gain_) \
	{ "setns-" kind, gain_, .walls = "BA", .attack = enter_namespace, .arena = arena_contained_victim, \
		.value = flag, .text = kind }

const struct probe namespace_probes[] = {
	FLAGS("unshare", unshare_one),
	TIME_FLAG("unshare", unshare_one),
	FLAGS("clone", clone_one),
	FLAGS("clone3", clone3_one),
	TIME_FLAG("clone3", clone3_one),
	{ "clone3-chosen-pid", "a pid of its choice, to take the place of a process that others still hold by number",
		.walls = "BA", .attack = clone3_chosen_pid },
	{ "clone3-other-cgroup", "a child in a cgroup without the sandbox's limits", .walls = "BA",
		.attack = clone3_other_cgroup },
	ENTER("user", NEW_USER, "the capabilities of PID 1's user namespace"),
	ENTER("mnt", NEW_MOUNT, "PID 1's mount table"),
	ENTER("pid", NEW_PID, "PID 1's process table"),
	ENTER("net", NEW_NET, "PID 1's network"),
	ENTER("ipc", NEW_IPC, "PID 1's IPC objects"),
	ENTER("uts", NEW_UTS, "PID 1's host name"),
	ENTER("cgroup", NEW_CGROUP, "PID 1's cgroup view"),
	{ "setns-pidfd", "all namespaces of PID 1 in one call", .walls = "BA", .attack = enter_by_pidfd,
		.arena = arena_contained_victim },
	{ "pidfd-net-namespace", "a handle on PID 1's network, around /proc", .walls = "BA", .attack = ask_pidfd,
		.arena = arena_contained_victim, .value = PIDFD_NET_NAMESPACE, .absent = ENOTTY },
	{ "pidfd-user-namespace", "a handle on PID 1's user namespace, around /proc", .walls = "BA", .attack = ask_pidfd,
		.arena = arena_contained_victim, .value = PIDFD_USER_NAMESPACE, .absent = ENOTTY },
	{ "parent-pid-namespace", "a handle on the host's process table", .walls = "A", .attack = ask_namespace,
		.arena = arena_contained_victim, .value = NS_GET_PARENT, .text = "pid" },
	{ "parent-user-namespace", "a handle on the host's user namespace", .walls = "A", .attack = ask_namespace,
		.arena = arena_contained_victim, .value = NS_GET_PARENT, .text = "user" },
	{ "owner-of-network", "a handle on the user namespace that owns the sandbox's network", .walls = "A",
		.attack = ask_namespace, .arena = NULL, .value = NS_GET_USERNS, .text = "net" },
	{ "nested-mount", "a mount, by way of a nested user namespace", .walls = "BAC", .attack = nested_mount },
	{ "nested-packet-socket", "packet sockets, by way of a nested user and network namespace", .cve = "CVE-2020-14386",
		.walls = "BA", .attack = nested_packet_socket },
	{ "nested-overlay", "an overlay of its own making, by way of a nested user namespace", .cve = "CVE-2021-3493",
		.walls = "BAC", .attack = nested_overlay },
	{ "nested-firewall", "nf_tables as root, by way of a nested user and network namespace", .cve = "CVE-2024-1086",
		.walls = "BA", .attack = nested_firewall },
	{ 0 },
};
