/*
 * Builds one sandbox with an OCI runtime (crun, runsc): the second way to make the walls.
 *
 * What a runtime cannot be told, or would make with fewer walls, is made here as in sandbox.c: control groups, the network
 * namespace, the user namespace (by its own first id), idmapped layers, overlay, mounts, covers, devices, the Landlock
 * ruleset. The runtime makes the other namespaces, /proc, ids, capabilities, no_new_privs and the filter. It runs in a
 * file tree of its own, where it keeps its state, so that nothing of it is left when this process ends.
 *
 * The guest becomes the spawner's child. That of crun does so when crun ends, and asks the kernel then to end with the spawner;
 * that of runsc, which is no process of the host, when this process ends, which is the subreaper of what runsc starts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "builder.h"
#include "confine.h"
#include "io.h"
#include "kernel.h"

/* Where crun's guest finds what it is handed; dev.redoubt.node.driver.Crun tells the guest. */
enum { HANDED_CHANNEL = 3, HANDED_GUEST, HANDED_ANSWER, HANDED_LIFE, HANDED_RULESET, HANDED_END };

enum { ID_COUNT = 65536, TREE_SIZE = 16 << 20, TREE_INODES = 1024, PATIENCE_MS = 30000, WORDS_MAX = 400 };

/* Of our own tree; the configuration names them. */
#define LISTENER "/listener"
#define USER_NAMESPACE "/userns"
#define PID_FILE "/pid"
#define LOG "/log"
#define GUEST "/guest"
#define GUEST_INSIDE "/run/redoubt/guest" /* of runsc, which hands down no descriptor to execute */
#define CONFIG "/bundle/config.json"

static int guest = -1; /* pidfd */

/* What a runtime said goes to the node with the report: only it can say why. */
static _Noreturn void fail_with_words(void)
{
	struct report report = {.kind = REPORT_FAILED, .error = EPROTO, .step = STEP_RUNTIME};
	char words[WORDS_MAX];
	int log = open(LOG, O_RDONLY | O_CLOEXEC);
	ssize_t length = log < 0 ? 0 : read(log, words, sizeof words);
	for (ssize_t i = 0; i < length; i++)
		if (words[i] < ' ' || words[i] > '~')
			words[i] = ' ';
	struct iovec parts[2] = {{&report, sizeof report}, {words, length < 0 ? 0 : (size_t)length}};
	(void)send_message(node, parts, 2, NULL, 0);
	(void)send_message(answer_to, parts, 1, NULL, 0);
	_exit(1);
}

/* A guest that cannot be handed over must not run on. */
static _Noreturn void fail_and_kill(enum step step)
{
	int error = errno;
	if (guest >= 0)
		syscall(NR_PIDFD_SEND_SIGNAL, guest, SIGKILL, NULL, 0);
	errno = error;
	fail(step);
}

/*
 * A tree with nothing in it but what the runtime needs. crun refuses to work where it finds version 2 of control groups
 * mounted beside version 1; here it finds neither. /proc is a fresh one with nothing over it: only then may a user namespace
 * mount another (mount_too_revealing in fs/namespace.c).
 */
static void make_tree(void)
{
	static const char *const directories[] = {"proc", "own", "synthesised", "root", "stage", "stage/upper", "bundle", "state",
						  "run",  "tmp", "dev",		"sys",	"sys/fs", "sys/fs/cgroup"};
	must(syscall(SYS_unshare, CLONE_NEWNS), STEP_STAGING);
	/* Not noexec: runsc maps the guest from here, to be executed. */
	attach(make_tmpfs(TREE_SIZE, TREE_INODES, 0755, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, STEP_STAGING), AT_FDCWD, "/stage",
	       STEP_STAGING);
	must(chdir("/stage"), STEP_STAGING);
	must(syscall(NR_PIVOT_ROOT, ".", "."), STEP_STAGING);
	must(syscall(SYS_umount2, ".", 2 /* MNT_DETACH */), STEP_STAGING);
	must(chdir("/"), STEP_STAGING);
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		must(mkdir(directories[i], 0755), STEP_STAGING);
	attach(make_mount(open_file_system("proc", STEP_PROC), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, STEP_PROC),
	       AT_FDCWD, "/proc", STEP_PROC);
}

