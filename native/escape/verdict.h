#ifndef REDOUBT_ESCAPE_VERDICT_H
#define REDOUBT_ESCAPE_VERDICT_H

#include "probe.h"

enum outcome { UNTRIED, OPEN, BLOCKED, HARMLESS };

struct verdict {
	enum outcome outcome;
	/* Of the last attempt; the string lies in the program, which parent and child share. */
	const char *call;
	long number;
	unsigned long arguments[6];
	int error;
	/* Set by an intermediate process whose child was killed. */
	int signal;
	char note[400];
};
extern struct verdict *verdict;

void new_verdict(void);
const char *errno_name(int error);
const char *signal_name(int signal);

#endif
