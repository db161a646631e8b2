/*
 * Builds one sandbox. Straight down: one step, one reason, one named failure.
 *
 * Two processes. The *builder* is root on the host: it joins the cgroups, makes the network namespace and the overlay, and
 * writes the id maps. The *inner* process lives in its own user, mount, pid, ipc, uts and cgroup namespaces from its first
 * instruction, builds everything that can be built without rights on the host, locks itself in and becomes the guest.
 */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "builder.h"
#include "frame.h"
#include "io.h"
#include "kernel.h"
#include "spec.h"

enum { ID_COUNT = 65536 };

/* The builder's and the inner process's own copy: each is a process of its own. */
uint8_t message[SPEC_MESSAGE_MAX];
struct spec spec;
struct plan plan;
static int planned_files[SPEC_FILES_MAX];
int answer_to;
int node = -1;
uint32_t item;

_Noreturn void fail(enum step step)
{
	struct report report = {.kind = REPORT_FAILED, .error = errno ? errno : EINVAL, .step = step, .item = item};
	struct iovec part = {&report, sizeof report};
	/* Nobody left to tell: ending is the message. The node first: the spawner kills us for it. */
	if (node >= 0)
		(void)send_message(node, &part, 1, NULL, 0);
	(void)send_message(answer_to, &part, 1, NULL, 0);
	_exit(1);
}

long must(long result, enum step step)
{
	if (result < 0)
		fail(step);
	return result;
}

void write_text(const char *path, const char *text, enum step step)
{
	int fd = must(open(path, O_WRONLY | O_CLOEXEC), step);
	must(write(fd, text, strlen(text)), step);
	close(fd);
}

/* The parent's death kills us (prctl(2), PR_SET_PDEATHSIG), also when it died before we asked: its end of the life pipe is
 * closed before its children are told (do_exit in kernel/exit.c), so one of the two is always seen. */
void die_with_spawner(int life)
{
	must(prctl(PR_SET_PDEATHSIG, SIGKILL), STEP_SPAWNER_GONE);
	struct pollfd gone = {.fd = life, .events = POLLIN};
	errno = ESRCH;
	if (poll(&gone, 1, 0) != 0)
		fail(STEP_SPAWNER_GONE);
}

int open_file_system(const char *type, enum step step)
{
	return must(syscall(NR_FSOPEN, type, FSOPEN_CLOEXEC), step);
}

void set_option(int context, const char *key, const char *value, enum step step)
{
	must(syscall(NR_FSCONFIG, context, FSCONFIG_SET_STRING, key, value, 0), step);
}

int open_labelled(const char *type, enum step step)
{
	int context = open_file_system(type, step);
	if (plan.file_context[0])
		set_option(context, "context", plan.file_context, STEP_LABEL);
	return context;
}

int make_mount(int context, unsigned attributes, enum step step)
{
	must(syscall(NR_FSCONFIG, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), step);
	int mount = must(syscall(NR_FSMOUNT, context, FSMOUNT_CLOEXEC, attributes), step);
	close(context);
	return mount;
}

int make_tmpfs(uint64_t size, uint32_t inodes, uint32_t mode, uint32_t owner, unsigned attributes, enum step step)
{
	char number[32];
	int context = open_labelled("tmpfs", step);
	snprintf(number, sizeof number, "%llu", (unsigned long long)size);
	set_option(context, "size", number, step);
	snprintf(number, sizeof number, "%u", inodes);
	set_option(context, "nr_inodes", number, step);
	snprintf(number, sizeof number, "%o", mode);
	set_option(context, "mode", number, step);
	snprintf(number, sizeof number, "%u", owner);
	if (owner != 0) {
		set_option(context, "uid", number, step);
		set_option(context, "gid", number, step);
	}
	return make_mount(context, attributes, step);
}

void attach(int mount, int target, const char *path, enum step step)
{
	unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (path[0] ? 0 : MOVE_MOUNT_T_EMPTY_PATH);
	must(syscall(NR_MOVE_MOUNT, mount, "", target, path, flags), step);
	close(mount);
}

void set_attributes(int mount, const struct mount_attr *attributes, enum step step)
{
	must(syscall(NR_MOUNT_SETATTR, mount, "", AT_EMPTY_PATH, attributes, sizeof *attributes), step);
}

/* ---- the builder ---- */

void read_plan(const uint8_t *bytes, size_t length)
{
	errno = EINVAL;
	if (plan_read(bytes, length, &plan) != 0)
		fail(STEP_SPEC);
}

void label_guest(const struct house *house)
{
	if (plan.guest_context[0])
		must(fsetxattr(house->guest_binary, "security.selinux", plan.guest_context, strlen(plan.guest_context) + 1, 0),
		     STEP_LABEL);
}

void make_network_namespace(void)
{
	/* Made here, before the user namespace: owned by the host, so that uid 0 inside gets EPERM on every change to it. */
	must(syscall(SYS_unshare, CLONE_NEWNET), STEP_NETWORK_NAMESPACE);

	/* Every namespace has lo up: a socket opened where lo is down gets ENETUNREACH even to a listener inside. */
	int socket_fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), STEP_LOOPBACK);
	struct ifreq loopback = {.ifr_name = "lo"};
	loopback.ifr_flags = IFF_UP | IFF_RUNNING;
	must(ioctl(socket_fd, SIOCSIFFLAGS, &loopback), STEP_LOOPBACK);
	close(socket_fd);

	/* A job has no CAP_NET_BIND_SERVICE; in a namespace of its own port 80 guards nothing. */
	write_text("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0", STEP_LOOPBACK);
}

