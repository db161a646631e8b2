/*
 * redoubt-escape list
 * redoubt-escape run [--control] [--only NAME]... [--after NAME] [--outside 'key=value ...']
 * redoubt-escape decoy TOKEN
 * redoubt-escape watchers COUNT
 *
 * One line of JSON per probe. The exit status says only whether the battery itself could run.
 */
#include "verdict.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct world world = { .target = 1 };
static int decoys = -1;

static const struct group {
	const char *name;
	const struct probe *probes;
} GROUPS[] = {
	/* First, before any other probe could leave something open. */
	{ "descriptors", descriptor_probes },
	{ "namespaces", namespace_probes },
	{ "mounts", mount_probes },
	{ "processes", process_probes },
	{ "guest-user", guest_user_probes },
	{ "privileges", privilege_probes },
	{ "devices", device_probes },
	{ "proc", proc_probes },
	{ "families", family_probes },
	{ "network", network_probes },
	{ "kernel", kernel_probes },
	{ "abi", abi_probes },
	{ "terminal", terminal_probes },
	{ "ipc", ipc_probes },
	{ "traces", trace_probes },
	{ "channel", channel_probes },
	{ "resources", resource_probes },
};
static const size_t GROUP_COUNT = sizeof GROUPS / sizeof *GROUPS;

static void print_text(const char *key, const char *text)
{
	printf(",\"%s\":\"", key);
	for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
		if (*at == '"' || *at == '\\')
			printf("\\%c", *at);
		else if (*at < 0x20 || *at > 0x7e)
			putchar('?');
		else
			putchar(*at);
	}
	putchar('"');
}

static void print_name(const struct group *group, const struct probe *probe)
{
	printf("{\"name\":\"%s\"", probe->name);
	print_text("group", group->name);
}

static void print_probe(const struct group *group, const struct probe *probe)
{
	print_name(group, probe);
	print_text("gain", probe->gain);
	print_text("cve", probe->cve == NULL ? "" : probe->cve);
	print_text("walls", probe->walls);
	print_text("weak", probe->weak == NULL ? "" : probe->weak);
	printf("}\n");
}

static const char *outcome(const struct probe *probe)
{
	if (world.control && verdict->outcome == BLOCKED && probe->absent != 0 && verdict->error == probe->absent)
		return "absent";
	static const char *const WORDS[] = { "untried", "open", "blocked", "harmless" };
	return WORDS[verdict->outcome];
}

static void print_verdict(const struct group *group, const struct probe *probe)
{
	print_name(group, probe);
	print_text("outcome", outcome(probe));
	bool blocked = verdict->outcome == BLOCKED;
	const char *by_signal = verdict->signal != 0 ? signal_name(verdict->signal) : "";
	print_text("errno", blocked && verdict->signal == 0 && verdict->error != 0 ? errno_name(verdict->error) : by_signal);
	print_text("syscall", verdict->call == NULL ? "" : verdict->call);
	printf(",\"number\":%ld,\"arguments\":[", verdict->call == NULL ? -1 : verdict->number);
	for (int i = 0; i < 6; i++)
		printf("%s\"%lx\"", i == 0 ? "" : ",", verdict->arguments[i]);
	printf("]");
	print_text("note", verdict->note);
	printf("}\n");
	fflush(stdout);
}

/* The probe leads a process group, so that whatever it leaves behind ends with it. */
static pid_t start(const struct probe *probe)
{
	pid_t child = fork();
	if (child != 0)
		return child;
	/* Or it would look like a descriptor leaked into the sandbox. */
	if (decoys != -1)
		close(decoys);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* In a control PID 1 is the host's: never a target. */
	if (world.control)
		world.target = getpid();
	if (world.control && probe->arena != NULL)
		probe->arena();
	probe->attack(probe);
	_exit(0);
}

static bool ended(pid_t child, int *status, unsigned seconds)
{
	struct timespec now, end;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGCHLD);
	for (;;) {
		if (waitpid(child, status, WNOHANG) == child)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec))
			return false;
		struct timespec tick = { .tv_nsec = 50000000 };
		sigtimedwait(&ends, NULL, &tick);
	}
}

/* How long a probe may take; emulated processors are told to be given more ("slow"). */
static unsigned patience(const struct probe *probe)
{
	const char *slow = outside("slow");
	long factor = slow == NULL ? 1 : atol(slow);
	unsigned seconds = probe->seconds == 0 ? 5 : probe->seconds;
	return factor < 1 || factor > 100 ? seconds : seconds * (unsigned)factor;
}

