/*
 * The spawner: resident, root, one thread. Pre-forks slots, in which the node launches sandboxes, reaps them, and keeps one
 * duplicate of every descriptor a sandbox lives by, so that the node may die and come back (PROTOCOL.md, section 2).
 *
 * usage: redoubt-spawner --socket PATH --lock PATH --guest PATH [--die-with-node]
 *
 * It decides nothing; what has lived as long as it was told, it kills. Its own death ends every sandbox: each has it as the
 * parent whose end is theirs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "io.h"
#include "kernel.h"
#include "sandbox.h"
#include "spec.h"

enum { MAGIC = 0x31424452, VERSION = 1, SANDBOXES_MAX = 4096, NODES_MAX = 16, STRANGERS_MAX = 64, LIST_ENTRY = 24 };

enum verb { PREPARE = 1, LIST = 2, FETCH = 3, FORGET = 4, REPLY = 0x8000 };

enum state { PREPARING = 0, SLOT = 1, RUNNING = 2, DEAD = 3 };

struct request {
	uint32_t magic;
	uint16_t version;
	uint16_t verb;
	uint64_t sandbox;
};

struct reply {
	struct request head;
	uint32_t error;
	uint32_t step;
};

/* A connection; `generation` tells a later one in the same place apart. */
struct node {
	int socket;
	uint32_t generation;
};

struct waiter {
	int node; /* index, -1 when nobody waits */
	uint32_t generation;
};

struct sandbox {
	uint64_t number; /* 0 = free */
	enum state state;
	uint32_t id_base;
	pid_t builder, inner;
	int control, orders, channel, pidfd, network, listener;
	int status;
	int64_t deadline; /* CLOCK_MONOTONIC in ms: it is killed then; 0 = never */
	int forgotten;
	struct waiter prepare, forget;
};

/* How a child ended that no sandbox knew: an inner process may end, and be reaped, before its builder reports it. */
struct stranger {
	pid_t pid;
	int status;
};

static struct sandbox sandboxes[SANDBOXES_MAX];
static struct stranger strangers[STRANGERS_MAX]; /* the last ones */
static unsigned stranger_count;
static struct node nodes[NODES_MAX];
static int64_t first_deadline = INT64_MAX; /* no sandbox has an earlier one */
static struct house house;
static int poll_fd, listen_fd, signal_fd;
static int die_with_node, had_node;
static uint8_t buffer[SPEC_MESSAGE_MAX];

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "redoubt-spawner: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static int must(int result, const char *what)
{
	if (result < 0)
		give_up(what);
	return result;
}

/* epoll's word for a descriptor: what it is, and which one. */
enum source { SOURCE_LISTEN, SOURCE_SIGNAL, SOURCE_STARTER, SOURCE_NODE, SOURCE_BUILDER };

static int watch(int fd, enum source source, uint32_t index)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)source << 32 | index};
	return epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- answers ---- */

static void answer(int node, const struct request *request, uint32_t error, uint32_t step, const void *payload, size_t length,
		   const int *descriptors, int count)
{
	struct reply reply = {.head = *request, .error = error, .step = step};
	reply.head.verb |= REPLY;
	struct iovec parts[2] = {{&reply, sizeof reply}, {(void *)payload, length}};
	/* A node that does not read its answers loses them: the spawner waits for nobody. It asks again with LIST. */
	(void)send_message(nodes[node].socket, parts, length ? 2 : 1, descriptors, count);
}

static void answer_waiter(struct waiter *waiter, const struct sandbox *sandbox, enum verb verb, uint32_t error, uint32_t step,
			  const void *payload, size_t length, const int *descriptors, int count)
{
	struct request request = {MAGIC, VERSION, verb, sandbox->number};
	if (waiter->node >= 0 && nodes[waiter->node].socket >= 0 && nodes[waiter->node].generation == waiter->generation)
		answer(waiter->node, &request, error, step, payload, length, descriptors, count);
	waiter->node = -1;
}

