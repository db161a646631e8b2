/* System calls that are for administrators, or that are mostly known from exploits. */
#include "probe.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/timex.h>
#include <unistd.h>

/* The permission is checked before the argument: one of these errnos says that it was given. */
static void decide_later(long result, int later, int later_too)
{
	if (result == -1 && (refusal() == later || refusal() == later_too))
		worked("permission given, only then %s", later == EINVAL ? "the argument" : "the object");
	else
		decide(result, "");
}

static void bpf_map(const struct probe *probe)
{
	(void)probe;
	/* BPF_MAP_CREATE 0 of an array (2) with one four byte value. */
	uint32_t attributes[32] = { 2, 4, 4, 1 };
	decide(TRY(bpf, 0, attributes, sizeof attributes), "");
}

static void bpf_program(const struct probe *probe)
{
	(void)probe;
	/* r0 = 0; exit: the smallest socket filter (type 1) that the verifier takes. */
	static const uint64_t code[] = { 0x00000000000000b7, 0x0000000000000095 };
	struct {
		uint32_t type, count;
		uint64_t code, license;
		uint64_t rest[14];
	} attributes = { 1, 2, (uintptr_t)code, (uintptr_t)"Apache-2.0", { 0 } };
	decide(TRY(bpf, 5, &attributes, sizeof attributes), "");
}

/* PERF_TYPE_SOFTWARE 1, PERF_COUNT_SW_CPU_CLOCK 0, size of the first published structure. */
static void count_events(const struct probe *probe)
{
	uint64_t attributes[16] = { [0] = 1 | (uint64_t)64 << 32 };
	if (probe->value == -1)
		decide(TRY(perf_event_open, attributes, -1, 0, -1, 0), "every process on processor 0");
	else
		decide(TRY(perf_event_open, attributes, 0, -1, -1, 0), "itself, kernel included");
}

static void fault_handler(const struct probe *probe)
{
	(void)probe;
	decide(TRY(userfaultfd, O_CLOEXEC), "");
}

static void ring(const struct probe *probe)
{
	(void)probe;
	uint32_t parameters[30] = { 0 };
	decide(TRY(io_uring_setup, 4, parameters), "");
}

static void session_keys(const struct probe *probe)
{
	(void)probe;
	/* KEYCTL_JOIN_SESSION_KEYRING 1, an anonymous one. */
	decide(TRY(keyctl, 1, NULL, 0, 0, 0), "");
}

static void new_key(const struct probe *probe)
{
	(void)probe;
	/* Into the process keyring, -2, which dies with us. */
	decide(TRY(add_key, "user", "redoubt-escape", "x", 1, -2), "");
}

static void ask_key(const struct probe *probe)
{
	(void)probe;
	decide_later(TRY(request_key, "user", "redoubt-escape", NULL, -2), ENOKEY, ENOKEY);
}

struct handle {
	uint32_t size;
	int32_t type;
	unsigned char bytes[128];
};

static void name_handle(const struct probe *probe)
{
	(void)probe;
	struct handle handle = { .size = sizeof handle.bytes };
	int mount;
	decide(TRY(name_to_handle_at, AT_FDCWD, "/etc", &handle, &mount, 0), "");
}

/* Inode 2 is the root of an ext4 file system (type 1: inode and generation), wherever a bind mount begins. */
static void open_handle(const struct probe *probe)
{
	(void)probe;
	struct handle handle = { .size = sizeof handle.bytes };
	int mount;
	int below = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (syscall(SYS_name_to_handle_at, AT_FDCWD, "/", &handle, &mount, 0) == -1) {
		handle = (struct handle){ .size = 8, .type = 1, .bytes = { 2 } };
	}
	decide(TRY(open_by_handle_at, below, &handle, O_RDONLY | O_DIRECTORY), "");
}

static void watch_files(const struct probe *probe)
{
	decide(TRY(fanotify_init, probe->value, O_RDONLY), "");
}

static void quota(const struct probe *probe)
{
	(void)probe;
	/* Q_SETINFO 0x800006 for users, of the root's file system: the values are read after the permission. */
	int top = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	decide_later(TRY(quotactl_fd, top, 0x800006U << 8, 0, NULL), EFAULT, EFAULT);
}

static void absent_path(const struct probe *probe)
{
	decide_later(attempt(probe->text, probe->value, WORD("/nonexistent/redoubt"), 0, 0, 0, 0, 0), ENOENT, ENOENT);
}

static void restart_machine(const struct probe *probe)
{
	(void)probe;
	/* CAP_SYS_BOOT is looked at before the magic numbers, which are wrong. */
	decide_later(TRY(reboot, 0, 0, 0, 0), EINVAL, EINVAL);
}

static void load_kernel(const struct probe *probe)
{
	(void)probe;
	/* More segments than there can be. */
	decide_later(TRY(kexec_load, 0, 1UL << 30, NULL, 0), EINVAL, EINVAL);
}

static void load_kernel_file(const struct probe *probe)
{
	(void)probe;
	decide_later(TRY(kexec_file_load, -1, -1, 0, NULL, 0), EBADF, EINVAL);
}