/*
 * What every sandbox has of its own however it is asked for: its devices, an empty directory, room for synthesised files.
 * One tmpfs for all, because each file system more costs memory in every control group of the host.
 *
 * Never shared between sandboxes: on a common inode one could lock out the other (flock(2)) or watch what it opens
 * (inotify(7)). Made by the host's root, because inside nobody may make a device node.
 */
void make_own_tree(uint32_t id_base)
{
	static const struct { const char *path; unsigned major, minor; } devices[] = {
		{"null", 1, 3}, {"dev/null", 1, 3}, {"dev/zero", 1, 5}, {"dev/full", 1, 7},
		{"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0},
	};
	static const char *const links[][2] = {
		{"/proc/self/fd", "dev/fd"}, {"/proc/self/fd/0", "dev/stdin"}, {"/proc/self/fd/1", "dev/stdout"},
		{"/proc/self/fd/2", "dev/stderr"}, {"pts/ptmx", "dev/ptmx"},
	};
	/* "null" and "empty", which cover what is masked, stay the host's: nobody inside changes their modes. */
	static const struct { const char *path; unsigned mode; int inside; } directories[] = {
		{"dev", 0755, 1}, {"dev/pts", 0755, 1}, {"dev/shm", 01777, 1}, {"empty", 0555, 0},
	};
	umask(0);
	attach(make_tmpfs(1 << 20, 128, 0755, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, STEP_DEV), AT_FDCWD, "/own", STEP_DEV);
	int own = must(open("/own", O_PATH | O_DIRECTORY | O_CLOEXEC), STEP_DEV);
	must(fchownat(own, "", id_base, id_base, AT_EMPTY_PATH), STEP_DEV); /* synthesised files will be made in it */
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		must(mkdirat(own, directories[i].path, directories[i].mode), STEP_DEV);
		if (directories[i].inside)
			must(fchownat(own, directories[i].path, id_base, id_base, 0), STEP_DEV);
	}
	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
		must(mknodat(own, devices[i].path, S_IFCHR | 0666, makedev(devices[i].major, devices[i].minor)), STEP_DEV);
		if (i > 0)
			must(fchownat(own, devices[i].path, id_base, id_base, 0), STEP_DEV);
	}
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		must(symlinkat(links[i][0], own, links[i][1]), STEP_DEV);
		must(fchownat(own, links[i][1], id_base, id_base, AT_SYMLINK_NOFOLLOW), STEP_DEV);
	}
	close(own);
	umask(022);
}

void raise_effective_capabilities(uint32_t without, enum step step)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];
	must(syscall(SYS_capget, &header, sets), step);
	for (int i = 0; i < 2; i++)
		sets[i].effective = sets[i].permitted;
	sets[0].effective &= ~without;
	must(syscall(SYS_capset, &header, sets), step);
}

void join_cgroups(uint32_t flags, const int *cgroups, int cgroup_count)
{
	/* v1: joined now, long before the launch, because the write waits for an RCU grace period (7 ms measured).
	 * v2: the spawner cloned us into the cgroup. */
	if (!(flags & PREPARE_CGROUP2))
		for (int i = 0; i < cgroup_count; i++)
			must(write(cgroups[i], "0", 1), STEP_CGROUP_JOIN);
	close_all(cgroups, cgroup_count);
}

/* Clones with the effective id of the sandbox's first user. */
pid_t clone_as(uint32_t id_base, struct clone_args *arguments)
{
	/* What a user namespace uses up of per-user limits (inotify instances, say) counts for whoever made it. Made by the
	 * host's root, all sandboxes and the host's own daemons would share one count and one sandbox could exhaust it; so
	 * each is made by its own first id. The change of the effective id drops capabilities (capabilities(7)): raised again. */
	must(syscall(SYS_setresuid, -1, id_base, -1), STEP_NAMESPACES);
	raise_effective_capabilities(0, STEP_NAMESPACES);

	pid_t child = must(syscall(NR_CLONE3, arguments, sizeof *arguments), STEP_NAMESPACES);
	if (child != 0)
		must(syscall(SYS_setresuid, -1, 0, -1), STEP_NAMESPACES);
	return child;
}

static pid_t clone_inner(uint32_t id_base, int *pidfd)
{
	/* CLONE_PARENT: the guest is the spawner's child, so that its end is the spawner's to reap and the spawner's end is
	 * its own (PR_SET_PDEATHSIG names the parent). The network namespace is inherited: see above. CLONE_PIDFD: to whoever
	 * opens it by number later, the spawner may have reaped this process and the number may be a stranger's. */
	struct clone_args arguments = {
		.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_PARENT |
			 CLONE_PIDFD,
		.pidfd = (uintptr_t)pidfd,
	};
	return clone_as(id_base, &arguments);
}

void write_id_map(pid_t pid, const char *kind, uint32_t inside, uint32_t outside, uint32_t count, enum step step)
{
	char path[64], map[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, kind);
	snprintf(map, sizeof map, "%u %u %u\n", inside, outside, count);
	write_text(path, map, step);
}

int user_namespace_of(pid_t pid, enum step step)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
	return must(open(path, O_RDONLY | O_CLOEXEC), step);
}

/* A user namespace that only serves as a map for one mount: the owner on the host is one id of the sandbox. */
static int one_id_map(const struct spec_bind *bind, uint32_t id_base)
{
	int wait[2];
	must(pipe2(wait, O_CLOEXEC), STEP_BIND);
	struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
	pid_t holder = must(syscall(NR_CLONE3, &arguments, sizeof arguments), STEP_BIND);
	if (holder == 0) {
		char byte;
		close(wait[1]);
		_exit(read(wait[0], &byte, 1) != 0);
	}
	write_id_map(holder, "uid_map", bind->source_uid, id_base + bind->inside_uid, 1, STEP_BIND);
	write_id_map(holder, "gid_map", bind->source_gid, id_base + bind->inside_gid, 1, STEP_BIND);
	int namespace = user_namespace_of(holder, STEP_BIND);
	close(wait[0]);
	close(wait[1]);
	waitpid(holder, NULL, 0);
	return namespace;
}

