/*
 * The frames of the guest channel (PROTOCOL.md, section 1): numbers and layout, no code that can fail.
 */
#ifndef REDOUBT_FRAME_H
#define REDOUBT_FRAME_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define CHANNEL_FD 3
#define WITNESS_FD 7 /* opened behind Landlock; nobody inside uses it (sandbox.c) */
#define CHANNEL_VERSION 1

#define FRAME_HEADER 24u
#define FRAME_PAYLOAD 65536u
#define FRAME_FLAG 1u /* more pieces (RUN), end of input (STDIN), whole session (SIGNAL) */

enum frame_type {
	FRAME_RUN = 1,
	FRAME_STDIN = 2,
	FRAME_SIGNAL = 3,
	FRAME_RESIZE = 4,
	FRAME_ACK = 5,
	FRAME_RESUME = 6,
	FRAME_LIST = 7,
	FRAME_CLOSE = 8,
	FRAME_PING = 9,

	FRAME_READY = 65,
	FRAME_STARTED = 66,
	FRAME_STDOUT = 67,
	FRAME_STDERR = 68,
	FRAME_TRUNCATED = 69,
	FRAME_EXIT = 70,
	FRAME_WINDOW = 71,
	FRAME_RESUMED = 72,
	FRAME_JOBS = 73,
	FRAME_PONG = 74,
	FRAME_REFUSED = 75,
};

enum exit_kind { EXIT_CODE = 0, EXIT_SIGNAL = 1, EXIT_NOT_STARTED = 2 };

#define REQUEST_LIMIT (2u * 1024 * 1024) /* a run request, all pieces joined */
#define REQUEST_VERSION 1

enum request_flag { REQUEST_PTY = 1, REQUEST_STDIN = 2, REQUEST_BOUNDED = 4, REQUEST_MERGE = 8, REQUEST_LENT = 16 };
#define REQUEST_FLAGS 31u

#define LENT 2u /* descriptors that come with a request that has REQUEST_LENT: its standard input, its standard output */

enum request_op {
	OP_EXEC = 0,
	OP_READ = 1,
	OP_WRITE = 2,
	OP_STAT = 3,
	OP_LIST = 4,
	OP_MKDIR = 5,
	OP_REMOVE = 6,
	OP_RENAME = 7,
};
#define OP_LAST OP_RENAME

#define JOBS_LIMIT 512u		  /* jobs that run or wait for the acknowledgement of their EXIT */
#define OUTPUT_LIMIT (1024u * 1024) /* unacknowledged output of one job */
#define OUTPUT_TOTAL (4096u * 1024) /* and of all jobs together, but for what each may keep whatever the others do: */
#define OUTPUT_LEAST 8192u
#define INPUT_LIMIT 65536u	  /* input of one job that its pipe did not take yet, */
#define INPUT_LEAST 8192u	  /* or this much until it has taken some, and when too many others may be sent more: */
#define INPUT_TOTAL (4096u * 1024) /* what all jobs together may be sent beyond that */

struct frame_header {
	uint16_t type;
	uint16_t flags;
	uint32_t job;
	uint64_t seq;
	uint32_t length;
	uint32_t reserved;
};

static_assert(sizeof(struct frame_header) == FRAME_HEADER, "the header has no padding");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire is little-endian and so is every machine we build for");

static inline uint8_t *put16(uint8_t *at, uint16_t value)
{
	memcpy(at, &value, sizeof value);
	return at + sizeof value;
}

static inline uint8_t *put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof value);
	return at + sizeof value;
}

static inline uint8_t *put64(uint8_t *at, uint64_t value)
{
	memcpy(at, &value, sizeof value);
	return at + sizeof value;
}

#endif
