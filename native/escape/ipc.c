/* Objects of the host's IPC namespace and shared memory: the decoys made outside. */
#include "probe.h"

#include <sys/shm.h>

static long key(void)
{
	long key = bound("key", 0);
	if (key == 0)
		untried("no decoy outside was named");
	return key;
}

static void shared_memory(const struct probe *probe)
{
	(void)probe;
	decide(TRY(shmget, key(), 0, 0), "key %lx", key());
}

static void semaphores(const struct probe *probe)
{
	(void)probe;
	decide(TRY(semget, key(), 0, 0), "key %lx", key());
}

static void messages(const struct probe *probe)
{
	(void)probe;
	decide(TRY(msgget, key(), 0), "key %lx", key());
}

static void message_queue(const struct probe *probe)
{
	(void)probe;
	const char *name = outside("mq");
	if (name == NULL)
		untried("no decoy outside was named");
	decide(TRY(mq_open, name, O_RDWR, 0, NULL), "%s", name);
}

static void shared_file(const struct probe *probe)
{
	(void)probe;
	const char *path = outside("shmfile");
	if (path == NULL)
		untried("no decoy outside was named");
	decide(TRY(openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC), "%s", path);
}

const struct probe ipc_probes[] = {
	{ "host-shared-memory", "shared memory of the host's processes", .walls = "A", .attack = shared_memory },
	{ "host-semaphores", "semaphores of the host's processes", .walls = "A", .attack = semaphores },
	{ "host-messages", "messages of the host's processes", .walls = "A", .attack = messages },
	{ "host-message-queue", "POSIX queues of the host's processes", .walls = "BA", .attack = message_queue,
		.absent = ENOSYS },
	{ "host-shared-file", "files in the host's /dev/shm", .walls = "A", .attack = shared_file },
	{ 0 },
};