/* Ids on disk are canonical (0..65535); the mount shifts them to this sandbox's range. Without it a layer written under
 * one range shows as nobody in another. */
static void map_ids(int mount, int user_namespace, unsigned attributes, enum step step)
{
	struct mount_attr shift = {.attr_set = MOUNT_ATTR_IDMAP | attributes, .userns_fd = user_namespace};
	set_attributes(mount, &shift, step);
}

static int upper_mount(const int *descriptors)
{
	if (spec.upper_kind == UPPER_DIRECTORY)
		return descriptors[spec.layers];
	int mount = make_tmpfs(spec.upper_size, spec.upper_inodes, 0755, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, STEP_OVERLAY);
	must(mkdirat(mount, "u", 0755), STEP_OVERLAY);
	must(mkdirat(mount, "w", 0755), STEP_OVERLAY);
	return mount;
}

int make_overlay(const int *descriptors, int user_namespace, uint32_t id_base)
{
	/* Layers are attached in this process's own mount namespace under short relative names: the names show in the
	 * sandbox's mountinfo, where a path of the host would tell a stranger how the host is laid out. */
	const unsigned safe = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	char name[16];
	for (uint32_t i = 0; i < spec.layers; i++) {
		snprintf(name, sizeof name, "l%u", i);
		map_ids(descriptors[i], user_namespace, safe | MOUNT_ATTR_RDONLY, STEP_IDMAPPED_LAYER);
		attach(descriptors[i], AT_FDCWD, name, STEP_STAGING);
	}
	int upper = upper_mount(descriptors);
	map_ids(upper, user_namespace, safe, STEP_IDMAPPED_LAYER);
	attach(upper, AT_FDCWD, "upper", STEP_STAGING);

	/* Overlayfs does its work on the upper layer with the credentials of whoever mounts it. They must own what uid 0
	 * inside owns (an unmapped owner is EOVERFLOW), so the file system ids are the sandbox's; that change drops
	 * capabilities, which are raised again (capabilities(7)). CAP_SYS_RESOURCE stays down: it would walk past quotas. */
	setfsgid(id_base);
	setfsuid(id_base);
	raise_effective_capabilities(1u << CAP_SYS_RESOURCE, STEP_OVERLAY);

	int context = open_labelled("overlay", STEP_OVERLAY);
	set_option(context, "source", "redoubt", STEP_OVERLAY);
	for (uint32_t i = 0; i < spec.layers; i++) {
		snprintf(name, sizeof name, "l%u", i);
		set_option(context, "lowerdir+", name, STEP_OVERLAY);
	}
	set_option(context, "upperdir", "upper/u", STEP_OVERLAY);
	set_option(context, "workdir", "upper/w", STEP_OVERLAY);
	/* userxattr: opaque marks are user.overlay.*, which an unpacker without rights on the host can write; it also
	 * switches redirects and metacopy off, so that no layer can point outside itself (CVE-2023-0386's family). */
	must(syscall(NR_FSCONFIG, context, FSCONFIG_SET_FLAG, "userxattr", NULL, 0), STEP_OVERLAY);
	/* volatile: what a sandbox writes is not worth an fsync of the host's disk. */
	must(syscall(NR_FSCONFIG, context, FSCONFIG_SET_FLAG, "volatile", NULL, 0), STEP_OVERLAY);
	set_option(context, "xino", "off", STEP_OVERLAY);
	int mount = make_mount(context, safe, STEP_OVERLAY);

	setfsuid(0);
	setfsgid(0);
	return mount;
}

void prepare_binds(const int *descriptors, int count, int user_namespace, uint32_t id_base)
{
	for (uint32_t i = 0; i < spec.bind_count; i++) {
		const struct spec_bind *bind = &spec.binds[i];
		unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (bind->read_only ? MOUNT_ATTR_RDONLY : 0);
		errno = EINVAL;
		if (bind->descriptor >= (uint32_t)count)
			fail(STEP_BIND);
		int mount = descriptors[bind->descriptor];
		/* Root of the host behind a writable mount would let the sandbox write what root owns: never. */
		errno = EPERM;
		if (bind->idmap == IDMAP_ONE && bind->source_uid == 0 && !bind->read_only)
			fail(STEP_BIND);
		if (bind->idmap == IDMAP_ONE) {
			int map = one_id_map(bind, id_base);
			map_ids(mount, map, attributes, STEP_BIND);
			close(map);
		} else if (bind->idmap == IDMAP_RANGE) {
			map_ids(mount, user_namespace, attributes, STEP_BIND);
		} else {
			/* Unmapped owners: nothing in it may be written. */
			struct mount_attr plain = {.attr_set = attributes | MOUNT_ATTR_RDONLY};
			set_attributes(mount, &plain, STEP_BIND);
		}
	}
}

static int layer_is_off(uint32_t flag)
{
#ifdef REDOUBT_TEST_WALLS
	return (spec.flags & flag) != 0;
#else
	(void)flag;
	return 0;
#endif
}

static _Noreturn void become_guest(const struct house *house, int builder, int channel);