/* Keeps a user namespace until the runtime is in it. */
static pid_t hold_user_namespace(uint32_t id_base)
{
	struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
	char path[64];
	pid_t holder = clone_as(id_base, &arguments);
	if (holder == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	write_id_map(holder, "uid_map", 0, id_base, ID_COUNT, STEP_ID_MAP);
	write_id_map(holder, "gid_map", 0, id_base, ID_COUNT, STEP_ID_MAP);
	snprintf(path, sizeof path, "/proc/%d/ns/user", holder);
	must(symlink(path, USER_NAMESPACE), STEP_ID_MAP);
	return holder;
}

/* The host's programs and libraries, to read and to execute; nothing else of the host is there. */
static void show_program(const int *descriptors, int count)
{
	struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
	for (uint32_t i = 0; i < spec.tree_count; i++) {
		errno = EINVAL;
		if (spec.trees[i].descriptor >= (uint32_t)count)
			fail(STEP_RUNTIME);
		must(mkdir(spec.trees[i].path, 0755), STEP_RUNTIME);
		set_attributes(descriptors[spec.trees[i].descriptor], &read_only, STEP_RUNTIME);
		attach(descriptors[spec.trees[i].descriptor], AT_FDCWD, spec.trees[i].path, STEP_RUNTIME);
	}
	for (uint32_t i = 0; i < spec.link_count; i++)
		must(symlink(spec.links[i].target, spec.links[i].path), STEP_RUNTIME);
}

static void write_synthesised(void)
{
	for (uint32_t i = 0; i < spec.file_count; i++) {
		int fd = synthesised_file(i);
		errno = ENOSPC;
		if (write(fd, spec.files[i].bytes, spec.files[i].length) != (ssize_t)spec.files[i].length)
			fail(STEP_SYNTHESISED);
		close(fd);
	}
}

/* Everything of the root but /proc, with the file system ids of the sandbox's root: what has to be made in the layer is its. */
static void build_root(int overlay, int terminals, const int *descriptors, int count, uint32_t id_base)
{
	make_synthesised_store();
	attach(overlay, AT_FDCWD, "/root", STEP_ROOT);
	int root = must(open("/root", O_PATH | O_DIRECTORY | O_CLOEXEC), STEP_ROOT);
	setfsgid(id_base);
	setfsuid(id_base);
	raise_effective_capabilities(0, STEP_ROOT);

	close(mount_point(root, "/proc", WANT_DIRECTORY));
	if (spec.flags & SPEC_STREAMS_ONLY) { /* a kernel of its own has devices and memory of its own */
		for (uint32_t i = 0; i < spec.tmpfs_count; i++)
			close(mount_point(root, spec.tmpfs[i].path, WANT_DIRECTORY));
		close(mount_point(root, GUEST_INSIDE, WANT_FILE));
	} else {
		attach_devices(root, terminals);
		make_tmpfs_list(root, id_base);
	}
	make_binds(root, descriptors, count);
	make_masks(root, spec.masks, spec.mask_count);
	write_synthesised();

	setfsuid(0);
	setfsgid(0);
	raise_effective_capabilities(0, STEP_ROOT);
	if (spec.flags & SPEC_READ_ONLY)
		set_attributes(root, &(struct mount_attr){.attr_set = MOUNT_ATTR_RDONLY}, STEP_READ_ONLY);
	close(root);
}

static int listen_for_filter(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = LISTENER};
	int fd = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), STEP_SECCOMP);
	must(bind(fd, (struct sockaddr *)&address, sizeof address), STEP_SECCOMP);
	must(listen(fd, 1), STEP_SECCOMP);
	return fd;
}