static struct waiter waiter_for(int node)
{
	return (struct waiter){.node = node, .generation = nodes[node].generation};
}

/* ---- sandboxes ---- */

static struct sandbox *find(uint64_t number)
{
	for (int i = 0; i < SANDBOXES_MAX; i++)
		if (sandboxes[i].number == number)
			return &sandboxes[i];
	return NULL;
}

static void release(struct sandbox *sandbox)
{
	close_one(&sandbox->control);
	close_one(&sandbox->orders);
	close_one(&sandbox->channel);
	close_one(&sandbox->pidfd);
	close_one(&sandbox->network);
	close_one(&sandbox->listener);
	sandbox->number = 0;
}

/* PID 1's end is the end of everything in its pid namespace, and it can be reaped only when all the rest is gone. */
static void kill_sandbox(struct sandbox *sandbox)
{
	if (sandbox->builder > 0)
		kill(sandbox->builder, SIGKILL); /* our unreaped child: the number cannot be anybody else's */
	if (sandbox->pidfd >= 0)
		syscall(NR_PIDFD_SEND_SIGNAL, sandbox->pidfd, SIGKILL, NULL, 0);
}

/* ---- time ---- */

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Held here because nothing else outlives them all: whoever asked may be stopped, and the node may be dead. */
static void limit_life(struct sandbox *sandbox, uint32_t life_s)
{
	if (life_s == 0)
		return;
	sandbox->deadline = now_ms() + (int64_t)life_s * 1000;
	if (sandbox->deadline < first_deadline)
		first_deadline = sandbox->deadline;
}

static void kill_overdue(void)
{
	if (first_deadline == INT64_MAX)
		return;
	int64_t now = now_ms();
	if (now < first_deadline)
		return;
	first_deadline = INT64_MAX;
	for (int i = 0; i < SANDBOXES_MAX; i++) {
		struct sandbox *sandbox = &sandboxes[i];
		if (sandbox->number == 0 || sandbox->deadline == 0)
			continue;
		if (sandbox->deadline <= now) {
			sandbox->deadline = 0;
			kill_sandbox(sandbox);
		} else if (sandbox->deadline < first_deadline) {
			first_deadline = sandbox->deadline;
		}
	}
}

/* @return ms to wait for events, -1 for as long as it takes */
static int until_first_deadline(void)
{
	if (first_deadline == INT64_MAX)
		return -1;
	int64_t left = first_deadline - now_ms();
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static int is_gone(const struct sandbox *sandbox)
{
	return sandbox->builder <= 0 && sandbox->inner <= 0;
}

static void finish_if_gone(struct sandbox *sandbox)
{
	if (!is_gone(sandbox))
		return;
	sandbox->state = DEAD;
	answer_waiter(&sandbox->prepare, sandbox, PREPARE, ECHILD, STEP_KILLED, NULL, 0, NULL, 0);
	if (sandbox->forgotten) {
		uint32_t status = sandbox->status;
		answer_waiter(&sandbox->forget, sandbox, FORGET, 0, 0, &status, sizeof status, NULL, 0);
		release(sandbox);
	}
}

static int status_of_stranger(pid_t pid)
{
	unsigned oldest = stranger_count > STRANGERS_MAX ? stranger_count - STRANGERS_MAX : 0;
	for (unsigned i = stranger_count; i > oldest; i--)
		if (strangers[(i - 1) % STRANGERS_MAX].pid == pid)
			return strangers[(i - 1) % STRANGERS_MAX].status;
	return SIGKILL;
}

static int serve_builder(struct sandbox *sandbox);

static void reap(void)
{
	struct signalfd_siginfo ignored;
	while (read(signal_fd, &ignored, sizeof ignored) > 0)
		;
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);
		if (pid <= 0)
			return;
		int known = 0;
		for (int i = 0; i < SANDBOXES_MAX && !known; i++) {
			struct sandbox *sandbox = &sandboxes[i];
			if (sandbox->number == 0 || (sandbox->inner != pid && sandbox->builder != pid))
				continue;
			known = 1;
			if (sandbox->inner == pid) {
				sandbox->inner = 0;
				sandbox->status = status;
			} else {
				sandbox->builder = 0;
				while (sandbox->control >= 0 && serve_builder(sandbox))
					; /* its last words may name an inner process */
			}
			finish_if_gone(sandbox);
		}
		if (!known)
			strangers[stranger_count++ % STRANGERS_MAX] = (struct stranger){pid, status};
	}
}