_Noreturn void build_sandbox(const struct house *house, uint32_t id_base, uint32_t flags, const uint8_t *plan_bytes,
			     size_t plan_length, struct builder_sockets sockets, const int *cgroups, int cgroup_count)
{
	const int control = sockets.control, orders = sockets.orders, channel = sockets.channel;
	answer_to = control;
	die_with_spawner(house->life);
	read_plan(plan_bytes, plan_length);

	join_cgroups(flags, cgroups, cgroup_count);
	if (!(flags & PREPARE_TEST_HOST_NETWORK))
		make_network_namespace();
	must(syscall(SYS_unshare, CLONE_NEWNS), STEP_STAGING);
	must(chdir("/stage"), STEP_STAGING);
	make_own_tree(id_base);

	int pair[2];
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), STEP_NAMESPACES);
	int size = SPEC_MESSAGE_MAX;
	must(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size), STEP_NAMESPACES);
	int pidfd = -1;
	pid_t inner = clone_inner(id_base, &pidfd);
	if (inner == 0) {
		close(pair[0]);
		close(control);
		close(orders);
		become_guest(house, pair[1], channel);
	}
	die_with_spawner(house->life); /* again: a change of ids forgets the death signal */
	close(pair[1]);
	close(channel);
	write_id_map(inner, "uid_map", 0, id_base, ID_COUNT, STEP_ID_MAP);
	write_id_map(inner, "gid_map", 0, id_base, ID_COUNT, STEP_ID_MAP);
	int user_namespace = user_namespace_of(inner, STEP_ID_MAP);
	int network = must(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), STEP_NETWORK_NAMESPACE);

	/* Its ids are mapped: now it can make what needs them. What it answers is what the spawner hears. */
	struct report prepared = {.kind = REPORT_PREPARED, .pid = inner};
	struct iovec part = {&prepared, sizeof prepared};
	int none[1], none_count = 0;
	must(send_message(pair[0], &part, 1, NULL, 0), STEP_HAND_OVER);
	errno = ECHILD;
	if (receive_message(pair[0], &prepared, sizeof prepared, none, &none_count, 1) != sizeof prepared)
		fail(STEP_KILLED);
#ifdef REDOUBT_TEST_WALLS
	if (flags & PREPARE_TEST_REAPED_FIRST) {
		shutdown(pair[0], SHUT_WR); /* it exits with 1 */
		while (syscall(NR_PIDFD_SEND_SIGNAL, pidfd, 0, NULL, 0) == 0)
			usleep(1000); /* a zombie still takes a signal */
	}
#endif
	const int known_by[] = {network, pidfd};
	must(send_message(control, &part, 1, known_by, prepared.kind == REPORT_PREPARED ? 2 : 0), STEP_HAND_OVER);
	close_all(known_by, 2);
	if (prepared.kind != REPORT_PREPARED)
		_exit(1);

	/* ---- here a slot waits ---- */

	int descriptors[MESSAGE_DESCRIPTORS_MAX], count = 0;
	ssize_t length = receive_message(orders, message, sizeof message, descriptors, &count, MESSAGE_DESCRIPTORS_MAX);
	if (length == 0)
		_exit(0); /* the node is gone */
	node = orders;
	must(length, STEP_SPEC);
	errno = EINVAL;
	if (spec_read(message, length, &spec) != 0)
		fail(STEP_SPEC);
	uint32_t own = spec.layers + (spec.upper_kind == UPPER_DIRECTORY);
	if ((uint32_t)count < own)
		fail(STEP_SPEC);

	label_guest(house);
	prepare_binds(descriptors, count, user_namespace, id_base);
	int root = make_overlay(descriptors, user_namespace, id_base);
	die_with_spawner(house->life); /* the overlay was made with other ids */

	int handed[1 + MESSAGE_DESCRIPTORS_MAX], handed_count = 0;
	handed[handed_count++] = root;
	for (uint32_t i = own; i < (uint32_t)count && handed_count < MESSAGE_DESCRIPTORS_MAX; i++)
		handed[handed_count++] = descriptors[i];
	struct iovec whole = {message, length};
	must(send_message(pair[0], &whole, 1, handed, handed_count), STEP_HAND_OVER);
	close_all(handed, handed_count);

	/* The inner process answers a failed step with a report; a filter with its listener; its exec with the end. */
	struct report report = {.kind = REPORT_LAUNCHED};
	int listener = -1;
	for (;;) {
		struct report heard;
		int got[1], got_count = 0;
		ssize_t n = receive_message(pair[0], &heard, sizeof heard, got, &got_count, 1);
		if (n <= 0)
			break;
		if (got_count == 1)
			listener = got[0];
		report = heard;
		if (heard.kind == REPORT_FAILED)
			break;
	}
	if (report.kind != REPORT_LAUNCHED) {
		errno = report.error;
		item = report.item;
		fail(report.step);
	}
	/* An end without the listener that was asked for is that of a process that was killed on its way. */
	if (listener < 0 && (spec.flags & SPEC_LISTENER) && !layer_is_off(SPEC_TEST_NO_SECCOMP)) {
		errno = ECHILD;
		fail(STEP_KILLED);
	}
	report.life_s = spec.life_s;
	part = (struct iovec){&report, sizeof report};
	/* The spawner first: once the node knows of a sandbox, whoever comes after that node finds it. A node that is gone
	 * meanwhile hears nothing; what becomes of the sandbox is for the next one to say. */
	must(send_message(control, &part, 1, &listener, listener < 0 ? 0 : 1), STEP_HAND_OVER);
	(void)send_message(orders, &part, 1, &listener, listener < 0 ? 0 : 1);
	_exit(0);
}

/* ---- the inner process ---- */

