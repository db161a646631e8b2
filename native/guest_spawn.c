/*
 * The fork, and everything the child does before it runs foreign code: straight down, one step, one named failure.
 *
 * The child is a copy of the guest, so whatever walls the guest stands behind, the job stands behind them too. What the
 * copy must lose is listed here: descriptors, capabilities, ids, blocked signals.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <grp.h>
#include <unistd.h>

#include "guest.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define STATUS_FD 3
#define EXTRA_VARIABLES 5u
#define KILL_ROUNDS 8
#define FILE_CAPABILITIES (1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER \
	| 1u << CAP_FSETID)

const char *step_name(enum step step)
{
	static const char *const names[STEP_LAST] = {
		[STEP_NONE] = "",
		[STEP_USER] = "user",
		[STEP_CWD] = "cwd",
		[STEP_IDS] = "ids",
		[STEP_EXEC] = "exec",
		[STEP_PIPE] = "pipe",
		[STEP_FORK] = "fork",
		[STEP_PTY] = "pty",
		[STEP_CAPABILITIES] = "capabilities",
		[STEP_LIMITS] = "limits",
	};
	return names[step];
}

_Noreturn static void fail(enum step step, int error)
{
	struct status_message message = {.step = step, .error = error};

	send(STATUS_FD, &message, sizeof message, MSG_NOSIGNAL);
	_exit(127);
}

/* 0, 1, 2 and the status socket as 3: after this the child holds nothing else of the guest. */
static void keep_descriptors(const struct request *request, struct stdio stdio, int status)
{
	/* The guest's own 0, 1 and 2 are /dev/null, so none of these numbers can be one of the pipes'. */
	if (dup3(status, STATUS_FD, O_CLOEXEC) < 0)
		_exit(127);
	if (stdio.in >= 0 && dup2(stdio.in, 0) < 0)
		fail(STEP_PIPE, errno);
	if (stdio.out >= 0 && dup2(stdio.out, 1) < 0)
		fail(STEP_PIPE, errno);
	if (dup2((request->flags & REQUEST_MERGE) != 0 ? 1 : stdio.err, 2) < 0 && stdio.err >= 0)
		fail(STEP_PIPE, errno);
	if (syscall(SYS_close_range, STATUS_FD + 1, INT_MAX, 0) < 0)
		fail(STEP_PIPE, errno);
}

/*
 * After setfsuid(0): files are our own user's again. setfsuid(2) itself would have to name our id, which the filter
 * refuses to everybody; setreuid(2) that changes nothing sets it to the effective one. It leaves the file capabilities
 * effective that setfsuid(2) takes away (capabilities(7)), so that is done here.
 */
void file_user_own(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	syscall(SYS_setreuid, -1, -1);
	if (syscall(SYS_capget, &header, data) < 0)
		return;
	data[0].effective &= ~FILE_CAPABILITIES;
	syscall(SYS_capset, &header, data);
}

/*
 * Memory short: a job is to be killed before the guest. The file belongs to root in the namespace because we are not
 * dumpable (proc(5)), so it is opened with that id. A guest without SETUID has the id of its jobs and leaves it: to open
 * the file this process would have to be dumpable, and then, until its exec, a job could write its memory
 * (/proc/PID/mem) and speak through its status socket to the guest. There the largest process is killed, as everywhere.
 * Best effort.
 */
static void volunteer_for_oom(void)
{
	int fd;

	if (guest.capabilities == 0)
		return;
	setfsuid(0);
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "500", 3) == 3)
		close(fd);
	file_user_own();
}

static void cut_bounding_set(uint64_t bounding)
{
	uint64_t excess = guest.bounding & ~bounding;

	for (unsigned capability = 0; capability < 64; capability++) {
		if ((excess >> capability & 1) == 0)
			continue;
		/* A guest without capabilities cannot, and need not: there is no way to gain one under no_new_privs. */
		if (prctl(PR_CAPBSET_DROP, capability) < 0 && guest.capabilities != 0)
			fail(STEP_CAPABILITIES, errno);
	}
}

