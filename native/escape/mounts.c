/* The mount table, by the old calls and the new, and the way out of a root directory. */
#include "probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void mount_type(const struct probe *probe)
{
	decide(TRY(mount, "none", world.scratch, probe->text, 0, NULL), "");
}

/* A hierarchy that the host has already: mounting it changes nothing, and has the root's release_agent. */
/* Version 1 that is not in use can be brought into use from the first cgroup namespace only: no such agent is there. */
static bool only_version_2(void)
{
	char groups[64] = "";
	slurp("/proc/self/cgroup", groups, sizeof groups);
	return strncmp(groups, "0::", 3) == 0;
}

static void mount_cgroup_v1(const struct probe *probe)
{
	(void)probe;
	if (TRY(mount, "none", world.scratch, "cgroup", 0, "freezer") == -1) {
		if (world.control && refusal() == EPERM && only_version_2())
			answered(ENODEV);
		refused("");
		return;
	}
	decide(TRY(openat, AT_FDCWD, scratch("release_agent"), O_WRONLY | O_CLOEXEC), "release_agent");
}

static void mount_overlay(const struct probe *probe)
{
	(void)probe;
	char options[512];
	snprintf(options, sizeof options, "lowerdir=/tmp,upperdir=%s/upper,workdir=%s/work", world.scratch, world.scratch);
	mount("none", world.scratch, "tmpfs", 0, NULL);
	mkdir(scratch("upper"), 0755);
	mkdir(scratch("work"), 0755);
	mkdir(scratch("merged"), 0755);
	decide(TRY(mount, "overlay", scratch("merged"), "overlay", 0, options), "");
}

static void bind_root(const struct probe *probe)
{
	(void)probe;
	decide(TRY(mount, "/", world.scratch, NULL, MS_BIND | MS_REC, NULL), "");
}

static void share_mounts(const struct probe *probe)
{
	(void)probe;
	decide(TRY(mount, NULL, "/", NULL, MS_SHARED | MS_REC, NULL), "");
}

/* Calls act with each mount point below prefix whose options begin as wanted; -1 when none let it. */
static long each_mount(const char *prefix, const char *options, long (*act)(const char *), char *done, size_t size)
{
	static char table[65536];
	if (slurp("/proc/self/mountinfo", table, sizeof table) <= 0)
		untried("no /proc/self/mountinfo");
	long result = -1;
	for (char *line = strtok(table, "\n"); line != NULL && result == -1; line = strtok(NULL, "\n")) {
		char point[512], flags[512];
		if (sscanf(line, "%*s %*s %*s %*s %511s %511s", point, flags) != 2)
			continue;
		if (strncmp(point, prefix, strlen(prefix)) != 0 || strncmp(flags, options, strlen(options)) != 0)
			continue;
		snprintf(done, size, "%s", point);
		result = act(point);
	}
	return result;
}

static long remount(const char *point)
{
	return TRY(mount, NULL, point, NULL, MS_REMOUNT | MS_BIND, NULL);
}

static long set_writable(const char *point)
{
	struct mount_attr change = { .clear = MOUNT_ATTR_RDONLY };
	return TRY(mount_setattr, AT_FDCWD, point, 0, &change, sizeof change);
}

static long detach(const char *point)
{
	return TRY(umount2, point, MNT_DETACH);
}

static void make_writable(long (*act)(const char *))
{
	char point[512] = "";
	long result = each_mount("/", "ro", act, point, sizeof point);
	/* Nothing is read-only: then what is to be shown is that the call is refused at all. */
	if (point[0] == '\0')
		result = act("/");
	decide(result, "%s", point[0] == '\0' ? "/" : point);
}

static void remount_writable(const struct probe *probe)
{
	(void)probe;
	make_writable(remount);
}

static void setattr_writable(const struct probe *probe)
{
	(void)probe;
	make_writable(set_writable);
}