/* Opens a thing of the image for use as a mount point. Never through a symbolic link: the image is a stranger's. */
static int open_in(int directory, const char *path, unsigned flags)
{
	struct open_how how = {
		.flags = flags | O_PATH | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	return syscall(NR_OPENAT2, directory, path, &how, sizeof how);
}

/* The mount point `path`, made part by part where it is missing. */
int mount_point(int root, const char *path, enum want want)
{
	char part[256];
	int here = must(open_in(root, ".", O_DIRECTORY), STEP_MOUNT_POINT);
	const char *at = path;
	for (;;) {
		while (*at == '/')
			at++;
		size_t length = strcspn(at, "/");
		if (length == 0)
			break;
		errno = ENAMETOOLONG;
		if (length >= sizeof part)
			fail(STEP_MOUNT_POINT);
		memcpy(part, at, length);
		part[length] = 0;
		at += length;
		errno = EINVAL;
		if (strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
			fail(STEP_MOUNT_POINT);
		int last = at[strspn(at, "/")] == 0;
		int directory = !(last && want == WANT_FILE);
		int next = open_in(here, part, directory ? O_DIRECTORY : 0);
		if (next < 0 && errno == ENOENT) {
			if (directory)
				must(mkdirat(here, part, 0755), STEP_MOUNT_POINT);
			else
				must(mknodat(here, part, S_IFREG | 0644, 0), STEP_MOUNT_POINT);
			next = open_in(here, part, directory ? O_DIRECTORY : 0);
		}
		must(next, STEP_MOUNT_POINT);
		close(here);
		here = next;
	}
	return here;
}

int clone_tree(int directory, const char *path, enum step step)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (path[0] ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH);
	return must(syscall(NR_OPEN_TREE, directory, path, flags), step);
}

/* With what is mounted beneath: a plain clone would show the files that those mounts cover. */
static int clone_whole_tree(int directory, enum step step)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;
	return must(syscall(NR_OPEN_TREE, directory, "", flags), step);
}

void make_tmpfs_list(int root, uint32_t owner)
{
	for (uint32_t i = 0; i < spec.tmpfs_count; i++) {
		const struct spec_tmpfs *t = &spec.tmpfs[i];
		int point = mount_point(root, t->path, WANT_DIRECTORY);
		attach(make_tmpfs(t->size, t->inodes, t->mode, owner, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, STEP_TMPFS), point,
		       "", STEP_TMPFS);
		close(point);
	}
}

void make_binds(int root, const int *descriptors, int count)
{
	/* The builder handed on what follows the layers, and the overlay in front of it. */
	uint32_t own = spec.layers + (spec.upper_kind == UPPER_DIRECTORY);
	for (uint32_t i = 0; i < spec.bind_count; i++) {
		item = i + 1;
		errno = EINVAL;
		if (spec.binds[i].descriptor < own || spec.binds[i].descriptor - own + 1 >= (uint32_t)count)
			fail(STEP_BIND);
		int mount = descriptors[spec.binds[i].descriptor - own + 1];
		struct stat source;
		must(fstat(mount, &source), STEP_BIND);
		int point = mount_point(root, spec.binds[i].path, S_ISDIR(source.st_mode) ? WANT_DIRECTORY : WANT_FILE);
		attach(mount, point, "", STEP_BIND);
		close(point);
	}
	item = 0;
}

/* What a program may know of the machine lies over what the kernel would tell: a file that the node wrote. */
static void place_synthesised_file(int root, const char *path, uint32_t number)
{
	char source[32];
	int target = open_in(root, path, 0);
	if (target < 0 && errno == ENOENT && strncmp(path, "/proc/", 6) == 0)
		return; /* this kernel does not have it: nothing to hide */
	if (target < 0)
		target = mount_point(root, path, WANT_FILE);
	snprintf(source, sizeof source, "/synthesised/%u", number);
	attach(clone_tree(AT_FDCWD, source, STEP_SYNTHESISED), target, "", STEP_SYNTHESISED);
	close(target);
}

/* The same tree once more: what shows from here can only be read. */
void make_synthesised_store(void)
{
	const struct mount_attr read_only = {
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
	int mount = clone_tree(AT_FDCWD, "/own", STEP_SYNTHESISED);
	set_attributes(mount, &read_only, STEP_SYNTHESISED);
	attach(mount, AT_FDCWD, "/synthesised", STEP_SYNTHESISED);
}

int synthesised_file(uint32_t number)
{
	char path[32];
	snprintf(path, sizeof path, "/own/%u", number);
	return must(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444), STEP_SYNTHESISED);
}

static void write_synthesised_files(int root)
{
	for (uint32_t i = 0; i < spec.file_count; i++) {
		const struct spec_file *file = &spec.files[i];
		int planned = i < plan.file_count;
		int fd = planned ? planned_files[i] : synthesised_file(i);
		errno = ENOSPC;
		if (write(fd, file->bytes, file->length) != (ssize_t)file->length)
			fail(STEP_SYNTHESISED);
		close(fd);
		if (!planned)
			place_synthesised_file(root, file->path, i);
	}
}

static uint32_t mask_over(int target, uint32_t kind)
{
	struct stat covered;
	if (kind != MASK_HIDDEN)
		return kind;
	must(fstat(target, &covered), STEP_MASK);
	return S_ISDIR(covered.st_mode) ? MASK_EMPTY : MASK_NULL;
}

/* The planned files are the first of the spec, by name and in order: one that stayed empty would be a lie. */
static void check_planned_files(void)
{
	errno = EINVAL;
	if (spec.file_count < plan.file_count)
		fail(STEP_SYNTHESISED);
	for (uint32_t i = 0; i < plan.file_count; i++)
		if (strcmp(spec.files[i].path, plan.files[i]) != 0)
			fail(STEP_SYNTHESISED);
}

