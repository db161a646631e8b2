/* Characters typed for somebody else, and the line disciplines behind a terminal. */
#include "probe.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

/* A terminal of our own, made the controlling one of a new session: TIOCSTI then needs no capability. */
static long own_terminal(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int unlocked = 0;
	unsigned number;
	char path[32];
	if (master == -1 || ioctl(master, TIOCSPTLCK, &unlocked) == -1 || ioctl(master, TIOCGPTN, &number) == -1)
		untried("no terminal to be had: errno %d", errno);
	snprintf(path, sizeof path, "/dev/pts/%u", number);
	new_session();
	int slave = open(path, O_RDWR | O_CLOEXEC);
	/* Who may ask for its foreground group has it already (tcgetpgrp(3)); gVisor's kernel knows no tcgetsid(3). */
	if (slave == -1 || (ioctl(slave, TIOCSCTTY, 0) == -1 && tcgetpgrp(slave) == -1))
		untried("no controlling terminal: errno %d", errno);
	return slave;
}

static void type_character(const struct probe *probe)
{
	long slave = own_terminal();
	struct termios raw;
	char got = 0;
	tcgetattr((int)slave, &raw);
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr((int)slave, TCSANOW, &raw);
	if (TRY(ioctl, slave, probe->value, "x") == -1)
		refused("");
	else if (read((int)slave, &got, 1) == 1 && got == 'x')
		worked("a character was typed");
	else
		refused("no character came");
}

/* Subcommand 6 only asks for the state of the shift keys; the same door pastes the selection. */
static void console(const struct probe *probe)
{
	(void)probe;
	static const char *const CONSOLES[] = { "/dev/tty0", "/dev/tty1", "/dev/console" };
	char command = 6;
	long fd = -1;
	for (size_t i = 0; i < 3 && fd == -1; i++)
		fd = open(CONSOLES[i], O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		fd = own_terminal();
	decide(TRY(ioctl, fd, TIOCLINUX, &command), "");
}

static void line_discipline(const struct probe *probe)
{
	(void)probe;
	/* Those that carry data like a network (n_gsm, hdlc, ppp, slip, mouse, ...), else the plain one. */
	static const int DISCIPLINES[] = { 21, 13, 3, 1, 15, 2, 27, 0 };
	long slave = own_terminal(), result = -1;
	int discipline = 0;
	for (size_t i = 0; i < sizeof DISCIPLINES / sizeof *DISCIPLINES && result == -1; i++) {
		discipline = DISCIPLINES[i];
		result = TRY(ioctl, slave, TIOCSETD, &discipline);
	}
	decide(result, "discipline %d", discipline);
}

/* The terminal belongs to the session that new_session() makes below; only force takes it into another. */
static void hold_terminal(int tell)
{
	char link[32], path[32];
	snprintf(link, sizeof link, "/proc/self/fd/%ld", own_terminal());
	ssize_t length = readlink(link, path, sizeof path);
	if (length > 0 && write(tell, path, (size_t)length) == length)
		pause();
	_exit(0);
}

static void steal_terminal(const struct probe *probe)
{
	(void)probe;
	int ready[2];
	char path[33] = "";
	if (pipe(ready) == -1)
		untried("pipe");
	new_session();
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		hold_terminal(ready[1]);
	}
	close(ready[1]);
	if (read(ready[0], path, sizeof path - 1) <= 0)
		untried("no terminal to steal");
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	decide(TRY(ioctl, fd, TIOCSCTTY, 1), "%s", path);
}

static void console_output(const struct probe *probe)
{
	(void)probe;
	/* Opened for reading only, so that even with the permission the host's console stays where it is. */
	own_terminal();
	int fd = open("/dev/tty", O_RDONLY | O_CLOEXEC);
	long result = TRY(ioctl, fd, TIOCCONS, 0);
	if (result == -1 && refusal() == EBADF)
		worked("permission given, only then the mode of the descriptor");
	else
		decide(result, "");
}

const struct probe terminal_probes[] = {
	{ "type-character", "a command typed into the caller's shell", .cve = "CVE-2017-5226", .walls = "B",
		.attack = type_character, .value = TIOCSTI, .arena = arena_private, .absent = EIO },
	{ "type-character-wide", "the same with a bit above 32 in the number", .cve = "CVE-2019-10063", .walls = "B",
		.attack = type_character, .value = TIOCSTI | 1L << 32, .arena = arena_private, .absent = EIO },
	{ "paste-selection", "a command pasted into the console", .cve = "CVE-2023-28100", .walls = "BA",
		.attack = console, .absent = ENOTTY },
	{ "line-discipline", "network code by way of a terminal", .cve = "CVE-2023-6546", .walls = "B",
		.attack = line_discipline, .arena = arena_private },
	{ "steal-terminal", "the terminal of another session", .walls = "BA", .attack = steal_terminal,
		.arena = arena_private },
	{ "console-output", "what the host prints on its console", .walls = "BA", .attack = console_output,
		.weak = "the permission is shown by a later errno; success would redirect the host's console" },
	{ 0 },
};