static void become(const struct identity *identity)
{
	if (identity->own)
		return;
	if (setgroups((size_t)identity->group_count, identity->groups) < 0)
		fail(STEP_IDS, errno);
	if (setresgid(identity->gid, identity->gid, identity->gid) < 0)
		fail(STEP_IDS, errno);
	if (setresuid(identity->uid, identity->uid, identity->uid) < 0)
		fail(STEP_IDS, errno);
}

/*
 * Said outright for everybody: going from one non-zero id to another drops nothing (capabilities(7)). Root keeps its
 * mask through exec because exec grants the bounding set, cut under no_new_privs to what was held before.
 */
static void keep_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)mask, .permitted = (uint32_t)mask},
		{.effective = (uint32_t)(mask >> 32), .permitted = (uint32_t)(mask >> 32)},
	};

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &header, data) < 0)
		fail(STEP_CAPABILITIES, errno);
}

/* The other end: by the descriptor, where no path can be a trick. A kernel that knows only the old way (gVisor's) asks for one. */
static int open_slave(int master)
{
	char path[24] = "/dev/pts/";
	char *end = path + 9;
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	unsigned number, scale = 1;

	if (slave >= 0 || errno != ENOTTY || ioctl(master, TIOCGPTN, &number) < 0)
		return slave;
	while (number / scale >= 10)
		scale *= 10;
	for (; scale > 0; scale /= 10)
		*end++ = (char)('0' + number / scale % 10);
	*end = 0;
	return open(path, O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
}

/* Opened with the job's ids, so that the terminal in /dev/pts is the job's; its other end goes to the guest. */
static void open_terminal(const struct request *request)
{
	struct winsize size = {.ws_row = request->rows, .ws_col = request->columns};
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int unlocked = 0;
	int slave;
	char byte = 0;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	union {
		struct cmsghdr header;
		uint8_t space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0 || ioctl(master, TIOCSWINSZ, &size) < 0)
		fail(STEP_PTY, errno);
	slave = open_slave(master);
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
		fail(STEP_PTY, errno);
	memcpy(CMSG_DATA(&control.header), &master, sizeof master);
	if (sendmsg(STATUS_FD, &message, MSG_NOSIGNAL) < 0)
		fail(STEP_PTY, errno);
	if (dup2(slave, 0) < 0 || dup2(slave, 1) < 0 || dup2(slave, 2) < 0)
		fail(STEP_PTY, errno);
	close(slave);
	close(master);
}

static void limit_resources(const struct request *request)
{
	const uint8_t *at = request->rlimits.at;

	setrlimit(RLIMIT_NOFILE, &guest.files);
	for (uint32_t i = 0; i < request->rlimits.count; i++, at += 20) {
		struct rlimit limit = {.rlim_cur = read64(at + 4), .rlim_max = read64(at + 12)};

		/* EPERM: raising a hard limit needs CAP_SYS_RESOURCE outside every user namespace. The lower one holds then. */
		if (setrlimit((int)read32(at), &limit) < 0 && errno != EPERM)
			fail(STEP_LIMITS, errno);
	}
}

static void enter(const struct request *request, const struct identity *identity)
{
	if (*request->cwd != 0) {
		if (chdir(request->cwd) < 0)
			fail(STEP_CWD, errno);
		return;
	}
	if (chdir(identity->home) < 0 && chdir("/") < 0)
		fail(STEP_CWD, errno);
}

static char **pointers(struct strings strings, uint32_t extra)
{
	char **list = calloc((size_t)strings.count + extra + 1, sizeof *list);
	const uint8_t *at = strings.at;

	if (list == NULL)
		fail(STEP_EXEC, ENOMEM);
	for (uint32_t i = 0; i < strings.count; i++)
		list[i] = (char *)strings_next(&at);
	return list;
}

static const char *variable(char *const environment[], const char *name)
{
	size_t length = strlen(name);

	for (; *environment != NULL; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

static void add_variable(char **environment, uint32_t *count, const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 2;
	char *entry;

	if (variable(environment, name) != NULL)
		return;
	entry = malloc(size);
	if (entry == NULL)
		fail(STEP_EXEC, ENOMEM);
	strcpy(entry, name);
	strcat(entry, "=");
	strcat(entry, value);
	environment[(*count)++] = entry;
}

static char **environment_of(const struct request *request, const struct identity *identity)
{
	uint32_t count = request->environment.count;
	char **environment = pointers(request->environment, EXTRA_VARIABLES);

	add_variable(environment, &count, "HOME", identity->home);
	add_variable(environment, &count, "USER", identity->name);
	add_variable(environment, &count, "LOGNAME", identity->name);
	add_variable(environment, &count, "SHELL", *identity->shell == 0 ? "/bin/sh" : identity->shell);
	add_variable(environment, &count, "PATH", DEFAULT_PATH);
	return environment;
}

/* As execvp(3) does, but with the PATH of the new environment. @return the errno worth reporting */
static int search_and_exec(char *const argv[], char *const environment[])
{
	static char file[4096];
	const char *path = variable(environment, "PATH");
	size_t name_length = strlen(argv[0]);
	int answer = ENOENT;

	if (strchr(argv[0], '/') != NULL || *argv[0] == 0) {
		execve(argv[0], argv, environment);
		return errno;
	}
	while (true) {
		size_t length = strcspn(path, ":");

		if (length + name_length + 3 <= sizeof file) {
			memcpy(file, length == 0 ? "." : path, length == 0 ? 1 : length);
			strcpy(file + (length == 0 ? 1 : length), "/");
			strcat(file, argv[0]);
			execve(file, argv, environment);
			if (errno == EACCES)
				answer = EACCES;
			else if (errno != ENOENT && errno != ENOTDIR)
				return errno;
		}
		if (path[length] == 0)
			return answer;
		path += length + 1;
	}
}

_Noreturn static void child(const struct request *request, struct stdio stdio, int status)
{
	struct identity identity;
	sigset_t none;
	int error;
	char **environment;
	char **argv;

	setsid(); /* a group and session of its own: what a signal to the job means */
	sigemptyset(&none);
	keep_descriptors(request, stdio, status);
	sigprocmask(SIG_SETMASK, &none, NULL);
	volunteer_for_oom();
	error = identity_find(request->user, &identity);
	if (error != 0)
		fail(STEP_USER, error);
	cut_bounding_set(request->bounding);
	become(&identity);
	keep_capabilities(identity.uid == 0 ? request->capabilities : 0);
	if ((request->flags & REQUEST_PTY) != 0)
		open_terminal(request);
	else
		ioctl(0, TIOCSCTTY, 0); /* sudo was handed a terminal of its own; anything else refuses this */
	limit_resources(request);
	enter(request, &identity);
	if (request->op != OP_EXEC) {
		prctl(PR_SET_DUMPABLE, 0);
		close(STATUS_FD);
		_exit(file_operation(request));
	}
	environment = environment_of(request, &identity);
	argv = pointers(request->argv, 0);
	fail(STEP_EXEC, search_and_exec(argv, environment));
}

pid_t spawn(const struct request *request, struct stdio stdio, int status)
{
	pid_t pid = fork();

	if (pid == 0)
		child(request, stdio, status);
	return pid;
}

/* One walk over the processes. @return how many of the session were found */
static int signal_session(pid_t session, int number)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	int found = 0;

	if (processes == NULL)
		return kill(-session, number) == 0; /* no /proc: its process group is the best there is */
	while ((entry = readdir(processes)) != NULL) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 1 && getsid(pid) == session && kill(pid, number) == 0)
			found++;
	}
	closedir(processes);
	return found;
}

int signal_job(const struct job *job, int number, bool session)
{
	if (job->pid == 0) {
		errno = ESRCH;
		return -1;
	}
	/* Before the child's setsid there is no group of that number yet: then it is the one process. */
	if (!session)
		return kill(-job->pid, number) == 0 ? 0 : kill(job->pid, number);
	kill(job->pid, number);
	/* A process can fork while we look; what it forks is found in the next walk. Only a kill is worth repeating. */
	for (int round = 0; round < KILL_ROUNDS && signal_session(job->pid, number) > 1 && number == SIGKILL; round++)
		;
	return 0;
}