void make_masks(int root, const struct spec_mask *masks, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct spec_mask *mask = &masks[i];
		uint32_t kind = mask->kind & 0xf;
		uint32_t number = masks == spec.masks ? i + 1 : 0; /* nobody asked for the plan's */
		item = number;
		int target = open_in(root, mask->path, 0);
		if (target < 0 && errno == ENOENT && (mask->kind & MASK_MAY_BE_ABSENT))
			continue;
		/* What is not there could be made later, and would be writable then. */
		if (target < 0 && errno == ENOENT && kind == MASK_PINNED) {
			item = 0;
			target = mount_point(root, mask->path, WANT_DIRECTORY);
			item = number;
		}
		must(target, STEP_MASK);
		int mount;
		switch (mask_over(target, kind)) {
		case MASK_NULL:
			mount = clone_tree(AT_FDCWD, "/own/null", STEP_MASK);
			break;
		case MASK_EMPTY:
			mount = clone_tree(AT_FDCWD, "/synthesised/empty", STEP_MASK);
			break;
		case MASK_PINNED:
			mount = clone_whole_tree(target, STEP_MASK);
			break;
		case MASK_FROZEN: /* EINVAL where no mount begins: never the whole root by mistake (mount_setattr(2)) */
			set_attributes(target, &(struct mount_attr){.attr_set = MOUNT_ATTR_RDONLY}, STEP_MASK);
			close(target);
			continue;
		case MASK_READ_ONLY:
			mount = clone_tree(target, "", STEP_MASK);
			set_attributes(mount,
				       &(struct mount_attr){.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
								       MOUNT_ATTR_NOEXEC},
				       STEP_MASK);
			break;
		default:
			errno = EINVAL;
			fail(STEP_MASK);
		}
		attach(mount, target, "", STEP_MASK);
		close(target);
	}
	item = 0;
}

/* What nobody has to be asked about is made while a slot waits: a terminal world of its own, and /proc with its covers, over
 * the one that we were born with until it moves into the root. */
static int make_ready(void)
{
	int proc = make_mount(open_file_system("proc", STEP_PROC), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
			      STEP_PROC);
	attach(proc, AT_FDCWD, "/proc", STEP_PROC);
	int here = must(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), STEP_PROC);
	make_synthesised_store();
	make_masks(here, plan.masks, plan.mask_count);
	for (uint32_t i = 0; i < plan.file_count; i++) { /* after the masks: some lie beneath a read-only bind */
		planned_files[i] = synthesised_file(i);
		place_synthesised_file(here, plan.files[i], i);
	}
	close(here);
	return make_terminals(0);
}

int make_terminals(uint32_t id_base)
{
	char tty[16];
	snprintf(tty, sizeof tty, "%u", id_base + 5);
	int context = open_labelled("devpts", STEP_DEVPTS);
	set_option(context, "mode", "620", STEP_DEVPTS);
	set_option(context, "gid", tty, STEP_DEVPTS);
	set_option(context, "ptmxmode", "666", STEP_DEVPTS);
	int mount = make_mount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, STEP_DEVPTS);
	if (id_base != 0)
		must(fchownat(mount, "", id_base, id_base, AT_EMPTY_PATH), STEP_DEVPTS);
	return mount;
}

/* The tree is this sandbox's own, so what is not to be there goes away. */
static void remove_devices(void)
{
	static const char *const devices[] = {"zero", "full", "random", "urandom", "tty"};
	int dev = must(open("/own/dev", O_PATH | O_DIRECTORY | O_CLOEXEC), STEP_DEV);
	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
		if (spec.flags & (SPEC_WITHOUT_DEVICE << (i + 1)))
			must(unlinkat(dev, devices[i], 0), STEP_DEV);
	close(dev);
}

void attach_devices(int root, int terminals)
{
	remove_devices();
	int point = mount_point(root, "/dev", WANT_DIRECTORY);
	attach(clone_tree(AT_FDCWD, "/own/dev", STEP_DEV), point, "", STEP_DEV);
	close(point);
	point = must(open_in(root, "dev/pts", O_DIRECTORY), STEP_DEVPTS);
	attach(terminals, point, "", STEP_DEVPTS);
	close(point);
}

/* The one that was covered while the slot waited. */
static void move_proc(int root)
{
	int point = mount_point(root, "/proc", WANT_DIRECTORY);
	must(syscall(NR_MOVE_MOUNT, AT_FDCWD, "/proc", point, "", MOVE_MOUNT_T_EMPTY_PATH), STEP_PROC);
	close(point);
}

static void build_root(int terminals, const int *descriptors, int count)
{
	attach(descriptors[0], AT_FDCWD, "/root", STEP_ROOT);
	int root = must(open("/root", O_PATH | O_DIRECTORY | O_CLOEXEC), STEP_ROOT);

	attach_devices(root, terminals);
	move_proc(root);
	make_tmpfs_list(root, 0);
	make_binds(root, descriptors, count);
	make_masks(root, spec.masks, spec.mask_count);
	check_planned_files();
	write_synthesised_files(root);

	if (spec.flags & SPEC_READ_ONLY) /* last: the mount points above may have had to be made */
		set_attributes(root, &(struct mount_attr){.attr_set = MOUNT_ATTR_RDONLY}, STEP_READ_ONLY);

	must(fchdir(root), STEP_PIVOT);
	must(syscall(NR_PIVOT_ROOT, ".", "."), STEP_PIVOT);
	must(syscall(SYS_umount2, ".", 2 /* MNT_DETACH */), STEP_PIVOT);
	must(chdir("/"), STEP_PIVOT);
	close(root);
}

