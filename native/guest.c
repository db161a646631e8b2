/*
 * The guest: PID 1 of a sandbox. Starts jobs for the node, keeps their output until the node has it, reaps.
 *
 *     redoubt-guest [--sudo MASK] [--idle MS] [--parent FD] [--channel FD] [--life FD]
 *                   [--binary FD --answer FD --ruleset FD --securebits BITS --capabilities MASK]
 *
 * MASK is the hexadecimal capability mask of root commands asked for through sudo. After MS milliseconds without a byte of
 * any job's streams the guest ends, and so does all that is inside: no node has to be there for it.
 *
 * The pipe of --parent is one of --life, given by the spawner whose child we are and whose death signal did not survive our exec:
 * entering a profile of AppArmor forgets it (apparmor_bprm_committing_creds in security/apparmor/lsm.c), and a domain of SELinux
 * does (selinux_bprm_committing_creds in security/selinux/hooks.c).
 *
 * The second line, --life, and the channel elsewhere than at 3, are for the guest of an OCI runtime (guest_confine.c). When the
 * pipe of --life ends the guest does too: in runsc's kernel nothing else tells it of the spawner's end.
 *
 * Descriptor 3 is the channel (PROTOCOL.md, section 1). One thread, no locks, nothing that blocks: a job, a stranger on
 * the sudo socket and a node that does not read can each stop only what is theirs.
 *
 * System calls, for whoever writes the filter (musl on x86-64 uses the old names: open, fork, lstat). Guest: read write
 * close fcntl ioctl(FIONREAD TIOCSWINSZ TCGETS) epoll_create1 epoll_ctl epoll_pwait signalfd4 rt_sigprocmask rt_sigaction
 * wait4 kill getsid fork gettid pipe2 socketpair recvfrom recvmsg sendmsg setsockopt open getdents64 clock_gettime
 * nanosleep mmap munmap mremap madvise brk prctl capget capset prlimit64(0) getuid getgid umask setfsuid(0) setreuid(-1)
 * dup2 writev exit_group, and at its start arch_prctl set_tid_address mprotect. The start of a job adds: setsid dup3
 * close_range fstat sendto setgroups setresgid setresuid ioctl(TIOCSCTTY TIOCSPTLCK TIOCGPTPEER) chdir execve. File operations
 * add: lseek lstat newfstatat readlink readlinkat mkdir unlink rmdir rename. The sudo door adds: socket bind listen accept4
 * poll.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define EVENTS 64
#define REAP_AT_ONCE 256
#define COOL_MS 1000
#define IDLE_MS_MAX (1ULL << 40) /* 35 years: added to any clock it is still a time */
#define USAGE "usage: redoubt-guest [--sudo MASK] [--idle MS] ..."

struct guest guest = {.sudo_listener = -1, .sudo_admitting = -1};

static int signals;
static uint64_t parent;

_Noreturn static void die(const char *step)
{
	char digits[4] = {(char)('0' + errno / 100 % 10), (char)('0' + errno / 10 % 10), (char)('0' + errno % 10), '\n'};
	struct iovec parts[4] = {
		{.iov_base = "redoubt-guest: ", .iov_len = 15},
		{.iov_base = (void *)step, .iov_len = strlen(step)},
		{.iov_base = ": errno ", .iov_len = 8},
		{.iov_base = digits, .iov_len = sizeof digits},
	};

	/* No stdio: it would be a third of the program. */
	_exit(writev(2, parts, 4) > 0 ? 1 : 2);
}

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* For the rare moments when the kernel has no memory or no process to give: give it one instead of asking in a circle. */
void nap(void)
{
	struct timespec millisecond = {.tv_nsec = 1000000};

	nanosleep(&millisecond, NULL);
}

bool watch(int fd, uint32_t events, uint32_t job, unsigned kind, bool first)
{
	struct epoll_event event = {.events = events, .data.u64 = (uint64_t)job << 8 | kind};

	return epoll_ctl(guest.epoll, first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) == 0;
}