static void remove_masks(const struct probe *probe)
{
	(void)probe;
	char point[512] = "/proc";
	long result = each_mount("/proc/", "", detach, point, sizeof point);
	if (refusal() == 0 && result == -1)
		result = detach("/proc");
	decide(result, "%s", point);
}

static void unmount_one(const struct probe *probe)
{
	decide(detach(probe->text), "%s", probe->text);
}

static void change_root(const struct probe *probe)
{
	(void)probe;
	/* pivot_root wants a mount point; where mounting is refused the call itself is still tried. */
	mount("none", world.scratch, "tmpfs", 0, NULL);
	if (chdir(world.scratch) == -1)
		untried("chdir %s", world.scratch);
	decide(TRY(pivot_root, ".", "."), "");
}

static void copy_tree(const struct probe *probe)
{
	(void)probe;
	decide(TRY(open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE | AT_RECURSIVE | O_CLOEXEC), "");
}

static void move_tree(const struct probe *probe)
{
	(void)probe;
	long tree = TRY(open_tree, AT_FDCWD, "/proc", OPEN_TREE_CLONE | O_CLOEXEC);
	if (tree == -1)
		decide(TRY(move_mount, AT_FDCWD, "/proc", AT_FDCWD, world.scratch, 0), "");
	else
		decide(TRY(move_mount, tree, "", AT_FDCWD, world.scratch, MOVE_MOUNT_F_EMPTY_PATH), "");
}