void set_limits(void)
{
	for (uint32_t i = 0; i < spec.rlimit_count; i++) {
		struct rlimit wanted = {spec.rlimits[i].soft, spec.rlimits[i].hard}, now;
		if (setrlimit(spec.rlimits[i].resource, &wanted) == 0)
			continue;
		/* No CAP_SYS_RESOURCE on some hosts: a limit that is already as tight is a limit kept. */
		if (errno != EPERM || getrlimit(spec.rlimits[i].resource, &now) != 0 || now.rlim_max > wanted.rlim_max) {
			errno = EPERM;
			fail(STEP_RLIMIT);
		}
	}
}

static void lock_privileges(void)
{
	for (int capability = 0; capability < 64; capability++) {
		if (spec.bounding_set & (1ull << capability))
			continue;
		if (prctl(PR_CAPBSET_DROP, capability) != 0) {
			if (errno == EINVAL)
				break; /* past the kernel's last one */
			fail(STEP_CAPABILITIES);
		}
	}
	must(prctl(PR_SET_KEEPCAPS, 1), STEP_CAPABILITIES);
	must(syscall(SYS_setgroups, 0, NULL), STEP_IDS);
	must(syscall(SYS_setresgid, spec.guest_gid, spec.guest_gid, spec.guest_gid), STEP_IDS);
	must(syscall(SYS_setresuid, spec.guest_uid, spec.guest_uid, spec.guest_uid), STEP_IDS);

	uint32_t low = (uint32_t)spec.guest_capabilities, high = (uint32_t)(spec.guest_capabilities >> 32);
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];
	/* Securebits need CAP_SETPCAP, which the guest may not keep: it is effective for this one step. */
	must(syscall(SYS_capget, &header, sets), STEP_CAPABILITIES);
	sets[0].effective = sets[0].permitted;
	sets[1].effective = sets[1].permitted;
	must(syscall(SYS_capset, &header, sets), STEP_CAPABILITIES);
	must(prctl(PR_SET_SECUREBITS, (unsigned long)spec.securebits), STEP_CAPABILITIES);

	sets[0] = (struct __user_cap_data_struct){low, low, low};
	sets[1] = (struct __user_cap_data_struct){high, high, high};
	must(syscall(SYS_capset, &header, sets), STEP_CAPABILITIES);
	/* Ambient, because the guest is not uid 0 and its exec would drop them; the guest clears the set when it starts. */
	for (int capability = 0; capability < 64; capability++)
		if (spec.guest_capabilities & (1ull << capability))
			must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0), STEP_CAPABILITIES);
}

int make_ruleset(int root)
{
	struct landlock_ruleset handled = {spec.landlock_fs, spec.landlock_net, spec.landlock_scoped};
	int ruleset = must(syscall(NR_LANDLOCK_CREATE_RULESET, &handled, sizeof handled, 0), STEP_LANDLOCK);
	for (uint32_t i = 0; i < spec.rule_count; i++) {
		const char *path = spec.rules[i].path + strspn(spec.rules[i].path, "/");
		int object = open_in(root, path[0] ? path : ".", 0);
		if (object < 0 && (errno == ENOENT || errno == ELOOP))
			continue; /* a rule grants: what is not there, or is a link to what has a rule of its own, gets nothing */
		must(object, STEP_LANDLOCK);
		struct landlock_path_beneath rule = {.access = spec.rules[i].access, .parent = object};
		must(syscall(NR_LANDLOCK_ADD_RULE, ruleset, LANDLOCK_PATH_BENEATH, &rule, 0), STEP_LANDLOCK);
		close(object);
	}
	return ruleset;
}

/*
 * The label that the exec enters, and whatever is started later stays in. What the kernel does not know is refused here. Before
 * Landlock, which gives no writing in /proc.
 */
static void set_label(const char *file, const char *label, size_t length)
{
	int fd = must(open(file, O_WRONLY | O_CLOEXEC), STEP_LABEL);
	must(write(fd, label, length), STEP_LABEL); /* whole or not at all: proc_pid_attr_write in fs/proc/base.c */
	close(fd);
}

/* no_new_privs lets a process that is in no profile enter one (apparmor_bprm_creds_for_exec in security/apparmor/domain.c), but
 * not go from one to another. */
static void enter_profile(void)
{
	char order[SPEC_LABEL_MAX + 8];
	int length = snprintf(order, sizeof order, "exec %s", spec.label);
	set_label("/proc/thread-self/attr/apparmor/exec", order, length);
}

/* Under no_new_privs the policy has to allow it by name (nnp_transition); if not, it is the exec that fails. */
static void enter_domain(void)
{
	char context[2 * SPEC_LABEL_MAX + 2];
	errno = EINVAL;
	if (!plan.level[0])
		fail(STEP_LABEL);
	int length = snprintf(context, sizeof context, "%s:%s", spec.domain, plan.level);
	set_label("/proc/thread-self/attr/exec", context, length);
}

/* Either exec forgets the death signal; the guest asks for it again, and sees by this pipe if that was too late. */
static void tell_of_spawner(void)
{
	must(fcntl(6, F_SETFD, 0), STEP_LABEL);
	spec.arguments[spec.argument_count++] = "--parent";
	spec.arguments[spec.argument_count++] = "6";
	spec.arguments[spec.argument_count] = NULL;
}

static void set_labels(void)
{
	if (layer_is_off(SPEC_TEST_NO_LABEL) || (!spec.label[0] && !spec.domain[0]))
		return;
	if (spec.label[0])
		enter_profile();
	if (spec.domain[0])
		enter_domain();
	tell_of_spawner();
}