/* crun sends its state and the listener right before it executes the guest. */
static int received_filter(int socket)
{
	char state[4096];
	int listener = -1, count = 0;
	int connection = accept4(socket, NULL, NULL, SOCK_CLOEXEC);
	if (connection < 0)
		fail_and_kill(STEP_SECCOMP);
	struct pollfd ready = {.fd = connection, .events = POLLIN};
	errno = ETIMEDOUT;
	if (poll(&ready, 1, PATIENCE_MS) != 1)
		fail_and_kill(STEP_SECCOMP);
	if (receive_message(connection, state, sizeof state, &listener, &count, 1) < 0 || count != 1)
		fail_and_kill(STEP_SECCOMP);
	close(connection);
	return listener;
}

static void copy_guest(int binary)
{
	char piece[16384];
	int to = must(open(GUEST, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0555), STEP_EXEC);
	off_t at = 0;
	for (;;) {
		ssize_t n = must(pread(binary, piece, sizeof piece, at), STEP_EXEC);
		if (n == 0)
			break;
		errno = ENOSPC;
		if (write(to, piece, n) != n)
			fail(STEP_EXEC);
		at += n;
	}
	close(to);
}

struct handed {
	int channel, binary, answer, life, ruleset;
};

/* In a child: what it inherits is named here, the rest is closed. */
static _Noreturn void become_runtime(const struct handed *handed)
{
	static char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	const int wanted[] = {handed->channel, handed->binary, handed->answer, handed->life, handed->ruleset};
	int high[5];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	set_limits();
	for (int i = 0; i < 5; i++)
		high[i] = wanted[i] < 0 ? -1 : must(fcntl(wanted[i], F_DUPFD_CLOEXEC, 64), STEP_EXEC);
	/* No device as a stream: crun gives its streams to the guest's user. */
	int log = must(open(LOG, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600), STEP_EXEC);
	int last = 2;
	must(dup2(spec.flags & SPEC_STREAMS_ONLY ? high[0] : log, 0), STEP_EXEC);
	must(dup2(spec.flags & SPEC_STREAMS_ONLY ? high[3] : log, 1), STEP_EXEC);
	must(dup2(log, 2), STEP_EXEC);
	if (!(spec.flags & SPEC_STREAMS_ONLY)) {
		for (int i = 0; i < 5; i++)
			must(dup2(high[i], HANDED_CHANNEL + i), STEP_EXEC);
		last = HANDED_END - 1;
	}
	must(syscall(NR_CLOSE_RANGE, last + 1, ~0u, 0), STEP_EXEC);
	execve(spec.program[0], spec.program, environment);
	_exit(127);
}

static void run_runtime(const struct handed *handed)
{
	int status;
	pid_t runtime = must(fork(), STEP_FORK);
	if (runtime == 0)
		become_runtime(handed);
	while (waitpid(runtime, &status, 0) < 0)
		if (errno != EINTR)
			fail(STEP_RUNTIME);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_with_words();
}

static pid_t noted_guest(void)
{
	char number[16] = "";
	int fd = must(open(PID_FILE, O_RDONLY | O_CLOEXEC), STEP_RUNTIME);
	must(read(fd, number, sizeof number - 1), STEP_RUNTIME);
	close(fd);
	pid_t pid = atoi(number);
	errno = ECHILD;
	if (pid <= 1)
		fail(STEP_RUNTIME);
	return pid;
}

/* The runtime has exited, so what it started is our child and not reaped: the number is nobody else's. */
static pid_t started_child(void)
{
	pid_t pid = noted_guest();
	guest = must(syscall(NR_PIDFD_OPEN, pid, 0), STEP_RUNTIME);
	return pid;
}

static int is_in(int process, const struct stat *namespace)
{
	struct stat its;
	return fstatat(process, "ns/user", &its, 0) == 0 && its.st_ino == namespace->st_ino && its.st_dev == namespace->st_dev;
}

/* The spawner's children it reaps itself, so the number may be a stranger's by now. Who has our user namespace is none, and who
 * still has it after the pidfd was made is whom the pidfd names. */
