/*
 * What the parts of the guest share. The guest is one thread, so its state is one plain struct.
 *
 *   guest.c           start, the loop, reaping
 *   guest_confine.c   the last walls, where an OCI runtime built the others
 *   guest_channel.c   the socket to the node: frames in, frames out
 *   guest_dispatch.c  what each frame from the node does
 *   guest_job.c       one job: its pipes, the output it is still owed for, its end
 *   guest_request.c   the run request, read without trusting it
 *   guest_spawn.c     the fork and everything a child does before it runs foreign code
 *   guest_user.c      /etc/passwd and /etc/group
 *   guest_file.c      file operations
 *   guest_sudo.c      the door for the sudo shim
 */
#ifndef REDOUBT_GUEST_H
#define REDOUBT_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "frame.h"

/*
 * The id the guest itself runs as. No job may have it, else it could signal PID 1 (kill(2)): the filter, which is also
 * ours, refuses every call that names it.
 */
#define GUEST_UID 65533u

/* A piece of output or input in a list. Allocated to measure: an idle guest owns none. */
struct chunk {
	struct chunk *next;
	uint64_t seq;
	uint32_t job;
	uint32_t length;
	uint16_t type;
	uint16_t flags;
	uint32_t mapped; /* size of its own mapping, 0 when it is of the heap */
	uint8_t data[];
};

struct chunks {
	struct chunk *first;
	struct chunk *last;
};

/* The places where the start of a job can fail; their names are in PROTOCOL.md. */
enum step { STEP_NONE, STEP_USER, STEP_CWD, STEP_IDS, STEP_EXEC, STEP_PIPE, STEP_FORK, STEP_PTY, STEP_CAPABILITIES, STEP_LIMITS, STEP_LAST };

/* The descriptors of a job that the loop watches. */
enum port { PORT_STATUS, PORT_INPUT, PORT_OUTPUT, PORT_ERROR, PORTS };

/* Counted strings inside a run request, each u32 length and bytes ending in NUL. */
struct strings {
	uint32_t count;
	const uint8_t *at;
};

/* A run request that has been read; points into the bytes it was read from. */
struct request {
	uint16_t flags;
	uint16_t rows;
	uint16_t columns;
	uint32_t op;
	uint64_t capabilities;
	uint64_t bounding;
	const char *user;
	const char *cwd;
	struct strings argv;
	struct strings environment;
	struct strings rlimits; /* count of 20 byte entries: u32 resource, u64 soft, u64 hard */
};

struct job {
	uint32_t id;
	uint16_t flags;
	pid_t pid;	/* 0 before the fork and after the reaping: a pid that may be somebody else's by now is not kept */
	bool forked;
	bool started; /* STARTED was made */
	bool reaped;
	bool ended; /* EXIT was made */

	int ports[PORTS];	/* -1 when closed */
	bool watched[PORTS];
	size_t budget[PORTS];	/* bytes that may still be read; bounded once the job is gone but its pipe is not */

	uint8_t *request; /* pieces of a RUN that is not complete yet */
	size_t request_length;

	struct chunks output; /* every frame with acked < seq <= made */
	struct chunk *unsent; /* the first of them that the socket has not taken */
	size_t kept;	      /* what the list costs */
	size_t waiting;	      /* the part of it that is unsent */
	uint64_t made;
	uint64_t acked;
	uint64_t dropped;

	struct chunks input;
	size_t input_offset; /* of the first chunk, already written */
	uint64_t input_received;
	uint64_t input_taken;
	uint64_t window_sent;
	uint32_t window; /* how much may be sent beyond what was taken */
	bool input_end;

	bool resized; /* before there was a terminal */
	uint16_t rows;
	uint16_t columns;

	enum step failed_step;
	int failed_errno;
	int wait_status;
	struct rusage usage;
	int64_t deadline; /* CLOCK_MONOTONIC in ms; the pipes are given up then; 0 = none */
};

struct guest {
	int channel;
	int epoll;
	bool channel_lost;   /* the last holder of the other end is gone: nobody can ever come back */
	bool channel_full;   /* the socket refused a frame; wait for EPOLLOUT */
	uint32_t channel_events;
	struct chunks control; /* frames that belong to no job's sequence */
	unsigned control_count;

