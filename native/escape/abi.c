/* Doors beside the 64-bit system call, and numbers with more bits than a careless filter compares. */
#include "probe.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * int $0x80 enters by the 32-bit table: other numbers for the same calls. The kernel returns minus errno.
 * r8-r11 are lost on the way in older kernels.
 */
static long call32(const char *name, long number, long first)
{
	long result = number;
	/* Recorded before, for the case that the filter kills. The number is none of the 64-bit table. */
	made(name, -1, 0);
	__asm__ volatile("int $0x80" : "+a"(result) : "b"(first), "c"(0L), "d"(0L) : "memory", "r8", "r9", "r10", "r11");
	answered((int)result < 0 ? -(int)result : 0);
	return (int)result < 0 ? -1 : result;
}

static void getpid32(const struct probe *probe)
{
	(void)probe;
	long pid = call32("getpid by int 0x80", 20, 0);
	if (pid == getpid())
		worked("the 32-bit table answers");
	else
		refused("");
}

static void unshare32(const struct probe *probe)
{
	(void)probe;
	decide(call32("unshare by int 0x80", 310, (long)NEW_UTS), "");
}

static void virtual8086(const struct probe *probe)
{
	(void)probe;
	/* vm86 166 with function 0 (VM86_PLUS_INSTALL_CHECK) says 0 where it exists. */
	decide(call32("vm86 by int 0x80", 166, 0), "");
}

static void x32(const struct probe *probe)
{
	(void)probe;
	long pid = attempt("getpid of x32", 0x40000000L | SYS_getpid, 0, 0, 0, 0, 0, 0);
	decide(pid, "");
}

/* The kernel takes the number from 32 bits; whatever stands above must not lead past the filter. */
static void wide_number(const struct probe *probe)
{
	(void)probe;
	decide(attempt("unshare with a wide number", (1L << 32) | SYS_unshare, NEW_UTS, 0, 0, 0, 0, 0), "");
}

static void wide_clone(const struct probe *probe)
{
	(void)probe;
	long pid = TRY(clone, 1UL << 32 | NEW_UTS | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	decide(pid, "");
}

static void wide_family(const struct probe *probe)
{
	(void)probe;
	decide(TRY(socket, 1UL << 32 | AF_PACKET, 1UL << 32 | SOCK_RAW, 0), "");
}

/*
 * The newest numbers, which a filter that lists what it refuses has never heard of: statmount, lsm_get_self_attr,
 * lsm_set_self_attr, lsm_list_modules, open_tree_attr. Without arguments they do nothing.
 */
static void newest_calls(const struct probe *probe)
{
	(void)probe;
	static const long NUMBERS[] = { 457, 459, 460, 461, 467 };
	for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++) {
		long result = attempt("one of the newest calls", NUMBERS[i], 0, 0, 0, 0, 0, 0);
		if (result != -1 || (refusal() != ENOSYS && refusal() != EPERM)) {
			worked("number %ld is there", NUMBERS[i]);
			return;
		}
	}
	refused("");
}

/* The vsyscall page's gettimeofday: at the same address in every process of every machine. */
static void fixed_page(const struct probe *probe)
{
	(void)probe;
	long now[2] = { 0, 0 };
	attempt("gettimeofday of the vsyscall page", SYS_gettimeofday, WORD(now), 0, 0, 0, 0, 0);
	now[0] = 0;
	long (*page)(long *, void *) = (long (*)(long *, void *))0xffffffffff600000UL;
	long result = page(now, NULL);
	if (result == 0 && now[0] != 0)
		worked("it runs");
	else
		refused("");
}

const struct probe abi_probes[] = {
	{ "int80-getpid", "system calls by the 32-bit table, with other numbers", .walls = "B", .attack = getpid32,
		.absent = ENOSYS },
	{ "int80-unshare", "a namespace by the 32-bit table", .walls = "BA", .attack = unshare32, .absent = ENOSYS },
	{ "int80-vm86", "the processor's oldest mode", .walls = "B", .attack = virtual8086,
		.absent = ENOSYS },
	{ "x32-getpid", "system calls by the x32 table", .cve = "CVE-2014-0038", .walls = "B", .attack = x32,
		.absent = ENOSYS },
	{ "wide-number", "a refused call whose number has bits above 32", .walls = "BA", .attack = wide_number },
	{ "wide-clone-flags", "a namespace by flags with bits above 32", .walls = "BA", .attack = wide_clone },
	{ "wide-socket-family", "a refused family with bits above 32", .walls = "BA", .attack = wide_family },
	{ "newest-calls", "calls that the filter's author did not know", .walls = "B", .attack = newest_calls,
		.absent = ENOSYS },
	{ "vsyscall", "code at a known address, for return-oriented programs", .walls = "B", .attack = fixed_page },
	{ 0 },
};
