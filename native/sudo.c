/*
 * sudo inside a sandbox. Not setuid, which no_new_privs makes void: it asks the guest over a socket to run the command,
 * and hands it its own standard streams. What the command may do is what the guest was started with, never what is asked.
 *
 *     sudo [-EHinSs] [-u USER] [-g GROUP] [--] [NAME=VALUE]... [COMMAND [ARGUMENT]...]
 *
 * Where a stream is a terminal, the command gets a terminal of its own and this program carries bytes between the two:
 * a terminal belongs to one session (TIOCSCTTY, ioctl_tty(2)), and the command cannot join ours.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "frame.h"

#define SOCKET_PATH "/run/redoubt/sudo.sock"
#define JOB 1
#define NOT_FOUND 127
#define NOT_EXECUTABLE 126
#define SIGNAL_BASE 128

struct options {
	char user[256];
	const char *group;
	bool keep_environment;
	bool login;
	bool shell;
};

struct account {
	char name[256];
	char shell[256];
};

static uint8_t request[REQUEST_LIMIT];
static size_t used;
static struct termios outer;
static bool outer_raw;

_Noreturn static void finish(int code)
{
	if (outer_raw)
		tcsetattr(0, TCSADRAIN, &outer);
	exit(code);
}

_Noreturn static void die(const char *what, int error)
{
	if (outer_raw)
		tcsetattr(0, TCSADRAIN, &outer);
	fprintf(stderr, "sudo: %s: %s\n", what, strerror(error));
	exit(1);
}

/* The request, put together */

static void add(const void *bytes, size_t length)
{
	if (length > sizeof request - used)
		die("command and environment", E2BIG);
	memcpy(request + used, bytes, length);
	used += length;
}

static void add16(uint16_t value)
{
	add(&value, sizeof value);
}

static void add32(uint32_t value)
{
	add(&value, sizeof value);
}

static void add64(uint64_t value)
{
	add(&value, sizeof value);
}

static void add_string(const char *text)
{
	size_t length = strlen(text) + 1;

	add32((uint32_t)length);
	add(text, length);
}

/* A list whose length is known when it ends. */
static size_t begin_list(void)
{
	add32(0);
	return used - 4;
}

static void list_item(size_t list, const char *text)
{
	uint32_t count;

	add_string(text);
	memcpy(&count, request + list, sizeof count);
	count++;
	memcpy(request + list, &count, sizeof count);
}

static void list_variable(size_t list, const char *name, const char *value)
{
	static char entry[8192];

	snprintf(entry, sizeof entry, "%s=%s", name, value);
	list_item(list, entry);
}

static bool find_account(const char *name, long uid, struct account *account)
{
	FILE *file = fopen("/etc/passwd", "re");
	char line[1024];
	bool found = false;

	while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
		char *rest = line;
		char *field[7] = {NULL};

		line[strcspn(line, "\n")] = 0;
		for (int i = 0; i < 7; i++)
			field[i] = strsep(&rest, ":");
		if (field[6] == NULL || (name != NULL ? strcmp(field[0], name) != 0 : strtol(field[2], NULL, 10) != uid))
			continue;
		snprintf(account->name, sizeof account->name, "%s", field[0]);
		snprintf(account->shell, sizeof account->shell, "%s", *field[6] == 0 ? "/bin/sh" : field[6]);
		found = true;
	}
	if (file != NULL)
		fclose(file);
	return found;
}