void unwatch(int fd)
{
	epoll_ctl(guest.epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* 0, 1 and 2 become /dev/null: no job inherits a stream of the program that built the sandbox. */
static void take_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		die("/dev/null");
	for (int fd = 0; fd < 3; fd++)
		if (null != fd && dup2(null, fd) < 0)
			die("dup2");
	if (null > 2)
		close(null);
}

/* What it may do stays permitted and effective; nothing of it must flow into a job through exec. */
static void take_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		die("capget");
	data[0].inheritable = 0;
	data[1].inheritable = 0;
	if (syscall(SYS_capset, &header, data) < 0)
		die("capset");
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	guest.capabilities = (uint64_t)data[1].effective << 32 | data[0].effective;
	for (unsigned capability = 0; capability < 64; capability++)
		if (prctl(PR_CAPBSET_READ, capability) == 1)
			guest.bounding |= 1ULL << capability;
	guest.uid = getuid();
	guest.gid = getgid();
}

/* Hundreds of jobs have thousands of pipes. Jobs get the limit back that we were started with. */
static void raise_file_limit(void)
{
	struct rlimit raised;

	if (getrlimit(RLIMIT_NOFILE, &guest.files) < 0)
		die("getrlimit");
	raised = guest.files;
	raised.rlim_cur = raised.rlim_max;
	setrlimit(RLIMIT_NOFILE, &raised);
}

/* Ignored signals stay ignored through exec (signal(7)): what our starter ignored must not reach jobs. */
static void reset_dispositions(void)
{
	/* struct sigaction of the kernel; libc's call leaves out the signals that it keeps to itself. */
	static const unsigned long default_action[4];

	for (int number = 1; number <= 64; number++)
		syscall(SYS_rt_sigaction, number, default_action, NULL, 8);
}

/* All are blocked and read from a descriptor; the only one that means something is SIGCHLD. */
static void take_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, NULL) < 0)
		die("sigprocmask");
	signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0 || !watch(signals, EPOLLIN, 0, WATCH_SIGNALS, true))
		die("signalfd");
}

static void say_ready(void)
{
	uint8_t payload[16];

	put64(put32(put32(payload, CHANNEL_VERSION), guest.uid), guest.capabilities);
	channel_control(FRAME_READY, 0, 0, payload, sizeof payload);
}

static struct handed handed;

/* A number that is one of the options'. */
static bool take_option(const char *option, const char *value)
{
	const struct {
		const char *name;
		unsigned base;
		uint64_t *number;
	} options[] = {
		{"--sudo", 16, &guest.sudo_capabilities}, {"--idle", 10, &guest.idle_ms},
		{"--channel", 10, &handed.channel},	  {"--life", 10, &handed.life},
		{"--binary", 10, &handed.binary},	  {"--answer", 10, &handed.answer},
		{"--ruleset", 10, &handed.ruleset},	  {"--securebits", 16, &handed.securebits},
		{"--capabilities", 16, &handed.capabilities}, {"--parent", 10, &parent},
	};

	for (unsigned i = 0; i < sizeof options / sizeof *options; i++)
		if (strcmp(option, options[i].name) == 0)
			return parse_number(value, options[i].base, options[i].number);
	return false;
}

static void parse_arguments(int argc, char **argv)
{
	handed.channel = CHANNEL_FD;
	for (int i = 1; i < argc; i++) {
		const char *option = argv[i];

		if (++i == argc || !take_option(option, argv[i]) || guest.idle_ms > IDLE_MS_MAX)
			die(USAGE);
		if (strcmp(option, "--sudo") == 0)
			guest.sudo = true;
	}
}

/* Standard streams, where a runtime hands down nothing else, become /dev/null soon. */
static void move_descriptors(void)
{
	if (parent != 0)
		handed.life = parent;
	int life = (int)handed.life;

	if (handed.life != 0 && (life = fcntl(life, F_DUPFD_CLOEXEC, CHANNEL_FD + 1)) < 0)
		die("--life");
	if (handed.life > CHANNEL_FD)
		close((int)handed.life);
	handed.life = (uint64_t)life;
	if (handed.channel != CHANNEL_FD && dup2((int)handed.channel, CHANNEL_FD) < 0)
		die("--channel");
}