static pid_t started_guest(void)
{
	char path[32];
	struct stat namespace;
	pid_t pid = noted_guest();
	snprintf(path, sizeof path, "/proc/%d", pid);
	int process = must(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), STEP_RUNTIME);
	must(stat(USER_NAMESPACE, &namespace), STEP_RUNTIME);
	int pidfd = must(syscall(NR_PIDFD_OPEN, pid, 0), STEP_RUNTIME);
	errno = ECHILD;
	if (!is_in(process, &namespace))
		fail(STEP_RUNTIME);
	close(process);
	guest = pidfd;
	return pid;
}

static pid_t parent_of(pid_t pid)
{
	char path[32], text[512] = "";
	int parent = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
		fail_and_kill(STEP_EXEC);
	close(fd);
	const char *name_end = strrchr(text, ')'); /* the name may have any characters; after it: state, parent */
	if (!name_end || sscanf(name_end, ") %*c %d", &parent) != 1)
		parent = 0;
	return parent;
}

/* crun may have had more than one process between itself and the guest; the last one's end is what the guest must not take for
 * the spawner's. */
static void await_adoption(pid_t pid)
{
	for (int waited = 0; parent_of(pid) != getppid(); waited++) {
		errno = ETIMEDOUT;
		if (waited == PATIENCE_MS)
			fail_and_kill(STEP_HAND_OVER);
		poll(NULL, 0, 1);
	}
}

/* The one open of the guest's before it is ready, of what it leaves as witness. Nothing but the guest runs there yet. */
static void let_witness_be_opened(int listener, pid_t pid)
{
	struct seccomp_notif call = {0};
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		fail_and_kill(STEP_SECCOMP);
	errno = EPROTO;
	if ((pid_t)call.pid != pid || call.data.nr != SYS_open)
		fail_and_kill(STEP_SECCOMP);
	struct seccomp_notif_resp pass = {.id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &pass) < 0)
		fail_and_kill(STEP_SECCOMP);
}

static void hear_guest(int answer)
{
	struct missing_wall heard;
	int none[1], count = 0;
	if (receive_message(answer, &heard, sizeof heard, none, &count, 1) == sizeof heard) {
		errno = heard.error;
		fail_and_kill(heard.wall == WALL_LANDLOCK ? STEP_LANDLOCK : STEP_CAPABILITIES);
	}
	struct pollfd ended = {.fd = guest, .events = POLLIN};
	errno = ECHILD;
	if (poll(&ended, 1, 0) != 0)
		fail_and_kill(STEP_EXEC); /* not by confining itself */
}

/* The guest answers a failed wall with a report, and closes its end when all are up. @return the filter's listener, or -1 */
static int await_guest(int answer, int filter, pid_t pid)
{
	enum { HEARD, SENT_FILTER, ASKED, ENDED, SOURCES };
	struct pollfd ready[SOURCES] = {
		[HEARD] = {.fd = answer, .events = POLLIN},
		[SENT_FILTER] = {.fd = filter, .events = POLLIN},
		[ASKED] = {.fd = -1, .events = POLLIN},
		[ENDED] = {.fd = guest, .events = POLLIN},
	};
	for (;;) {
		errno = ETIMEDOUT;
		if (poll(ready, SOURCES, PATIENCE_MS) < 1)
			fail_and_kill(STEP_EXEC);
		if (ready[SENT_FILTER].revents) {
			ready[ASKED].fd = received_filter(filter);
			ready[SENT_FILTER].fd = -1;
		} else if (ready[ASKED].revents & POLLIN) {
			let_witness_be_opened(ready[ASKED].fd, pid);
		} else if (ready[HEARD].revents || ready[ENDED].revents) {
			hear_guest(answer);
			return ready[ASKED].fd;
		}
	}
}

