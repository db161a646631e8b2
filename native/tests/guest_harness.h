/* The guest without its children: frames and job events are fed by a test, forks are pretended. */
#ifndef REDOUBT_GUEST_HARNESS_H
#define REDOUBT_GUEST_HARNESS_H

#include "../guest.h"

/* The job's ends of the pipes of a pretended child, found by pid. */
struct fake_child {
	pid_t pid;
	int in;
	int out;
	int err;
	int status;
};

#define FAKE_CHILDREN 128
extern struct fake_child fake_children[FAKE_CHILDREN];
extern unsigned fake_child_count;
extern int64_t fake_time;

void harness_open(void);
void harness_close(void);
/* One round of the guest's loop, without waiting. */
void harness_round(void);
/* Takes one frame that the guest sent. @return its length, 0 when there is none */
size_t harness_receive(uint8_t *frame);
/* The pretended child has executed: its status socket closes. */
void fake_exec(struct fake_child *child);
void fake_fail(struct fake_child *child, uint32_t step, int32_t error);
/* The pretended child ends, and is reaped. */
void fake_end(struct fake_child *child, int wait_status);
void fake_close(int *fd);

/* Builders of frames and run requests */
size_t make_frame(uint8_t *out, uint16_t type, uint16_t flags, uint32_t job, uint64_t seq, const void *payload, size_t length);
size_t make_request(uint8_t *out, uint16_t flags, uint32_t op, unsigned argc, const char *const argv[]);

#endif
