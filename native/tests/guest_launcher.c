/*
 * Starts a guest for tests, without the spawner: own user, mount, pid, ipc and uts namespaces over the host's files.
 *
 *     test-launcher CHANNEL MODE ETC GUEST [GUEST-ARGUMENT]...
 *
 * CHANNEL  path of a listening SOCK_SEQPACKET socket; the connection becomes descriptor 3
 * MODE     switch: id 65533 with SETUID SETGID SETPCAP KILL and the five of root jobs; single: id 65533 with nothing
 * ETC      directory whose passwd and group are shown as /etc/passwd and /etc/group
 *
 * Ends as the guest does. Not a sandbox: no seccomp, no Landlock, no limits, and the host's files can be read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ID_BASE "1879048192"
#define GUEST_ID 65533
/* KILL SETGID SETUID SETPCAP, and CHOWN DAC_OVERRIDE FOWNER for root jobs */
#define SWITCH_CAPABILITIES 0x1ebu

static void must(int done, const char *step)
{
	if (done)
		return;
	fprintf(stderr, "test-launcher: %s: %s\n", step, strerror(errno));
	_exit(1);
}

static void write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), name);
	close(fd);
}

static void connect_channel(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	must(strlen(path) < sizeof address.sun_path, "the channel's path is too long");
	strcpy(address.sun_path, path);
	must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
	must(fd == 3 || dup2(fd, 3) == 3, "dup2");
	if (fd != 3)
		close(fd);
}

static void mount_file(const char *directory, const char *name)
{
	char from[256];
	char to[64];

	snprintf(from, sizeof from, "%s/%s", directory, name);
	snprintf(to, sizeof to, "/etc/%s", name);
	must(mount(from, to, NULL, MS_BIND, NULL) == 0, from);
}

static void mounts(const char *etc)
{
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private");
	mount_file(etc, "passwd");
	mount_file(etc, "group");
	must(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0, "proc");
	must(mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620") == 0, "devpts");
	must(mount("/dev/pts/ptmx", "/dev/ptmx", NULL, MS_BIND, NULL) == 0, "ptmx");
	must(mount("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=512m") == 0, "tmp");
	must(mount("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=16m") == 0, "run");
	must(mkdir("/run/redoubt", 0755) == 0, "/run/redoubt");
}

static void give_capabilities(unsigned mask)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{.effective = mask, .permitted = mask, .inheritable = mask}};

	must(syscall(SYS_capset, &header, data) == 0, "capset");
	for (unsigned capability = 0; capability < 32; capability++)
		if ((mask >> capability & 1) != 0)
			must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0, "ambient");
}

/* Nobody is told of a death that was before he asked; `mapped` ends with its only writer. */
static void die_with_launcher(int mapped)
{
	struct pollfd end = {.fd = mapped};

	must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "pdeathsig");
	must(poll(&end, 1, 0) == 0, "the launcher is gone");
	close(mapped);
}

static void inner(int mapped, int program, char **argv)
{
	static char *const no_environment[] = {NULL};
	unsigned mask = strcmp(argv[2], "switch") == 0 ? SWITCH_CAPABILITIES : 0;
	char byte;

	must(read(mapped, &byte, 1) == 1, "maps");
	/* The maps are written after our ids were set to nobody: take the real ones. */
	must(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0, "root inside");
	mounts(argv[3]);
	for (unsigned capability = 0; capability < 64; capability++)
		if (((unsigned long long)mask >> capability & 1) == 0 && prctl(PR_CAPBSET_READ, capability) == 1)
			must(prctl(PR_CAPBSET_DROP, capability) == 0, "bounding set");
	must(prctl(PR_SET_KEEPCAPS, 1) == 0, "keepcaps");
	must(setgroups(0, NULL) == 0 && setresgid(GUEST_ID, GUEST_ID, GUEST_ID) == 0, "groups");
	must(setresuid(GUEST_ID, GUEST_ID, GUEST_ID) == 0, "ids");
	give_capabilities(mask);
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
	die_with_launcher(mapped);
	must(chdir("/") == 0, "chdir");
	syscall(SYS_execveat, program, "", argv + 4, no_environment, AT_EMPTY_PATH);
	must(0, argv[4]);
}

int main(int argc, char **argv)
{
	int mapped[2];
	int program;
	int status;
	pid_t pid;

	errno = EINVAL;
	must(argc >= 5, "usage: test-launcher CHANNEL switch|single ETC GUEST [ARGUMENT]...");
	connect_channel(argv[1]);
	program = open(argv[4], O_PATH | O_CLOEXEC); /* its path may lie under what is mounted over */
	must(program >= 0, argv[4]);
	must(pipe2(mapped, O_CLOEXEC) == 0, "pipe");
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0);
	must(pid >= 0, "clone");
	if (pid == 0) {
		close(mapped[1]);
		inner(mapped[0], program, argv);
	}
	close(3); /* only the guest holds its end */
	write_file(pid, "uid_map", "0 " ID_BASE " 65536");
	write_file(pid, "gid_map", "0 " ID_BASE " 65536");
	must(write(mapped[1], "", 1) == 1, "go");
	must(waitpid(pid, &status, 0) == pid, "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