/* crun looks here whether there is AppArmor, and where it sees none it passes over the profile that it is told. */
static void show_apparmor(void)
{
	static const char *const directories[] = {"/sys/kernel", "/sys/kernel/security", "/sys/kernel/security/apparmor",
						  "/sys/module", "/sys/module/apparmor", "/sys/module/apparmor/parameters"};
	if (!spec.label[0])
		return;
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		must(mkdir(directories[i], 0755), STEP_LABEL);
	int fd = must(open("/sys/module/apparmor/parameters/enabled", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444), STEP_LABEL);
	must(write(fd, "Y\n", 2), STEP_LABEL);
	close(fd);
}

/* And whether there is SELinux, by a mount of this type. */
static void show_selinux(void)
{
	if (!spec.domain[0])
		return;
	must(mkdir("/sys/fs/selinux", 0755), STEP_LABEL);
	attach(make_mount(open_file_system("selinuxfs", STEP_LABEL), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, STEP_LABEL), AT_FDCWD,
	       "/sys/fs/selinux", STEP_LABEL);
}

/* The kernel's word for it, not the runtime's. */
static void check_label(pid_t pid, const char *file, const char *wanted, size_t length)
{
	char path[64], found[2 * SPEC_LABEL_MAX + 16];
	snprintf(path, sizeof path, "/proc/%d/attr/%s", pid, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, found, sizeof found);
	if (n < 0)
		fail_and_kill(STEP_LABEL);
	errno = EACCES;
	if (n != (ssize_t)length || memcmp(found, wanted, n) != 0)
		fail_and_kill(STEP_LABEL);
	close(fd);
}

static void check_labels(pid_t pid)
{
	char wanted[2 * SPEC_LABEL_MAX + 16];
	if (spec.label[0])
		check_label(pid, "apparmor/current", wanted, snprintf(wanted, sizeof wanted, "%s (enforce)\n", spec.label));
	if (spec.domain[0]) /* SELinux ends it with a NUL */
		check_label(pid, "current", wanted, snprintf(wanted, sizeof wanted, "%s:%s", spec.domain, plan.level) + 1);
}

static void write_config(void)
{
	size_t length = strlen(spec.config);
	int fd = must(open(CONFIG, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), STEP_RUNTIME);
	errno = ENOSPC;
	if (write(fd, spec.config, length) != (ssize_t)length)
		fail(STEP_RUNTIME);
	close(fd);
}

static int open_ruleset(void)
{
#ifdef REDOUBT_TEST_WALLS
	if (spec.flags & SPEC_TEST_NO_LANDLOCK) { /* the guest enters a domain all the same: one that withholds next to nothing */
		spec.landlock_fs = LANDLOCK_MAKE_BLOCK;
		spec.landlock_net = spec.landlock_scoped = 0;
		spec.rule_count = 0;
	}
#endif
	int root = must(open("/root", O_PATH | O_DIRECTORY | O_CLOEXEC), STEP_LANDLOCK);
	int ruleset = make_ruleset(root);
	close(root);
	return ruleset;
}