static void apply_landlock(void)
{
	int root = must(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), STEP_LANDLOCK);
	int ruleset = make_ruleset(root);
	must(syscall(NR_LANDLOCK_RESTRICT_SELF, ruleset, 0), STEP_LANDLOCK);
	close(root);
	close(ruleset);
}

static void apply_filter(void)
{
	struct sock_fprog program = {.len = spec.filter_length, .filter = (struct sock_filter *)spec.filter};
	errno = EINVAL;
	if (spec.filter_length == 0)
		fail(STEP_SECCOMP);
	if (!(spec.flags & SPEC_LISTENER)) {
		must(syscall(NR_SECCOMP, SECCOMP_SET_MODE_FILTER, 0, &program), STEP_SECCOMP);
		return;
	}
	int listener = must(
		syscall(NR_SECCOMP, SECCOMP_SET_MODE_FILTER, FILTER_NEW_LISTENER | FILTER_WAIT_KILLABLE, &program), STEP_SECCOMP);
	struct report report = {.kind = REPORT_LAUNCHED};
	struct iovec part = {&report, sizeof report};
	must(send_message(answer_to, &part, 1, &listener, 1), STEP_SECCOMP);
	close(listener);
}


/*
 * The kernel notes in each open file what the Landlock domain of its opener gives, and the guest will never leave this one. So
 * whoever gets hold of this file later can ask the kernel whether the guest is behind Landlock: an ioctl of a device for which
 * no rule gives it, one of those that stand for what is masked in /proc. Opened before the filter, which may leave opens to the
 * broker, who is in no domain.
 */
static void open_witness(void)
{
	int witness = must(open("/proc/interrupts", O_RDONLY), STEP_LANDLOCK);
	errno = EBADF;
	if (witness != WITNESS_FD) /* the first that is free since what was inherited is closed */
		fail(STEP_LANDLOCK);
}

static _Noreturn void become_guest(const struct house *house, int builder, int channel)
{
	int descriptors[MESSAGE_DESCRIPTORS_MAX], count = 0;
	answer_to = builder;
	die_with_spawner(house->life);

	struct report prepared;
	if (receive_message(builder, &prepared, sizeof prepared, descriptors, &count, MESSAGE_DESCRIPTORS_MAX) != sizeof prepared)
		_exit(1);
	/* Until here uid 0 of the host, which this namespace does not map; from here uid 0 of the sandbox. */
	must(syscall(SYS_setresgid, 0, 0, 0), STEP_IDS);
	must(syscall(SYS_setresuid, 0, 0, 0), STEP_IDS);
	must(syscall(SYS_setgroups, 0, NULL), STEP_IDS);
	umask(0);
	must(syscall(SYS_mount, NULL, "/", NULL, (1 << 14) | (1 << 18) /* MS_REC | MS_PRIVATE */, NULL), STEP_PROPAGATION);
	die_with_spawner(house->life); /* again: a change of ids forgets the death signal */
	int terminals = make_ready();
	struct iovec part = {&prepared, sizeof prepared};
	must(send_message(builder, &part, 1, NULL, 0), STEP_HAND_OVER);

	/* ---- here a slot waits ---- */

	ssize_t length = receive_message(builder, message, sizeof message, descriptors, &count, MESSAGE_DESCRIPTORS_MAX);
	if (length <= 0)
		_exit(1);
	errno = EINVAL;
	if (spec_read(message, length, &spec) != 0)
		fail(STEP_SPEC);

	build_root(terminals, descriptors, count);
	must(sethostname(spec.hostname, strlen(spec.hostname)), STEP_HOSTNAME);
	set_limits();
	umask(022);
	setsid();

	/* Nothing of the host's may be inherited: what is open now is named here, the rest is closed. */
	int binary = must(fcntl(house->guest_binary, F_DUPFD_CLOEXEC, 16), STEP_EXEC);
	int life = must(fcntl(house->life, F_DUPFD_CLOEXEC, 16), STEP_EXEC);
	int answer = must(fcntl(builder, F_DUPFD_CLOEXEC, 16), STEP_EXEC);
	int guest_channel = must(fcntl(channel, F_DUPFD_CLOEXEC, 16), STEP_EXEC);
	int null = must(open("/dev/null", O_RDWR | O_CLOEXEC), STEP_EXEC);
	for (int fd = 0; fd < 3; fd++)
		must(dup2(null, fd), STEP_EXEC);
	must(dup2(guest_channel, 3), STEP_EXEC);
	must(dup3(binary, 4, O_CLOEXEC), STEP_EXEC);
	must(dup3(answer, 5, O_CLOEXEC), STEP_EXEC);
	must(dup3(life, 6, O_CLOEXEC), STEP_EXEC);
	must(syscall(NR_CLOSE_RANGE, 7, ~0u, 0), STEP_EXEC);
	answer_to = 5;

	if (!layer_is_off(SPEC_TEST_NO_PRIVILEGE_LOCK))
		lock_privileges();
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), STEP_NO_NEW_PRIVS);
	die_with_spawner(6); /* again: a change of ids forgets the death signal */
	set_labels();
	if (!layer_is_off(SPEC_TEST_NO_LANDLOCK))
		apply_landlock();
	open_witness();
	if (!layer_is_off(SPEC_TEST_NO_SECCOMP))
		apply_filter();

	static char *const nothing[] = {NULL};
	syscall(NR_EXECVEAT, 4, "", spec.arguments, nothing, AT_EMPTY_PATH);
	fail(STEP_EXEC);
}