static void new_filesystem(const struct probe *probe)
{
	long context = TRY(fsopen, probe->text, 0);
	if (context == -1) {
		refused("");
		return;
	}
	if (TRY(fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == -1) {
		refused("");
		return;
	}
	decide(TRY(fsmount, context, 0, 0), "%s", probe->text);
}

static void pick_filesystem(const struct probe *probe)
{
	(void)probe;
	decide(TRY(fspick, AT_FDCWD, "/", 0), "");
}

static void enter_chroot(const struct probe *probe)
{
	(void)probe;
	decide(TRY(chroot, world.scratch), "");
}

static bool same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

static void leave_chroot(const struct probe *probe)
{
	(void)probe;
	struct stat before, after;
	stat("/", &before);
	/* The working directory stays above the new root, so ".." finds no root to stop at. */
	mkdir("escape", 0755);
	if (TRY(chroot, "escape") == -1) {
		refused("");
		return;
	}
	for (int i = 0; i < 64; i++)
		if (chdir("..") == -1)
			break;
	TRY(chroot, ".");
	stat("/", &after);
	if (same(&before, &after))
		refused("the root is the top");
	else
		worked("a directory above the root");
}

/*
 * The lower file is setuid and its owner is whoever has id 0 here; opening it for writing through the overlay
 * copies it up, and a careless copy keeps the bit for an owner that the upper file system believes.
 */
static void copy_up_setuid(const struct probe *probe)
{
	(void)probe;
	const char *const parts[] = { "lower", "upper", "work", "merged" };
	for (size_t i = 0; i < 4; i++)
		mkdir(scratch(parts[i]), 0755);
	if (!spill(scratch("lower/tool"), "#!/bin/true\n") || chmod(scratch("lower/tool"), 04755) == -1)
		untried("no setuid file in %s: errno %d", world.scratch, errno);
	if (geteuid() != 0 && TRY(unshare, NEW_USER | NEW_MOUNT) == -1) {
		refused("");
		return;
	}
	char options[1024];
	snprintf(options, sizeof options, "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", world.scratch,
		world.scratch, world.scratch);
	if (TRY(mount, "overlay", scratch("merged"), "overlay", 0, options) == -1) {
		refused("");
		return;
	}
	int fd = (int)TRY(openat, AT_FDCWD, scratch("merged/tool"), O_WRONLY | O_CLOEXEC);
	struct stat copy;
	if (fd == -1 || stat(scratch("upper/tool"), &copy) == -1)
		refused("no copy");
	else if (copy.st_uid == 0 && (copy.st_mode & S_ISUID) != 0)
		worked("a setuid file of uid 0 in the upper directory");
	else
		refused("the copy is mode %o of uid %u", copy.st_mode, copy.st_uid);
}

#define MOUNT(type, gain_, cve_) \
	{ "mount-" type, gain_, .cve = cve_, .walls = "BA", .attack = mount_type, .arena = arena_private, .text = type }

const struct probe mount_probes[] = {
	MOUNT("tmpfs", "files of its own over any path, outside the disk limit", NULL),
	MOUNT("ramfs", "memory that no limit counts", NULL),
	MOUNT("proc", "a /proc without masks", NULL),
	MOUNT("sysfs", "the host's devices and kernel settings", NULL),
	MOUNT("devtmpfs", "every device of the host", NULL),
	MOUNT("devpts", "terminals of others", NULL),
	MOUNT("mqueue", "message queues as files", NULL),
	MOUNT("cgroup2", "the cgroup tree, and with it its own limits", NULL),
	MOUNT("bpf", "pinned BPF objects of the host", NULL),
	MOUNT("debugfs", "kernel memory and switches", NULL),
	MOUNT("tracefs", "every process's system calls", NULL),
	MOUNT("binfmt_misc", "an interpreter of its choice for others' programs", NULL),
	{ "mount-cgroup-release-agent", "a command run by the host's kernel as root", .cve = "CVE-2022-0492", .walls = "BA",
		.attack = mount_cgroup_v1, .arena = arena_private, .absent = ENODEV },
	{ "mount-overlay", "an overlay over masked directories", .cve = "CVE-2021-3493", .walls = "BA",
		.attack = mount_overlay, .arena = arena_private },
	{ "mount-bind", "a path to masked files from another side", .walls = "BA", .attack = bind_root,
		.arena = arena_private },
	{ "mount-shared", "mounts that spread to the host", .walls = "BA", .attack = share_mounts, .arena = arena_private },
	{ "remount-writable", "writing where it may only read", .walls = "BA", .attack = remount_writable,
		.arena = arena_masked },
	{ "setattr-writable", "the same by mount_setattr", .walls = "BA", .attack = setattr_writable, .arena = arena_masked },
	{ "unmount-masks", "the files under the masks of /proc", .walls = "BA", .attack = remove_masks,
		.arena = arena_masked },
	{ "unmount-proc", "what /proc was mounted over", .walls = "BA", .attack = unmount_one, .arena = arena_private,
		.text = "/proc" },
	{ "unmount-dev", "what /dev was mounted over", .walls = "BA", .attack = unmount_one, .arena = arena_private,
		.text = "/dev" },
	{ "pivot-root", "another root for every process", .walls = "BA", .attack = change_root, .arena = arena_private },
	{ "open-tree-clone", "a copy of the mount table without its locks", .walls = "BA", .attack = copy_tree,
		.arena = arena_private },
	{ "move-mount", "a mask moved away", .walls = "BA", .attack = move_tree, .arena = arena_private },
	{ "fsopen", "a file system by the new calls, their parsers included", .cve = "CVE-2022-0185", .walls = "BA",
		.attack = new_filesystem, .arena = arena_private, .text = "tmpfs" },
	{ "fsopen-proc", "a /proc without masks by the new calls", .walls = "BA", .attack = new_filesystem,
		.arena = arena_private, .text = "proc" },
	{ "fspick", "new options for the root file system", .walls = "BA", .attack = pick_filesystem,
		.arena = arena_private },
	{ "chroot", "a root of its choice for setuid programs", .walls = "BA", .attack = enter_chroot },
	{ "chroot-breakout", "the directories above the root", .walls = "BA", .attack = leave_chroot, .arena = arena_jail },
	{ "overlay-setuid-copy-up", "a setuid root file from a user's own overlay", .cve = "CVE-2023-0386", .walls = "BA",
		.attack = copy_up_setuid, .arena = arena_private },
	{ 0 },
};