static void load_module(const struct probe *probe)
{
	(void)probe;
	decide_later(TRY(init_module, "no module", 9, ""), ENOEXEC, EFAULT);
}

static void load_module_file(const struct probe *probe)
{
	(void)probe;
	decide_later(TRY(finit_module, -1, "", 0), EBADF, EBADF);
}

static void unload_module(const struct probe *probe)
{
	(void)probe;
	decide_later(TRY(delete_module, "redoubt_escape_no_such", O_NONBLOCK), ENOENT, ENOENT);
}

static void set_nothing(const struct probe *probe)
{
	(void)probe;
	/* Neither time nor zone: checked, then nothing to do. */
	decide(TRY(settimeofday, NULL, NULL), "");
}

static void set_clock(const struct probe *probe)
{
	(void)probe;
	/* A time before the machine was started is refused, but only after the permission. */
	long when[2] = { 0, 1 };
	decide_later(TRY(clock_settime, 0, when), EINVAL, EINVAL);
}

/* A tick of 0 is out of range, found out after the permission. */
static void adjust(const struct probe *probe)
{
	struct timex change;
	memset(&change, 0, sizeof change);
	change.modes = ADJ_TICK;
	long result = probe->value == SYS_adjtimex ? TRY(adjtimex, &change) : TRY(clock_adjtime, 0, &change);
	decide_later(result, EINVAL, EINVAL);
}

static void kernel_log(const struct probe *probe)
{
	(void)probe;
	char text[256];
	decide(TRY(syslog, 3, text, sizeof text), "");
}

static void port_level(const struct probe *probe)
{
	(void)probe;
	decide(TRY(iopl, 3), "");
}

static void port_permission(const struct probe *probe)
{
	(void)probe;
	decide(TRY(ioperm, 0x80, 1, 1), "");
}

static void local_descriptors(const struct probe *probe)
{
	(void)probe;
	/* struct user_desc: entry, base, limit, and flags of a 16 bit data segment. */
	uint32_t segment[4] = { 0, 0, 0xfff, 0 };
	decide(TRY(modify_ldt, 1, segment, sizeof segment), "");
}

static void decode_cookie(const struct probe *probe)
{
	(void)probe;
	char path[64];
	decide_later(TRY(lookup_dcookie, 1, path, sizeof path), EINVAL, EINVAL);
}

static void host_name(const struct probe *probe)
{
	(void)probe;
	decide(TRY(sethostname, "escaped", 7), "");
}

static void domain_name(const struct probe *probe)
{
	(void)probe;
	decide(TRY(setdomainname, "escaped", 7), "");
}

static void executable_data(const struct probe *probe)
{
	(void)probe;
	long result = TRY(personality, READ_IMPLIES_EXEC);
	decide(result, "");
}

static void old_abi(const struct probe *probe)
{
	(void)probe;
	/* PER_SVR4 with short inodes and sticky timeouts: other entry points into the kernel. */
	decide(TRY(personality, 0x1 | STICKY_TIMEOUTS), "");
}

static void own_listener(const struct probe *probe)
{
	(void)probe;
	/* One instruction, allow everything; SET_MODE_FILTER 1 with NEW_LISTENER 8. */
	struct {
		uint16_t code;
		uint8_t yes, no;
		uint32_t value;
	} allow = { 0x06, 0, 0, 0x7fff0000 };
	struct {
		uint16_t length;
		void *filter;
	} program = { 1, &allow };
	decide(TRY(seccomp, 1, 8, &program), "");
}

static void hang_up(const struct probe *probe)
{
	(void)probe;
	/* In a session without terminal there is nothing to hang up after the permission. */
	new_session();
	decide(TRY(vhangup), "");
}

static void list_mounts(const struct probe *probe)
{
	(void)probe;
	/* struct mnt_id_req: size, spare, mnt_id LSMT_ROOT, param. */
	struct {
		uint32_t size, spare;
		uint64_t mount, after;
	} request = { 24, 0, UINT64_MAX, 0 };
	uint64_t ids[64];
	long count = TRY(listmount, &request, ids, 64, 0);
	decide(count, "%ld mounts", count);
}

static void set_mm(const struct probe *probe)
{
	(void)probe;
	/* PR_SET_MM_EXE_FILE 13: another program in /proc/self/exe, to mislead whoever looks. */
	decide_later(TRY(prctl, PR_SET_MM, 13, -1, 0, 0), EBADF, EBADF);
}

static void secret_memory(const struct probe *probe)
{
	(void)probe;
	decide(TRY(memfd_secret, O_CLOEXEC), "");
}

#define LATER "the permission is shown by a later errno; success would harm the host"

