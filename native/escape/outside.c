/*
 * What is outside: facts about the host and decoys that live there. `redoubt-escape decoy TOKEN` runs on the
 * host, prints one line of facts and stays until its input ends; that line is given to the battery inside, so
 * that "can I reach it" is asked about something that is really there.
 */
#include "probe.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

static char known[4096];

void learn_outside(const char *facts)
{
	/* Facts told later win: they stand first. */
	char before[sizeof known];
	memcpy(before, known, sizeof before);
	snprintf(known, sizeof known, "%.2000s %.2000s", facts, before);
}

const char *outside(const char *key)
{
	static char value[512];
	size_t length = strlen(key);
	for (const char *at = known; *at != '\0';) {
		at += strspn(at, " \n");
		if (strncmp(at, key, length) == 0 && at[length] == '=') {
			snprintf(value, sizeof value, "%.*s", (int)strcspn(at + length + 1, " \n"), at + length + 1);
			return value;
		}
		at += strcspn(at, " \n");
	}
	return NULL;
}

long bound(const char *key, long otherwise)
{
	const char *value = outside(key);
	return value == NULL ? otherwise : atol(value);
}

static void fact(const char *key, const char *value)
{
	if (value[0] != '\0')
		printf("%s=%.*s ", key, (int)strcspn(value, " \n"), value);
}

static void fact_in_file(const char *key, const char *path)
{
	char text[256] = "";
	slurp(path, text, sizeof text);
	fact(key, text);
}

static void listen_tcp(const char *key, int family)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in *four = (struct sockaddr_in *)&address;
	socklen_t length = family == AF_INET ? sizeof *four : sizeof address;
	if (family == AF_INET)
		*four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&address, length) == -1 || listen(fd, 8) == -1)
		return;
	getsockname(fd, (struct sockaddr *)&address, &length);
	printf("%s=%d ", key, ntohs(address.sin6_port));
}

static void listen_abstract(const char *token)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", token);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(token));
	if (bind(fd, (struct sockaddr *)&address, length) == 0 && listen(fd, 8) == 0)
		fact("unix", token);
}

static void system_v(int key, int *memory, int *semaphores, int *messages)
{
	*memory = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0666);
	*semaphores = semget(key, 1, IPC_CREAT | IPC_EXCL | 0666);
	*messages = msgget(key, IPC_CREAT | IPC_EXCL | 0666);
	if (*memory != -1 && *semaphores != -1 && *messages != -1)
		printf("key=%d ", key);
}

/* A file in the host's /dev/shm with a lock on it, seen in /proc/locks by whoever shares it. */
static void shared_file(const char *token, char *path, size_t size)
{
	snprintf(path, size, "/dev/shm/%s", token);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd == -1 || flock(fd, LOCK_EX) == -1)
		return;
	struct stat status;
	fstat(fd, &status);
	printf("shmfile=%s lock=%lu ", path, (unsigned long)status.st_ino);
}

/* A block device that root may read here; some hosts guard their root disk even from root. */
static void readable_disk(void)
{
	char table[16384];
	unsigned major_number, minor_number;
	char name[64], path[80];
	slurp("/proc/partitions", table, sizeof table);
	for (char *line = strtok(table, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		if (sscanf(line, "%u %u %*u %63s", &major_number, &minor_number, name) != 3)
			continue;
		snprintf(path, sizeof path, "/dev/%s", name);
		int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd == -1)
			continue;
		close(fd);
		printf("disk=%u:%u ", major_number, minor_number);
		return;
	}
}

static void host_facts(void)
{
	struct utsname name;
	uname(&name);
	fact("hostname", name.nodename);
	fact_in_file("boot", "/proc/sys/kernel/random/boot_id");
	fact_in_file("machine", "/etc/machine-id");
	char memory[256] = "";
	slurp("/proc/meminfo", memory, sizeof memory);
	printf("memory-total=%ld ", strtol(memory + strcspn(memory, "0123456789"), NULL, 10));
	printf("cpus=%ld ", sysconf(_SC_NPROCESSORS_ONLN));
	readable_disk();
	struct statvfs size;
	statvfs("/", &size);
	printf("blocks=%lu ", (unsigned long)size.f_blocks);
}

int decoy(const char *token)
{
	signal(SIGPIPE, SIG_IGN);
	int memory, semaphores, messages;
	char file[128], queue[128];
	printf("pid=%d token=%s ", getpid(), token);
	listen_tcp("tcp4", AF_INET);
	listen_tcp("tcp6", AF_INET6);
	listen_abstract(token);
	system_v(0x52440000 | (getpid() & 0xffff), &memory, &semaphores, &messages);
	shared_file(token, file, sizeof file);
	/* mq_open in the kernel takes the name without its slash. */
	snprintf(queue, sizeof queue, "%s", token);
	long mq = syscall(SYS_mq_open, queue, O_RDWR | O_CREAT | O_EXCL, 0666, NULL);
	if (mq != -1)
		fact("mq", queue);
	host_facts();
	printf("\n");
	fflush(stdout);

	char none[64];
	while (read(0, none, sizeof none) > 0)
		;
	shmctl(memory, IPC_RMID, NULL);
	semctl(semaphores, 0, IPC_RMID);
	msgctl(messages, IPC_RMID, NULL);
	unlink(file);
	if (mq != -1)
		syscall(SYS_mq_unlink, queue);
	return 0;
}

int own_decoys(void)
{
	int to[2], from[2];
	char token[64];
	snprintf(token, sizeof token, "redoubt-escape-decoy-%d", getpid());
	if (pipe2(to, O_CLOEXEC) == -1 || pipe2(from, O_CLOEXEC) == -1)
		_exit(70);
	if (fork() == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		execl("/proc/self/exe", "redoubt-escape", "decoy", token, NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	char line[2048];
	size_t filled = 0;
	ssize_t count;
	while (filled < sizeof line - 1 && (count = read(from[0], line + filled, sizeof line - 1 - filled)) > 0) {
		filled += (size_t)count;
		if (line[filled - 1] == '\n')
			break;
	}
	line[filled] = '\0';
	close(from[0]);
	learn_outside(line);
	return to[1];
}