static void start(int argc, char **argv)
{
	parse_arguments(argc, argv);
	move_descriptors();
	if (fcntl(CHANNEL_FD, F_GETFD) < 0)
		die("descriptor 3 is not open");
	fcntl(WITNESS_FD, F_SETFD, FD_CLOEXEC); /* kept for the node alone; started by hand there is none */
	/* First of all: nobody inside may look at us by /proc/1 or ptrace (prctl(2), PR_SET_DUMPABLE). */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		die("prctl");
	confine(&handed);
	umask(022);
	take_capabilities(); /* a change of rights, which forgets the death signal, is behind us */
	if (parent != 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		die("prctl");
	raise_file_limit();
	guest.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (guest.epoll < 0)
		die("epoll_create1");
	reset_dispositions();
	take_signals();
	take_streams();
	channel_open(CHANNEL_FD);
	if (handed.life != 0)
		watch((int)handed.life, EPOLLIN, 0, WATCH_LIFE, true);
	sudo_listen();
	say_ready();
	guest.last_byte = now_ms();
}

/* Reaps jobs and orphans alike, a bounded number at once: a fork bomb dying must not silence the channel. */
static void reap(void)
{
	guest.more_to_reap = false;
	for (int i = 0; i < REAP_AT_ONCE; i++) {
		struct rusage usage;
		int status;
		pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &usage);
		struct job *job;

		if (pid <= 0)
			return;
		job = job_by_pid(pid);
		if (job != NULL)
			job_reaped(job, status, &usage);
		else
			sudo_reaped(pid);
	}
	guest.more_to_reap = true;
}

static void drain_signals(void)
{
	struct signalfd_siginfo info[8];

	while (read(signals, info, sizeof info) == (ssize_t)sizeof info)
		;
	reap();
}

static void handle(const struct epoll_event *event)
{
	unsigned kind = (unsigned)(event->data.u64 & 0xff);
	struct job *job;

	switch (kind) {
	case WATCH_CHANNEL:
		if ((event->events & EPOLLOUT) != 0)
			guest.channel_full = false;
		if ((event->events & ~(uint32_t)EPOLLOUT) != 0)
			channel_readable();
		break;
	case WATCH_SIGNALS:
		drain_signals();
		break;
	case WATCH_SUDO:
		sudo_connection();
		break;
	case WATCH_ADMITTED:
		sudo_admitted();
		break;
	case WATCH_LIFE:
		_exit(0); /* nothing was ever written there: the spawner is dead, and we are process 1 */
	default:
		job = job_find((uint32_t)(event->data.u64 >> 8));
		if (job != NULL)
			job_event(job, (enum port)kind);
	}
}

/* CLOCK_MONOTONIC in ms */
static int64_t idle_deadline(void)
{
	return guest.idle_ms == 0 ? INT64_MAX : guest.last_byte + (int64_t)guest.idle_ms;
}

static int timeout(void)
{
	int64_t deadline = idle_deadline() < jobs_deadline() ? idle_deadline() : jobs_deadline();
	int64_t left;

	if (guest.more_to_reap)
		return 0;
	if (deadline == INT64_MAX)
		return guest.warm ? COOL_MS : -1;
	left = deadline - now_ms();
	if (guest.warm && left > COOL_MS)
		return COOL_MS;
	return left < 0 ? 0 : left >= INT_MAX ? INT_MAX : (int)left + 1;
}

static bool anything_runs(void)
{
	for (unsigned i = 0; i < guest.job_count; i++)
		if (guest.jobs[i]->pid != 0)
			return true;
	return false;
}

/* Nothing happened for a while: what was kept for the sake of speed goes back to the sandbox. */
static void cool(void)
{
	guest.warm = false;
	jobs_release_memory();
	channel_release_memory();
}

static void loop(void)
{
	struct epoll_event events[EVENTS];

	while (true) {
		int count = epoll_wait(guest.epoll, events, EVENTS, timeout());

		if (count < 0 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < count; i++)
			handle(&events[i]);
		if (count == 0)
			cool();
		if (guest.more_to_reap)
			reap();
		if (jobs_deadline() <= now_ms())
			jobs_expire(now_ms());
		jobs_share();
		if (!guest.channel_full)
			channel_flush();
		if (idle_deadline() <= now_ms())
			return;
		/* The keeper of the other end is dead, so nobody can ask for anything again. */
		if (guest.channel_lost && !anything_runs())
			return;
	}
}

int main(int argc, char **argv)
{
	start(argc, argv);
	channel_flush();
	loop();
	return 0;
}
