/* What an attack says about itself, in a page that outlives it. */
#include "verdict.h"

#include <stdarg.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct verdict *verdict;

void new_verdict(void)
{
	if (verdict == NULL)
		verdict = mmap(NULL, sizeof *verdict, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(verdict, 0, sizeof *verdict);
}

static void note(const char *format, va_list values)
{
	if (format[0] != '\0')
		vsnprintf(verdict->note, sizeof verdict->note, format, values);
}

long attempt(const char *name, long number, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
	unsigned long e, unsigned long f)
{
	verdict->call = name;
	verdict->number = number;
	verdict->arguments[0] = a;
	verdict->arguments[1] = b;
	verdict->arguments[2] = c;
	verdict->arguments[3] = d;
	verdict->arguments[4] = e;
	verdict->arguments[5] = f;
	errno = 0;
	long result = syscall(number, a, b, c, d, e, f);
	verdict->error = result == -1 ? errno : 0;
	return result;
}

void worked(const char *format, ...)
{
	va_list values;
	va_start(values, format);
	note(format, values);
	va_end(values);
	verdict->outcome = OPEN;
}

void refused(const char *format, ...)
{
	va_list values;
	va_start(values, format);
	note(format, values);
	va_end(values);
	verdict->outcome = BLOCKED;
}

void harmless(const char *format, ...)
{
	va_list values;
	va_start(values, format);
	note(format, values);
	va_end(values);
	verdict->outcome = HARMLESS;
}

void untried(const char *format, ...)
{
	va_list values;
	va_start(values, format);
	note(format, values);
	va_end(values);
	verdict->outcome = UNTRIED;
	_exit(0);
}

void progress(const char *format, ...)
{
	va_list values;
	va_start(values, format);
	note(format, values);
	va_end(values);
}

void made(const char *name, long number, int error)
{
	verdict->call = name;
	verdict->number = number;
	verdict->error = error;
}

void answered(int error)
{
	verdict->error = error;
}

void decide(long result, const char *format, ...)
{
	va_list values;
	va_start(values, format);
	note(format, values);
	va_end(values);
	verdict->outcome = result == -1 ? BLOCKED : OPEN;
}

int refusal(void)
{
	return verdict->error;
}

void relay(pid_t child)
{
	int status = 0;
	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		verdict->signal = WTERMSIG(status);
	_exit(0);
}

void new_session(void)
{
	pid_t child = fork();
	if (child == -1)
		untried("fork: errno %d", errno);
	if (child > 0)
		relay(child);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
}