/* ---- requests ---- */

static void do_prepare(int node, const struct request *request, const uint8_t *payload, size_t length, const int *fds, int count)
{
	uint32_t id_base, flags;
	struct sandbox *sandbox = find(0);
	if (length < 8 || count == 0 || count > CGROUP_DESCRIPTORS_MAX || request->sandbox == 0 || find(request->sandbox)) {
		answer(node, request, EINVAL, STEP_REQUEST, NULL, 0, NULL, 0);
		return;
	}
	if (!sandbox) {
		answer(node, request, ENFILE, STEP_REQUEST, NULL, 0, NULL, 0);
		return;
	}
	memcpy(&id_base, payload, 4);
	memcpy(&flags, payload + 4, 4);
#ifndef REDOUBT_TEST_WALLS
	if (flags & ~(uint32_t)(PREPARE_CGROUP2 | PREPARE_RUNTIME)) {
		answer(node, request, EINVAL, STEP_REQUEST, NULL, 0, NULL, 0);
		return;
	}
#endif
	/* The first ids of the host belong to its own users: a range that reaches them is refused whatever the node says. */
	if (id_base < 65536 || id_base > UINT32_MAX - 65536) {
		answer(node, request, EINVAL, STEP_REQUEST, NULL, 0, NULL, 0);
		return;
	}

	int pairs[3][2]; /* the child's ends are [1] */
	for (int i = 0; i < 3; i++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pairs[i]) == 0)
			continue;
		answer(node, request, errno, STEP_FORK, NULL, 0, NULL, 0);
		while (i-- > 0)
			close_all(pairs[i], 2);
		return;
	}
	const int *control = pairs[0], *orders = pairs[1], *channel = pairs[2];
	fcntl(control[0], F_SETFL, O_NONBLOCK); /* the spawner waits for nobody */
	int size = SPEC_MESSAGE_MAX;
	setsockopt(orders[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	size = 1 << 20; /* the guest's frames: enough for a fast job, bounded for a stopped reader */
	setsockopt(channel[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	setsockopt(channel[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);

	struct clone_args arguments = {.exit_signal = SIGCHLD};
	if (flags & PREPARE_CGROUP2) {
		arguments.flags = CLONE_INTO_CGROUP;
		arguments.cgroup = fds[0];
	}
	pid_t builder = syscall(NR_CLONE3, &arguments, sizeof arguments);
	if (builder == 0) {
		/* The descriptors of every other sandbox end here: ours move to the low numbers, the rest is closed. */
		int mine[5 + CGROUP_DESCRIPTORS_MAX], n = 0;
		mine[n++] = control[1];
		mine[n++] = orders[1];
		mine[n++] = channel[1];
		mine[n++] = house.guest_binary;
		mine[n++] = house.life;
		for (int i = 0; i < count; i++)
			mine[n++] = fds[i];
		for (int i = 0; i < n; i++)
			mine[i] = fcntl(mine[i], F_DUPFD_CLOEXEC, 64);
		for (int i = 0; i < n; i++)
			if (mine[i] < 0 || dup3(mine[i], 8 + i, O_CLOEXEC) < 0)
				_exit(1);
		syscall(NR_CLOSE_RANGE, 3, 7, 0);
		syscall(NR_CLOSE_RANGE, 8 + n, ~0u, 0);
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		struct house own = {.guest_binary = 11, .life = 12};
		int cgroups[CGROUP_DESCRIPTORS_MAX];
		for (int i = 0; i < count; i++)
			cgroups[i] = 13 + i;
		const struct builder_sockets sockets = {.control = 8, .orders = 9, .channel = 10};
		if (flags & PREPARE_RUNTIME)
			build_with_runtime(&own, id_base, flags, payload + 8, length - 8, sockets, cgroups, count);
		build_sandbox(&own, id_base, flags, payload + 8, length - 8, sockets, cgroups, count);
	}
	int error = errno;
	for (int i = 0; i < 3; i++)
		close(pairs[i][1]);
	if (builder < 0) {
		answer(node, request, error, STEP_FORK, NULL, 0, NULL, 0);
		for (int i = 0; i < 3; i++)
			close(pairs[i][0]);
		return;
	}
	*sandbox = (struct sandbox){
		.number = request->sandbox, .state = PREPARING, .id_base = id_base, .builder = builder, .control = control[0],
		.orders = orders[0], .channel = channel[0], .pidfd = -1, .network = -1, .listener = -1,
		.prepare = waiter_for(node), .forget = {.node = -1},
	};
	if (watch(control[0], SOURCE_BUILDER, sandbox - sandboxes) < 0) { /* nobody would ever hear its builder */
		answer_waiter(&sandbox->prepare, sandbox, PREPARE, errno, STEP_FORK, NULL, 0, NULL, 0);
		kill_sandbox(sandbox);
	}
}

static void do_list(int node, const struct request *request)
{
	size_t length = 0;
	for (int i = 0; i < SANDBOXES_MAX && length + LIST_ENTRY <= sizeof buffer; i++) {
		const struct sandbox *sandbox = &sandboxes[i];
		if (sandbox->number == 0)
			continue;
		uint32_t facts[4] = {sandbox->state, sandbox->status, sandbox->inner, sandbox->id_base};
		memcpy(buffer + length, &sandbox->number, 8);
		memcpy(buffer + length + 8, facts, sizeof facts);
		length += LIST_ENTRY;
	}
	answer(node, request, 0, 0, buffer, length, NULL, 0);
}

static void do_fetch(int node, const struct request *request)
{
	struct sandbox *sandbox = request->sandbox ? find(request->sandbox) : NULL;
	if (!sandbox || (sandbox->state != RUNNING && sandbox->state != DEAD) || sandbox->pidfd < 0) {
		answer(node, request, sandbox ? EBUSY : ENOENT, STEP_REQUEST, NULL, 0, NULL, 0);
		return;
	}
	uint32_t state = sandbox->state;
	int fds[4] = {sandbox->channel, sandbox->pidfd, sandbox->network, sandbox->listener};
	answer(node, request, 0, 0, &state, sizeof state, fds, sandbox->listener >= 0 ? 4 : 3);
}

static void do_forget(int node, const struct request *request)
{
	struct sandbox *sandbox = request->sandbox ? find(request->sandbox) : NULL;
	if (!sandbox) {
		answer(node, request, ENOENT, STEP_REQUEST, NULL, 0, NULL, 0);
		return;
	}
	sandbox->forgotten = 1;
	sandbox->forget = waiter_for(node);
	kill_sandbox(sandbox);
	finish_if_gone(sandbox);
}

/* Our standard input ends when whoever started us does. Before the first connection nobody else could ever end us. */
static void starter_is_gone(void)
{
	if (die_with_node || !had_node)
		_exit(0);
	epoll_ctl(poll_fd, EPOLL_CTL_DEL, 0, NULL);
}

static void drop_node(int index)
{
	close_one(&nodes[index].socket);
	for (int i = 0; i < NODES_MAX; i++)
		if (nodes[i].socket >= 0)
			return;
	for (int i = 0; i < SANDBOXES_MAX && !die_with_node; i++)
		if (sandboxes[i].number != 0)
			return; /* kept for the next node */
	_exit(0); /* the kernel tells the children (PR_SET_PDEATHSIG): all of them end, at once */
}

static void serve_node(int index)
{
	int fds[MESSAGE_DESCRIPTORS_MAX], count = 0;
	ssize_t length = receive_message(nodes[index].socket, buffer, sizeof buffer, fds, &count, MESSAGE_DESCRIPTORS_MAX);
	if (length < 0 && errno == EAGAIN)
		return;
	struct request request;
	if (length < (ssize_t)sizeof request) {
		close_all(fds, count);
		drop_node(index);
		return;
	}
	memcpy(&request, buffer, sizeof request);
	const uint8_t *payload = buffer + sizeof request;
	size_t left = length - sizeof request;
	if (request.magic != MAGIC || request.version != VERSION)
		answer(index, &request, EPROTO, STEP_REQUEST, NULL, 0, NULL, 0);
	else if (request.verb == PREPARE)
		do_prepare(index, &request, payload, left, fds, count);
	else if (request.verb == LIST)
		do_list(index, &request);
	else if (request.verb == FETCH)
		do_fetch(index, &request);
	else if (request.verb == FORGET)
		do_forget(index, &request);
	else
		answer(index, &request, EOPNOTSUPP, STEP_REQUEST, NULL, 0, NULL, 0);
	close_all(fds, count);
}

static void heard_failed(struct sandbox *sandbox, uint32_t error, uint32_t step)
{
	answer_waiter(&sandbox->prepare, sandbox, PREPARE, error, step, NULL, 0, NULL, 0);
	kill_sandbox(sandbox);
}

static void heard_prepared(struct sandbox *sandbox, const struct report *report, int network, int pidfd)
{
	sandbox->network = network;
	sandbox->pidfd = pidfd;
	/* While it is our child, running or not reaped yet, its number is its own and reap() will meet it. */
	siginfo_t ignored;
	if (waitid(P_PIDFD, pidfd, &ignored, WEXITED | WNOHANG | WNOWAIT) < 0) {
		sandbox->status = status_of_stranger(report->pid);
		heard_failed(sandbox, ECHILD, STEP_KILLED);
		return;
	}
	sandbox->inner = report->pid;
	sandbox->state = SLOT;
	if (sandbox->forgotten)
		kill_sandbox(sandbox);
	uint32_t pid = report->pid;
	const int fds[4] = {network, sandbox->channel, pidfd, sandbox->orders};
	answer_waiter(&sandbox->prepare, sandbox, PREPARE, 0, 0, &pid, sizeof pid, fds, 4);
	close_one(&sandbox->orders); /* the node's alone: when it is gone the slot ends */
}

static void heard_launched(struct sandbox *sandbox, const struct report *report, int listener)
{
	limit_life(sandbox, report->life_s);
	sandbox->listener = listener;
	sandbox->state = RUNNING;
}

/* A guest that an OCI runtime started is its builder's child, and ours when that has ended. Then it may have ended and been
 * reaped already, before this was read: a zombie takes a signal, what is reaped does not. */
static void heard_started(struct sandbox *sandbox, const struct report *report, int pidfd, int listener)
{
	close_one(&sandbox->pidfd); /* the builder's */
	sandbox->pidfd = pidfd;
	heard_launched(sandbox, report, listener);
	if (syscall(NR_PIDFD_SEND_SIGNAL, pidfd, 0, NULL, 0) == 0)
		sandbox->inner = report->guest;
	else
		sandbox->status = status_of_stranger(report->guest);
	if (sandbox->forgotten)
		kill_sandbox(sandbox);
}

/* @return whether there may be more to hear */
static int serve_builder(struct sandbox *sandbox)
{
	struct report report;
	int fds[2], count = 0;
	ssize_t length = receive_message(sandbox->control, &report, sizeof report, fds, &count, 2);
	if (length < 0 && errno == EAGAIN)
		return 0;
	if (length != sizeof report) {
		close_all(fds, count);
		/* The builder ended. After a launch that is its way; before one the sandbox cannot come to be. */
		close_one(&sandbox->control);
		if (sandbox->state != RUNNING)
			heard_failed(sandbox, ECHILD, STEP_KILLED);
		return 0;
	}
	if (report.kind == REPORT_PREPARED && count == 2)
		heard_prepared(sandbox, &report, fds[0], fds[1]);
	else if (report.kind == REPORT_LAUNCHED && report.guest != 0 && count >= 1)
		heard_started(sandbox, &report, fds[0], count == 2 ? fds[1] : -1);
	else if (report.kind == REPORT_LAUNCHED)
		heard_launched(sandbox, &report, count == 1 ? fds[0] : -1);
	else {
		close_all(fds, count);
		heard_failed(sandbox, report.error, report.step);
	}
	return 1;
}

static void accept_node(void)
{
	int socket = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (socket < 0)
		return;
	struct ucred peer;
	socklen_t length = sizeof peer;
	int size = SPEC_MESSAGE_MAX;
	setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	for (int i = 0; i < NODES_MAX; i++) {
		if (nodes[i].socket >= 0)
			continue;
		/* Whoever speaks here is root on this machine; the socket's mode says so too, this asks the kernel. */
		if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 || peer.uid != 0 ||
		    watch(socket, SOURCE_NODE, i) < 0)
			break;
		nodes[i].socket = socket;
		nodes[i].generation++;
		had_node = 1;
		return;
	}
	close(socket);
}

/* ---- start ---- */

static int open_listener(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	errno = ENAMETOOLONG;
	if (strlen(path) >= sizeof address.sun_path)
		give_up(path);
	strcpy(address.sun_path, path);
	unlink(path); /* the lock is ours, so a socket of this name is a dead spawner's */
	int fd = must(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
	umask(0177);
	must(bind(fd, (struct sockaddr *)&address, sizeof address), path);
	umask(022);
	must(listen(fd, NODES_MAX), "listen");
	return fd;
}

/* A sealed copy in memory: nothing that a sandbox may ever do to /proc/self/exe reaches the file on the host. */
static int copy_guest(const char *path)
{
	int from = must(open(path, O_RDONLY | O_CLOEXEC), path);
	int to = must(memfd_create("redoubt-guest", MFD_CLOEXEC | MFD_ALLOW_SEALING), "memfd_create");
	for (;;) {
		ssize_t n = must(read(from, buffer, sizeof buffer), path);
		if (n == 0)
			break;
		errno = EIO;
		if (write(to, buffer, n) != n)
			give_up("copy of the guest");
	}
	close(from);
	must(fcntl(to, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), "seal");
	return to;
}

/*
 * A file tree of our own: /proc and empty directories. Builders and sandboxes start from a copy of this mount namespace: it
 * has no path to the host's files, and copying it is cheap. Everything else comes by descriptor.
 */
static void leave_host_tree(void)
{
	char path[64];
	must(syscall(SYS_unshare, CLONE_NEWNS), "unshare");
	must(syscall(SYS_mount, NULL, "/", NULL, (1 << 14) | (1 << 18) /* MS_REC | MS_PRIVATE */, NULL), "private mounts");
	int context = must(syscall(NR_FSOPEN, "tmpfs", FSOPEN_CLOEXEC), "tmpfs");
	must(syscall(NR_FSCONFIG, context, FSCONFIG_SET_STRING, "mode", "755", 0), "tmpfs");
	must(syscall(NR_FSCONFIG, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "tmpfs");
	int tree = must(syscall(NR_FSMOUNT, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC), "tmpfs");
	must(syscall(NR_MOVE_MOUNT, tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), "attach");
	must(fchdir(tree), "fchdir");
	must(syscall(NR_PIVOT_ROOT, ".", "."), "pivot_root");
	must(syscall(SYS_umount2, ".", 2 /* MNT_DETACH */), "umount");
	must(chdir("/"), "chdir");
	close(context);
	close(tree);

	static const char *const directories[] = {"/proc", "/own", "/synthesised", "/root", "/stage", "/stage/upper"};
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		must(mkdir(directories[i], 0755), directories[i]);
	for (int i = 0; i < SPEC_LAYERS_MAX; i++) {
		snprintf(path, sizeof path, "/stage/l%d", i);
		must(mkdir(path, 0755), path);
	}
	/* A fresh proc, with nothing mounted over it: the kernel lets a user namespace mount proc only where it can already
	 * see one whole (mount_too_revealing in fs/namespace.c). */
	must(syscall(SYS_mount, "proc", "/proc", "proc", 0, NULL), "proc");
}

static void start(const char *socket_path, const char *lock_path, const char *guest_path)
{
	/* Held for our whole life: while it is, nobody sweeps what we made. */
	int lock = must(open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), lock_path);
	must(flock(lock, LOCK_EX | LOCK_NB), lock_path);

	setsid(); /* a Ctrl-C in the terminal is for the command, not for us */
	signal(SIGPIPE, SIG_IGN);
	must(prctl(PR_SET_CHILD_SUBREAPER, 1), "subreaper");
	must(prctl(PR_SET_DUMPABLE, 0), "dumpable");
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	for (int i = 0; i < NODES_MAX; i++)
		nodes[i].socket = -1;

	int life[2];
	must(pipe2(life, O_CLOEXEC), "pipe");
	house.life = life[0];
	house.guest_binary = copy_guest(guest_path);
	listen_fd = open_listener(socket_path);
	leave_host_tree();

	sigset_t children;
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	must(sigprocmask(SIG_BLOCK, &children, NULL), "sigprocmask");
	signal_fd = must(signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
	poll_fd = must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	must(watch(listen_fd, SOURCE_LISTEN, 0), "epoll_ctl");
	must(watch(signal_fd, SOURCE_SIGNAL, 0), "epoll_ctl");
	must(watch(0, SOURCE_STARTER, 0), "epoll_ctl: standard input must be a pipe that its starter keeps open");
}

int main(int argc, char **argv)
{
	const char *socket_path = NULL, *lock_path = NULL, *guest_path = NULL;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--die-with-node") == 0)
			die_with_node = 1;
		else if (i + 1 < argc && strcmp(argv[i], "--socket") == 0)
			socket_path = argv[++i];
		else if (i + 1 < argc && strcmp(argv[i], "--lock") == 0)
			lock_path = argv[++i];
		else if (i + 1 < argc && strcmp(argv[i], "--guest") == 0)
			guest_path = argv[++i];
	}
	errno = EINVAL;
	if (!socket_path || !lock_path || !guest_path)
		give_up("usage: redoubt-spawner --socket PATH --lock PATH --guest PATH [--die-with-node]");
	start(socket_path, lock_path, guest_path);

	/* Tells the one who started us that the socket is there. */
	must(write(1, "ready\n", 6), "stdout");
	for (;;) {
		struct epoll_event events[64];
		int n = epoll_wait(poll_fd, events, 64, until_first_deadline());
		for (int i = 0; i < n; i++) {
			uint32_t index = (uint32_t)events[i].data.u64;
			switch ((enum source)(events[i].data.u64 >> 32)) {
			case SOURCE_LISTEN:
				accept_node();
				break;
			case SOURCE_SIGNAL:
				reap();
				break;
			case SOURCE_STARTER:
				starter_is_gone();
				break;
			case SOURCE_NODE:
				if (nodes[index].socket >= 0)
					serve_node(index);
				break;
			case SOURCE_BUILDER:
				if (sandboxes[index].number != 0 && sandboxes[index].control >= 0)
					serve_builder(&sandboxes[index]);
				break;
			}
		}
		kill_overdue();
	}
}