static void run(const struct group *group, const struct probe *probe)
{
	new_verdict();
	unsigned seconds = patience(probe);
	pid_t child = start(probe);
	int status = 0;
	bool in_time = child > 0 && ended(child, &status, seconds);
	if (child > 0) {
		kill(-child, SIGKILL);
		kill(child, SIGKILL);
		if (!in_time)
			waitpid(child, &status, 0);
	}
	/* What the probe's own children left to us, when we are their subreaper or PID 1. */
	while (waitpid(-child, NULL, WNOHANG) > 0)
		;
	if (child == -1) {
		verdict->outcome = UNTRIED;
		snprintf(verdict->note, sizeof verdict->note, "cannot fork: errno %d", errno);
	} else if (!in_time) {
		/* Neither refused nor done: no proof of anything. */
		verdict->outcome = UNTRIED;
		snprintf(verdict->note, sizeof verdict->note, "not done within %u s", seconds);
	} else if (WIFSIGNALED(status)) {
		verdict->signal = WTERMSIG(status);
	}
	if (verdict->signal != 0 && verdict->outcome == UNTRIED)
		verdict->outcome = BLOCKED;
	remove_below(world.scratch);
	print_verdict(group, probe);
}

struct choice {
	const char *only[64];
	size_t count;
	/* Skip up to and with this one: how a run is taken up again after the sandbox died of a probe. */
	const char *after;
};

static bool chosen(const struct choice *choice, const char *name)
{
	for (size_t i = 0; i < choice->count; i++)
		if (strcmp(choice->only[i], name) == 0)
			return true;
	return choice->count == 0;
}

static void each(const struct choice *choice, void (*act)(const struct group *, const struct probe *))
{
	bool started = choice->after == NULL;
	for (size_t g = 0; g < GROUP_COUNT; g++)
		for (const struct probe *probe = GROUPS[g].probes; probe->name != NULL; probe++) {
			if (started && chosen(choice, probe->name))
				act(&GROUPS[g], probe);
			if (!started && strcmp(choice->after, probe->name) == 0)
				started = true;
		}
}

static const char *make_scratch(void)
{
	static const char *const PLACES[] = { "/tmp", "/dev/shm", "/var/tmp", "." };
	static char path[64];
	for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
		snprintf(path, sizeof path, "%s/redoubt-escape-%d", PLACES[i], getpid());
		if (mkdir(path, 0777) == 0) {
			/* Attacks that change their uid still want to write there. */
			chmod(path, 0777);
			return path;
		}
	}
	return NULL;
}

static int usage(void)
{
	fprintf(stderr, "usage: redoubt-escape list\n"
		"       redoubt-escape run [--control] [--only NAME]... [--after NAME] [--outside FACTS]\n"
		"       redoubt-escape decoy TOKEN\n"
		"       redoubt-escape watchers COUNT\n");
	return 64;
}

static int battery(int count, char **words)
{
	struct choice choice = { 0 };
	bool told = false;
	for (int i = 0; i < count; i++) {
		bool value = i + 1 < count;
		if (strcmp(words[i], "--control") == 0)
			world.control = true;
		else if (strcmp(words[i], "--only") == 0 && value && choice.count < 64)
			choice.only[choice.count++] = words[++i];
		else if (strcmp(words[i], "--after") == 0 && value)
			choice.after = words[++i];
		else if (strcmp(words[i], "--outside") == 0 && value) {
			learn_outside(words[++i]);
			told = outside("token") != NULL;
		} else
			return usage();
	}
	if (world.control && geteuid() != 0) {
		fprintf(stderr, "redoubt-escape: a control runs as root, where no wall is\n");
		return 77;
	}
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	if (world.control && !told)
		decoys = own_decoys();
	world.scratch = make_scratch();
	if (world.scratch == NULL) {
		fprintf(stderr, "redoubt-escape: no directory to write in\n");
		return 73;
	}
	each(&choice, run);
	rmdir(world.scratch);
	return 0;
}

/* What a copy of this program says when an attack runs it with other ids: which it got. */
static int gained_ids(void)
{
	char status[4096] = "";
	slurp("/proc/self/status", status, sizeof status);
	const char *capabilities = strstr(status, "CapEff:");
	if (geteuid() == 0 && getuid() != 0)
		return 10;
	return capabilities != NULL && strtoull(capabilities + 7, NULL, 16) != 0 ? 11 : 0;
}

/* Holds so many inotify instances, for a test of who is charged for them; says how many it got. */
static int hold_watchers(long count)
{
	long got = 0;
	while (got < count && inotify_init1(IN_CLOEXEC) != -1)
		got++;
	printf("%ld\n", got);
	fflush(stdout);
	while (pause() == -1)
		;
	return 0;
}

int main(int count, char **words)
{
	if (count == 2 && strcmp(words[1], "ids") == 0)
		return gained_ids();
	/* Copies with a setuid bit exist for a moment: of no use to anybody for anything else. */
	if (getauxval(AT_SECURE) != 0)
		return 77;
	if (count == 2 && strcmp(words[1], "list") == 0) {
		each(&(struct choice){ 0 }, print_probe);
		return 0;
	}
	if (count == 3 && strcmp(words[1], "decoy") == 0)
		return decoy(words[2]);
	if (count == 3 && strcmp(words[1], "watchers") == 0)
		return hold_watchers(atol(words[2]));
	if (count >= 2 && strcmp(words[1], "run") == 0)
		return battery(count - 2, words + 2);
	return usage();
}