	struct job *jobs[JOBS_LIMIT];
	unsigned job_count;
	unsigned next_to_send;
	size_t assembling; /* bytes of all incomplete requests */
	size_t kept;	   /* what the output of all jobs costs */
	size_t granted;	   /* what the windows of all jobs are together, beyond INPUT_LEAST each */
	bool eased;	   /* some of it went since jobs_share() */
	bool held_back;	   /* a job is not read because of what others keep */
	int lent[LENT];	   /* came with the frame that is being dealt with */
	unsigned lent_count;
	bool more_to_reap;
	uint64_t idle_ms;  /* without a byte of a job's streams: then the guest ends; 0 = never */
	int64_t last_byte; /* CLOCK_MONOTONIC in ms */
	bool warm; /* holds memory that an idle guest need not hold */

	uid_t uid;
	gid_t gid;
	uint64_t capabilities; /* its own permitted set */
	uint64_t bounding;
	struct rlimit files; /* the limit it was started with, which jobs get back */

	bool sudo;
	uint64_t sudo_capabilities;
	int sudo_listener;
	int sudo_admitting; /* a child is about to accept; the listener is not watched meanwhile */
	bool sudo_watched;
	unsigned sudo_open;
	pid_t sudo_children[32];
};

extern struct guest guest;

/* guest.c */
int64_t now_ms(void);
bool watch(int fd, uint32_t events, uint32_t job, unsigned kind, bool first);
void unwatch(int fd);
void nap(void);
#define WATCH_CHANNEL (PORTS + 0)
#define WATCH_SIGNALS (PORTS + 1)
#define WATCH_SUDO (PORTS + 2)
#define WATCH_ADMITTED (PORTS + 3)
#define WATCH_LIFE (PORTS + 4)

/* guest_confine.c */
/* What the guest is told of what an OCI runtime handed down; each 0 when there is none. */
struct handed {
	uint64_t channel; /* where it is, if not 3 */
	uint64_t life;	  /* a pipe that ends with the spawner, if the kernel does not tell us otherwise */
	uint64_t binary;  /* our own, to be closed */
	uint64_t answer;  /* the builder's socket, to be closed when all walls are up */
	uint64_t ruleset; /* Landlock's; with it come the two that follow */
	uint64_t securebits;
	uint64_t capabilities;
};
void confine(const struct handed *handed);

/* guest_channel.c */
void channel_open(int fd);
void channel_readable(void);
void channel_flush(void);
void channel_release_memory(void);
bool channel_control(uint16_t type, uint32_t job, uint64_t seq, const void *payload, uint32_t length);
void channel_refuse(enum frame_type refused, uint32_t job, int error, const char *message);

/* guest_dispatch.c */
void dispatch(const uint8_t *frame, size_t length);
void drop_lent(void);

/* guest_job.c */
struct job *job_find(uint32_t id);
struct job *job_by_pid(pid_t pid);
struct job *job_new(uint32_t id);
void job_forget(struct job *job);
void job_start(struct job *job, const struct request *request);
void job_event(struct job *job, enum port port);
void job_reaped(struct job *job, int status, const struct rusage *usage);
void job_input(struct job *job, uint64_t offset, const uint8_t *bytes, uint32_t length, bool end);
void job_acknowledge(struct job *job, uint64_t seq);
void job_resume(struct job *job, uint64_t seq);
void job_sent(struct job *job);
void job_resize(struct job *job, uint16_t rows, uint16_t columns);
void job_update(struct job *job);
void job_window(struct job *job);
void jobs_share(void);
int64_t jobs_deadline(void);
void jobs_expire(int64_t now);
void jobs_release_memory(void);

/* guest_request.c */
bool request_read(const uint8_t *bytes, size_t length, struct request *request);
const char *strings_next(const uint8_t **at);
bool parse_number(const char *text, unsigned base, uint64_t *value);
uint64_t read64(const uint8_t *at);
uint32_t read32(const uint8_t *at);

/* guest_spawn.c */
struct stdio {
	int in;
	int out;
	int err;
};
struct status_message {
	uint32_t step;
	int32_t error;
};
pid_t spawn(const struct request *request, struct stdio stdio, int status);
int signal_job(const struct job *job, int number, bool session);
const char *step_name(enum step step);
void file_user_own(void);

/* guest_user.c */
#define GROUPS_LIMIT 64
struct identity {
	uid_t uid;
	gid_t gid;
	bool own; /* the ids the guest has already: nothing to switch */
	int group_count;
	gid_t groups[GROUPS_LIMIT];
	const char *name;
	const char *home;
	const char *shell;
};
int identity_find(const char *user, struct identity *identity);

/* guest_file.c */
int file_operation(const struct request *request);

/* guest_sudo.c */
void sudo_listen(void);
void sudo_connection(void);
void sudo_admitted(void);
void sudo_reaped(pid_t pid);

#endif