const struct probe kernel_probes[] = {
	{ "bpf-map", "kernel memory by the BPF verifier's mistakes", .cve = "CVE-2021-3490", .walls = "BA",
		.attack = bpf_map },
	{ "bpf-program", "code in the kernel", .cve = "CVE-2020-8835", .walls = "BA", .attack = bpf_program },
	{ "perf-self", "the processor's counters, for side channels", .cve = "CVE-2013-2094", .walls = "BA",
		.attack = count_events },
	{ "perf-processor", "what every neighbour does on a processor", .walls = "BA", .attack = count_events, .value = -1 },
	{ "userfaultfd", "races in the kernel that it can win", .walls = "B", .attack = fault_handler },
	{ "io-uring", "system calls past the filter, and a rich history of holes", .cve = "CVE-2022-2602", .walls = "B",
		.attack = ring },
	{ "keyctl", "keyrings, which no namespace divides", .cve = "CVE-2016-0728", .walls = "B", .attack = session_keys },
	{ "add-key", "keys in a ring that others search", .walls = "B", .attack = new_key },
	{ "request-key", "a key helper that the host's kernel runs as root", .walls = "B", .attack = ask_key },
	{ "name-to-handle", "names for files that outlive its root", .walls = "B", .attack = name_handle },
	{ "open-by-handle", "any file of the host's file system, by number (shocker, 2014)", .walls = "BA",
		.attack = open_handle },
	{ "fanotify-permission", "a say in every file that is opened", .walls = "BA", .attack = watch_files, .value = 4 },
	{ "fanotify-identifiers", "every file that is opened, by handle", .walls = "B", .attack = watch_files,
		.value = 0x200 },
	{ "quotactl", "the host's disk quotas", .walls = "BA", .attack = quota, .absent = ENOSYS, .weak = LATER },
	{ "swapon", "memory of neighbours on a disk of its choice", .walls = "BA", .attack = absent_path,
		.value = SYS_swapon, .text = "swapon", .weak = LATER },
	{ "swapoff", "the host out of memory", .walls = "BA", .attack = absent_path, .value = SYS_swapoff,
		.text = "swapoff", .weak = LATER },
	{ "acct", "a record of every process of the host", .walls = "BA", .attack = absent_path, .value = SYS_acct,
		.text = "acct", .weak = LATER },
	{ "reboot", "the end of every sandbox", .walls = "BA", .attack = restart_machine, .weak = LATER },
	{ "kexec-load", "another kernel", .walls = "BA", .attack = load_kernel, .absent = ENOSYS, .weak = LATER },
	{ "kexec-file-load", "another kernel", .walls = "BA", .attack = load_kernel_file, .absent = ENOSYS, .weak = LATER },
	{ "init-module", "code in the kernel", .walls = "BA", .attack = load_module, .absent = ENOSYS, .weak = LATER },
	{ "finit-module", "code in the kernel", .walls = "BA", .attack = load_module_file, .absent = ENOSYS, .weak = LATER },
	{ "delete-module", "the kernel without its defences", .walls = "BA", .attack = unload_module, .absent = ENOSYS,
		.weak = LATER },
	{ "settimeofday", "the host's clock, and with it every lease and certificate", .walls = "BA",
		.attack = set_nothing, .weak = "called with neither time nor zone: permitted, then nothing to do" },
	{ "clock-settime", "the host's clock", .walls = "BA", .attack = set_clock, .weak = LATER },
	{ "adjtimex", "the speed of the host's clock", .walls = "BA", .attack = adjust, .value = SYS_adjtimex,
		.weak = LATER },
	{ "clock-adjtime", "the speed of the host's clock", .walls = "BA", .attack = adjust, .value = SYS_clock_adjtime,
		.weak = LATER },
	{ "syslog", "the host's kernel log", .walls = "BA", .attack = kernel_log },
	{ "iopl", "the machine's ports", .walls = "BA", .attack = port_level, .absent = ENOSYS },
	{ "ioperm", "one of the machine's ports", .walls = "BA", .attack = port_permission, .absent = ENOSYS },
	{ "modify-ldt", "segment code with a rich history of holes", .cve = "CVE-2017-17053", .walls = "B",
		.attack = local_descriptors, .absent = ENOSYS },
	{ "lookup-dcookie", "paths of the host's profiled files", .walls = "BA", .attack = decode_cookie, .absent = ENOSYS,
		.weak = LATER },
	{ "sethostname", "another host name", .walls = "BA", .attack = host_name, .arena = arena_private },
	{ "setdomainname", "another domain name", .walls = "BA", .attack = domain_name, .arena = arena_private },
	{ "personality-executable", "data that is code", .walls = "B", .attack = executable_data },
	{ "personality-old-abi", "entry points kept for other systems", .walls = "B", .attack = old_abi },
	{ "seccomp-listener", "its own answers to system calls of its children", .walls = "B", .attack = own_listener },
	{ "vhangup", "terminals of others hung up", .walls = "BA", .attack = hang_up,
		.weak = "in a session without terminal: permitted, then nothing to hang up" },
	{ "listmount", "mounts by the new call, where /proc is masked", .walls = "B", .attack = list_mounts,
		.absent = ENOSYS },
	{ "prctl-exe-file", "a false name for its program", .walls = "BA", .attack = set_mm, .absent = EPERM,
		.weak = LATER },
	{ "memfd-secret", "memory that not even the host can look at", .walls = "B", .attack = secret_memory,
		.absent = ENOSYS },
	{ 0 },
};