static _Noreturn void launch(const struct house *house, uint32_t id_base, struct builder_sockets sockets)
{
	int descriptors[MESSAGE_DESCRIPTORS_MAX], count = 0;
	ssize_t length = receive_message(sockets.orders, message, sizeof message, descriptors, &count, MESSAGE_DESCRIPTORS_MAX);
	if (length == 0)
		_exit(0); /* the node is gone */
	node = sockets.orders;
	must(length, STEP_SPEC);
	errno = EINVAL;
	if (spec_read(message, length, &spec) != 0)
		fail(STEP_SPEC);
	uint32_t own = spec.layers + (spec.upper_kind == UPPER_DIRECTORY);
	if ((uint32_t)count < own || spec.program_count == 0)
		fail(STEP_SPEC);
	for (uint32_t i = 0; i < spec.layers; i++) {
		char name[16];
		snprintf(name, sizeof name, "l%u", i);
		must(mkdir(name, 0755), STEP_STAGING);
	}

	pid_t holder = hold_user_namespace(id_base);
	int user_namespace = user_namespace_of(holder, STEP_ID_MAP);
	label_guest(house);
	prepare_binds(descriptors, count, user_namespace, id_base);
	int overlay = make_overlay(descriptors, user_namespace, id_base);
	close(user_namespace);

	int handed[1 + MESSAGE_DESCRIPTORS_MAX], handed_count = 0;
	handed[handed_count++] = overlay; /* as make_binds counts */
	for (int i = own; i < count && handed_count < MESSAGE_DESCRIPTORS_MAX; i++)
		handed[handed_count++] = descriptors[i];
	build_root(overlay, make_terminals(id_base), handed, handed_count, id_base);
	die_with_spawner(house->life); /* again: a change of ids forgets the death signal */
	show_program(descriptors, count);
	show_apparmor();
	show_selinux();
	write_config();
	copy_guest(house->guest_binary);

	int answer[2], filter = -1, listener = -1;
	pid_t pid;
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, answer), STEP_HAND_OVER);
	if (spec.flags & SPEC_LISTENER)
		filter = listen_for_filter();
	if (spec.flags & SPEC_STREAMS_ONLY)
		must(prctl(PR_SET_CHILD_SUBREAPER, 1), STEP_HAND_OVER);
	run_runtime(&(struct handed){
		.channel = sockets.channel,
		.binary = house->guest_binary,
		.answer = answer[1],
		.life = house->life,
		.ruleset = spec.flags & SPEC_STREAMS_ONLY ? -1 : open_ruleset(),
	});
	close(answer[1]);
	if (spec.flags & SPEC_STREAMS_ONLY) {
		pid = started_child();
	} else {
		pid = started_guest();
		await_adoption(pid);
		if (send(answer[0], "", 1, MSG_NOSIGNAL) < 0)
			fail_and_kill(STEP_EXEC);
		listener = await_guest(answer[0], filter, pid);
		errno = EPROTO; /* a crun without seccomp ignores the filter, and runs the guest all the same */
		if (filter >= 0 && listener < 0)
			fail_and_kill(STEP_SECCOMP);
	}
	check_labels(pid);

	/* It would be one of the sandbox's processes for a moment more, and not confined as those are. */
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);

	struct report report = {.kind = REPORT_LAUNCHED, .life_s = spec.life_s, .guest = pid};
	struct iovec part = {&report, sizeof report};
	const int fds[] = {guest, listener};
	/* The spawner first, as in sandbox.c. */
	if (send_message(sockets.control, &part, 1, fds, listener < 0 ? 1 : 2) < 0)
		fail_and_kill(STEP_HAND_OVER);
	(void)send_message(sockets.orders, &part, 1, fds, listener < 0 ? 1 : 2);
	_exit(0);
}

_Noreturn void build_with_runtime(const struct house *house, uint32_t id_base, uint32_t flags, const uint8_t *plan_bytes,
				  size_t plan_length, struct builder_sockets sockets, const int *cgroups, int cgroup_count)
{
	answer_to = sockets.control;
	die_with_spawner(house->life);
	read_plan(plan_bytes, plan_length);
	join_cgroups(flags, cgroups, cgroup_count);
	make_network_namespace();
	make_tree();
	make_own_tree(id_base);
	attach(clone_tree(AT_FDCWD, "/own/dev", STEP_DEV), AT_FDCWD, "/dev", STEP_DEV);
	must(chdir("/stage"), STEP_STAGING);

	/* No process of the sandbox's yet: until one is, its pidfd is ours. */
	struct report prepared = {.kind = REPORT_PREPARED};
	struct iovec part = {&prepared, sizeof prepared};
	const int known_by[] = {
		must(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), STEP_NETWORK_NAMESPACE),
		must(syscall(NR_PIDFD_OPEN, getpid(), 0), STEP_HAND_OVER),
	};
	must(send_message(sockets.control, &part, 1, known_by, 2), STEP_HAND_OVER);
	close_all(known_by, 2);

	/* ---- here a slot waits ---- */

	launch(house, id_base, sockets);
}