/* What passes without -E: how to talk to the person and to the network, nothing that changes what a program does. */
static bool passes(const char *variable)
{
	static const char *const names[] = {
		"TERM=", "COLORTERM=", "LANG=", "LANGUAGE=", "LC_", "TZ=", "DEBIAN_FRONTEND=", "http_proxy=", "https_proxy=",
		"no_proxy=", "HTTP_PROXY=", "HTTPS_PROXY=", "NO_PROXY=",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* These belong to the user; the guest sets them for the one that is switched to. */
static bool is_users(const char *variable)
{
	static const char *const names[] = {"HOME=", "USER=", "LOGNAME=", "SHELL=", "PATH=", "SUDO_"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void add_environment(const struct options *options, char **assignments, int assignment_count, const char *command)
{
	size_t list = begin_list();
	struct account me = {.name = ""};
	char number[16];

	for (char **variable = environ; *variable != NULL; variable++)
		if (strchr(*variable, '=') != NULL && !is_users(*variable) && (options->keep_environment || passes(*variable)))
			list_item(list, *variable);
	for (int i = 0; i < assignment_count; i++)
		list_item(list, assignments[i]);
	find_account(NULL, (long)getuid(), &me);
	list_variable(list, "SUDO_USER", me.name);
	list_variable(list, "SUDO_COMMAND", command);
	snprintf(number, sizeof number, "%u", getuid());
	list_variable(list, "SUDO_UID", number);
	snprintf(number, sizeof number, "%u", getgid());
	list_variable(list, "SUDO_GID", number);
}

/* For `-i` and `-s` with a command: one line for the shell, every character that could mean something escaped. */
static void join_quoted(char *line, size_t size, char **argv, int argc)
{
	size_t at = 0;

	for (int i = 0; i < argc; i++) {
		if (i > 0 && at + 1 < size)
			line[at++] = ' ';
		for (const char *c = argv[i]; *c != 0; c++) {
			if (at + 3 >= size)
				die("command", E2BIG);
			if (strchr("_-./=:,@%+0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", *c) == NULL)
				line[at++] = '\\';
			line[at++] = *c;
		}
	}
	line[at] = 0;
}

static void add_command(const struct options *options, char **argv, int argc)
{
	static char line[131072];
	struct account target = {.shell = "/bin/sh"};
	size_t list = begin_list();

	if (!options->login && !options->shell) {
		for (int i = 0; i < argc; i++)
			list_item(list, argv[i]);
		return;
	}
	if (strspn(options->user, "0123456789") == strlen(options->user))
		find_account(NULL, strtol(options->user, NULL, 10), &target);
	else
		find_account(options->user, 0, &target);
	list_item(list, !options->login && getenv("SHELL") != NULL ? getenv("SHELL") : target.shell);
	if (options->login)
		list_item(list, "-l");
	if (argc > 0) {
		join_quoted(line, sizeof line, argv, argc);
		list_item(list, "-c");
		list_item(list, line);
	}
}

static void add_request(const struct options *options, char **argv, int argc)
{
	char directory[4096];
	char user[512];
	int assignments = 0;

	while (assignments < argc && strchr(argv[assignments], '=') != NULL && *argv[assignments] != '=')
		assignments++;
	if (getcwd(directory, sizeof directory) == NULL)
		die("working directory", errno);
	snprintf(user, sizeof user, "%s%s%s", options->user, options->group == NULL ? "" : ":", options->group == NULL ? "" : options->group);
	add16(REQUEST_VERSION);
	add16(0);
	add16(0);
	add16(0);
	add32(OP_EXEC);
	add64(0);
	add64(0);
	add_string(user);
	add_string(options->login ? "" : directory);
	add_command(options, argv + assignments, argc - assignments);
	add_environment(options, argv, assignments, assignments < argc ? argv[assignments] : "shell");
	add32(0);
}

/* The conversation */

static int connect_guest(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET_PATH};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		die("this sandbox gives no root", errno);
	return fd;
}

static void send_frame(int guest, uint16_t type, bool more, const void *payload, uint32_t length, const int *streams)
{
	struct frame_header header = {.type = type, .flags = more ? FRAME_FLAG : 0, .job = JOB, .length = length};
	struct iovec parts[2] = {
		{.iov_base = &header, .iov_len = sizeof header},
		{.iov_base = (void *)payload, .iov_len = length},
	};
	union {
		struct cmsghdr header;
		uint8_t space[CMSG_SPACE(3 * sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(3 * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	if (streams != NULL) {
		memcpy(CMSG_DATA(&control.header), streams, 3 * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = sizeof control.space;
	}
	if (sendmsg(guest, &message, MSG_NOSIGNAL) < 0)
		die("guest", errno);
}

static void send_request(int guest, const int *streams)
{
	size_t sent = 0;

	do {
		size_t piece = used - sent < FRAME_PAYLOAD ? used - sent : FRAME_PAYLOAD;

		send_frame(guest, FRAME_RUN, sent + piece < used, request + sent, (uint32_t)piece, sent == 0 ? streams : NULL);
		sent += piece;
	} while (sent < used);
}

static void send_signal(int guest, uint32_t number)
{
	send_frame(guest, FRAME_SIGNAL, false, &number, sizeof number, NULL);
}

/* Ends as the command did. */
_Noreturn static void finish_as(const uint8_t *frame, size_t length, const char *command)
{
	uint32_t kind;
	uint32_t value;

	if (length < FRAME_HEADER + 36)
		die("guest", ECONNRESET);
	memcpy(&kind, frame + FRAME_HEADER, 4);
	memcpy(&value, frame + FRAME_HEADER + 4, 4);
	if (kind == EXIT_CODE)
		finish((int)value);
	if (kind == EXIT_SIGNAL)
		finish(SIGNAL_BASE + (int)value);
	if (outer_raw)
		tcsetattr(0, TCSADRAIN, &outer);
	outer_raw = false;
	fprintf(stderr, "sudo: %s: %s\n", command, strerror((int)value));
	finish(value == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

/* The terminal between ours and the command's */

static void follow_size(int master)
{
	struct winsize size;

	if (ioctl(0, TIOCGWINSZ, &size) == 0 || ioctl(1, TIOCGWINSZ, &size) == 0)
		ioctl(master, TIOCSWINSZ, &size);
}

/* @return our end of a new terminal, whose other end stands in for every stream that is a terminal; -1 when none is */
static int open_terminal(int *streams)
{
	struct termios raw;
	int master;
	int slave;
	int unlocked = 0;

	if (!isatty(0) && !isatty(1) && !isatty(2))
		return -1;
	master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return -1; /* the command gets our streams as they are */
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -1;
	follow_size(master);
	for (int fd = 0; fd < 3; fd++)
		if (isatty(fd))
			streams[fd] = slave;
	if (tcgetattr(0, &outer) == 0) {
		tcsetattr(slave, TCSANOW, &outer);
		raw = outer;
		cfmakeraw(&raw);
		/* Only who is in the foreground may change the terminal; in the background this would stop us (SIGTTOU). */
		if (tcgetpgrp(0) == getpgrp())
			outer_raw = tcsetattr(0, TCSADRAIN, &raw) == 0;
	}
	return master;
}

static void write_all(int fd, const char *bytes, ssize_t length)
{
	while (length > 0) {
		ssize_t count = write(fd, bytes, (size_t)length);
		struct pollfd full = {.fd = fd, .events = POLLOUT};

		if (count < 0 && errno == EAGAIN && poll(&full, 1, -1) > 0)
			continue;
		if (count < 0)
			return;
		bytes += count;
		length -= count;
	}
}

/* @return whether there may be more */
static bool carry(int from, int to)
{
	char bytes[4096];
	ssize_t count = read(from, bytes, sizeof bytes);

	if (count > 0)
		write_all(to, bytes, count);
	return count > 0;
}

static int watch_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void on_signal(int signals, int guest, int master)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	if (info.ssi_signo != SIGWINCH)
		send_signal(guest, info.ssi_signo);
	else if (master >= 0)
		follow_size(master);
}

_Noreturn static void attend(int guest, int master, int signals, const char *command)
{
	int output = isatty(1) ? 1 : 2;
	struct pollfd ready[4] = {
		{.fd = guest, .events = POLLIN},
		{.fd = signals, .events = POLLIN},
		{.fd = master, .events = POLLIN},
		{.fd = master >= 0 && isatty(0) && outer_raw ? 0 : -1, .events = POLLIN},
	};
	uint8_t frame[FRAME_HEADER + 256];

	while (true) {
		if (poll(ready, 4, -1) < 0 && errno != EINTR)
			die("poll", errno);
		if (ready[1].revents != 0)
			on_signal(signals, guest, master);
		if (ready[2].revents != 0 && !carry(master, output) && errno != EAGAIN)
			ready[2].fd = -1; /* nobody has the terminal open any more */
		if (ready[3].revents != 0 && !carry(0, master))
			ready[3].fd = -1;
		if (ready[0].revents != 0) {
			ssize_t length = recv(guest, frame, sizeof frame, 0);

			while (master >= 0 && carry(master, output))
				;
			finish_as(frame, length < 0 ? 0 : (size_t)length, command);
		}
	}
}

static const char *value_of(int argc, char **argv, int *at)
{
	if (*at + 1 >= argc)
		die(argv[*at], EINVAL);
	return argv[++*at];
}

/* `#1000` is sudo's way to write a number. */
static void set_user(struct options *options, const char *user)
{
	snprintf(options->user, sizeof options->user, "%s", *user == '#' ? user + 1 : user);
}

/* @return the index of the first word that is not an option */
static int parse(int argc, char **argv, struct options *options)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (strcmp(word, "--") == 0)
			return i + 1;
		if (*word != '-' || word[1] == 0)
			return i;
		if (strncmp(word, "--user=", 7) == 0)
			set_user(options, word + 7);
		else if (strcmp(word, "-u") == 0 || strcmp(word, "--user") == 0)
			set_user(options, value_of(argc, argv, &i));
		else if (strcmp(word, "-g") == 0)
			options->group = value_of(argc, argv, &i);
		else if (strcmp(word, "-p") == 0)
			value_of(argc, argv, &i); /* a prompt; nobody is asked for a password */
		else if (strcmp(word, "-v") == 0 || strcmp(word, "-k") == 0 || strcmp(word, "-K") == 0 || strcmp(word, "-l") == 0)
			exit(0);
		else if (strcmp(word, "--preserve-env") == 0 || strncmp(word, "--preserve-env=", 15) == 0)
			options->keep_environment = true;
		else
			for (const char *letter = word + 1; *letter != 0; letter++) {
				if (*letter == 'E')
					options->keep_environment = true;
				else if (*letter == 'i')
					options->login = true;
				else if (*letter == 's')
					options->shell = true;
				else if (strchr("HnSAb", *letter) == NULL)
					die(word, EINVAL);
			}
	}
	return argc;
}

int main(int argc, char **argv)
{
	struct options options = {.user = "0"}; /* by number: an image need not have a passwd file */
	int first = parse(argc, argv, &options);
	int streams[3] = {0, 1, 2};
	int guest;
	int master;
	int signals;

	if (first == argc && !options.login && !options.shell) {
		fprintf(stderr, "usage: sudo [-EHinSs] [-u user] [-g group] [--] [name=value] [command [argument]...]\n");
		return 1;
	}
	add_request(&options, argv + first, argc - first);
	guest = connect_guest();
	signals = watch_signals();
	master = open_terminal(streams);
	send_request(guest, streams);
	for (int fd = 0; fd < 3; fd++) {
		if (streams[fd] > 2) {
			close(streams[fd]); /* ours would keep the command's terminal from ending */
			break;
		}
	}
	attend(guest, master, signals, first < argc ? argv[first] : "shell");
}
