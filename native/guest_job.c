/*
 * One job: its pipes, the frames the node has not acknowledged, its input, its end.
 *
 * All of the guest's ends of pipes are non-blocking: a job decides when data moves, never whether the guest does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

/* What a kept frame costs besides its bytes; without it a job that writes single bytes would cost us 60 times the limit. */
#define CHUNK_COST 64u
/* A LOSSLESS job is not read further while this much waits for the socket: what is not sent need not be in our memory. */
#define WAITING_LIMIT (256u * 1024)
/* Processes a job left behind may hold its pipes; so long they are heard after the job itself is gone. */
#define LINGER_MS 100
#define PAGE ((size_t)4096)
/* A read of more than this is given a piece of full size, so that any such piece fits any such read. */
#define LARGE 32768u
#define FULL_SIZE (FRAME_PAYLOAD + PAGE)
#define SPARE_LIMIT 8u
#define PTY_READ 4096u
#define PTY_DRAIN 65536u

struct job *job_find(uint32_t id)
{
	for (unsigned i = 0; i < guest.job_count; i++)
		if (guest.jobs[i]->id == id)
			return guest.jobs[i];
	return NULL;
}

struct job *job_by_pid(pid_t pid)
{
	for (unsigned i = 0; i < guest.job_count; i++)
		if (guest.jobs[i]->pid == pid)
			return guest.jobs[i];
	return NULL;
}

struct job *job_new(uint32_t id)
{
	struct job *job;

	if (guest.job_count == JOBS_LIMIT)
		return NULL;
	job = calloc(1, sizeof *job);
	if (job == NULL)
		return NULL;
	job->id = id;
	job->window = INPUT_LEAST;
	for (int port = 0; port < PORTS; port++) {
		job->ports[port] = -1;
		job->budget[port] = SIZE_MAX;
	}
	guest.jobs[guest.job_count++] = job;
	return job;
}

/*
 * Pieces larger than a page are mapped, not allocated: a heap keeps their pages for as long as anything small lives among
 * them, and sometimes longer, and a guest that was idle for a second is to hold none. Those of full size come and go by
 * the thousand while a job prints fast; some are kept for the next, since asking the kernel for fresh pages each time
 * costs as much as moving the bytes.
 */
static struct chunks spare;
static unsigned spare_count;

static struct chunk *map_chunk(size_t length)
{
	size_t size = length > LARGE ? FULL_SIZE : (sizeof(struct chunk) + length + PAGE - 1) & ~(PAGE - 1);
	struct chunk *chunk = spare.first;

	if (size == FULL_SIZE && chunk != NULL) {
		spare.first = chunk->next;
		spare_count--;
		return chunk;
	}
	chunk = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chunk == MAP_FAILED)
		return NULL;
	chunk->mapped = (uint32_t)size;
	return chunk;
}

static struct chunk *allocate_chunk(size_t length)
{
	struct chunk *chunk = malloc(sizeof *chunk + length);

	if (chunk != NULL)
		chunk->mapped = 0;
	return chunk;
}

static struct chunk *new_chunk(size_t length)
{
	struct chunk *chunk = length > PAGE ? map_chunk(length) : allocate_chunk(length);

	if (chunk != NULL)
		chunk->length = (uint32_t)length;
	return chunk;
}

static void free_chunk(struct chunk *chunk)
{
	if (chunk->mapped == 0) {
		free(chunk);
	} else if (chunk->mapped != FULL_SIZE || spare_count == SPARE_LIMIT) {
		munmap(chunk, chunk->mapped);
	} else {
		chunk->next = spare.first;
		spare.first = chunk;
		spare_count++;
		guest.warm = true;
	}
}

static void append(struct chunks *list, struct chunk *chunk)
{
	chunk->next = NULL;
	if (list->first == NULL)
		list->first = chunk;
	else
		list->last->next = chunk;
	list->last = chunk;
}

static void drop_all(struct chunks *list)
{
	while (list->first != NULL) {
		struct chunk *chunk = list->first;

		list->first = chunk->next;
		free_chunk(chunk);
	}
	list->last = NULL;
}

void jobs_release_memory(void)
{
	while (spare.first != NULL) {
		struct chunk *chunk = spare.first;

		spare.first = chunk->next;
		munmap(chunk, FULL_SIZE);
	}
	spare_count = 0;
}

static void close_port(struct job *job, enum port port)
{
	if (job->ports[port] < 0)
		return;
	if (job->watched[port])
		unwatch(job->ports[port]);
	job->watched[port] = false;
	close(job->ports[port]);
	job->ports[port] = -1;
	if (port == PORT_INPUT) {
		guest.granted -= job->window - INPUT_LEAST;
		job->window = INPUT_LEAST;
	}
}

static void drop_request(struct job *job)
{
	guest.assembling -= job->request_length;
	free(job->request);
	job->request = NULL;
	job->request_length = 0;
}

/* Room that one job gives back is room for those that wait for it: jobs_share() tells them, once for many frames. */
static void give_back(struct job *job, size_t bytes)
{
	job->kept -= bytes;
	guest.kept -= bytes;
	guest.eased = true;
}

void job_forget(struct job *job)
{
	give_back(job, job->kept);
	for (enum port port = 0; port < PORTS; port++)
		close_port(job, port);
	drop_all(&job->output);
	drop_all(&job->input);
	drop_request(job);
	for (unsigned i = 0; i < guest.job_count; i++) {
		if (guest.jobs[i] == job) {
			guest.jobs[i] = guest.jobs[--guest.job_count];
			break;
		}
	}
	free(job);
}

/* Frames out */

static void keep(struct job *job, struct chunk *chunk, uint16_t type)
{
	chunk->type = type;
	chunk->flags = 0;
	chunk->job = job->id;
	chunk->seq = ++job->made;
	append(&job->output, chunk);
	if (job->unsent == NULL)
		job->unsent = chunk;
	job->kept += chunk->length + CHUNK_COST;
	guest.kept += chunk->length + CHUNK_COST;
	job->waiting += chunk->length + CHUNK_COST;
}

/* STARTED, TRUNCATED and EXIT: small, always kept, whatever the limit says. */
static void keep_event(struct job *job, uint16_t type, const uint8_t *payload, size_t length)
{
	struct chunk *chunk = new_chunk(length);

	while (chunk == NULL) { /* never lose a job's end: wait for the memory */
		nap();
		chunk = new_chunk(length);
	}
	memcpy(chunk->data, payload, length);
	keep(job, chunk, type);
}

void job_sent(struct job *job)
{
	job->waiting -= job->unsent->length + CHUNK_COST;
	job->unsent = job->unsent->next;
	job_update(job);
}

void job_acknowledge(struct job *job, uint64_t seq)
{
	if (seq > job->made) {
		channel_refuse(FRAME_ACK, job->id, EINVAL, "seq was never made");
		return;
	}
	while (job->output.first != NULL && job->output.first->seq <= seq) {
		struct chunk *chunk = job->output.first;

		if (chunk == job->unsent)
			job_sent(job);
		give_back(job, chunk->length + CHUNK_COST);
		job->output.first = chunk->next;
		free_chunk(chunk);
	}
	if (seq > job->acked)
		job->acked = seq;
	if (job->ended && job->acked == job->made)
		job_forget(job);
	else
		job_update(job);
}

static void send_window(struct job *job)
{
	uint8_t payload[4];

	job->window_sent = job->input_taken;
	put32(payload, job->window);
	channel_control(FRAME_WINDOW, job->id, job->input_taken, payload, sizeof payload);
}

void job_resume(struct job *job, uint64_t seq)
{
	uint8_t input[16];
	size_t all = 0;

	if (seq > job->made) {
		channel_refuse(FRAME_RESUME, job->id, EINVAL, "seq was never made");
		return;
	}
	if (seq < job->acked) { /* what follows it is gone: better a refusal than a hole */
		channel_refuse(FRAME_RESUME, job->id, EINVAL, "later output was acknowledged");
		return;
	}
	put64(input, job->input_taken);
	put64(input + 8, job->input_received);
	job->window_sent = job->input_taken;
	channel_control(FRAME_RESUMED, job->id, job->made, input, sizeof input);
	if (job->window != INPUT_LEAST)
		send_window(job);
	for (struct chunk *chunk = job->output.first; chunk != NULL; chunk = chunk->next)
		all += chunk->length + CHUNK_COST;
	job->unsent = job->output.first;
	job->waiting = all;
	job_acknowledge(job, seq);
}

/* Input */

static void input_broken(struct job *job)
{
	bool lost = job->input.first != NULL;

	drop_all(&job->input);
	close_port(job, PORT_INPUT);
	job->input_end = true;
	if (lost)
		channel_refuse(FRAME_STDIN, job->id, EPIPE, "input");
}

/* A terminal has no end of file to close; its end-of-file character says it, where it is listening for one. */
static void input_finish(struct job *job)
{
	struct termios terminal;

	if ((job->flags & REQUEST_PTY) == 0) {
		close_port(job, PORT_INPUT);
		return;
	}
	if (tcgetattr(job->ports[PORT_INPUT], &terminal) == 0 && (terminal.c_lflag & ICANON) != 0 &&
	    write(job->ports[PORT_INPUT], &terminal.c_cc[VEOF], 1) < 0 && errno == EAGAIN)
		return; /* tried again when it is writable */
	close_port(job, PORT_INPUT);
}

static void input_flush(struct job *job)
{
	while (job->ports[PORT_INPUT] >= 0 && job->input.first != NULL) {
		struct chunk *chunk = job->input.first;
		ssize_t count = write(job->ports[PORT_INPUT], chunk->data + job->input_offset, chunk->length - job->input_offset);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && errno == EAGAIN)
			return;
		if (count < 0) {
			input_broken(job);
			return;
		}
		job->input_taken += (uint64_t)count;
		job->input_offset += (size_t)count;
		if (job->input_offset == chunk->length) {
			job->input.first = chunk->next;
			job->input_offset = 0;
			free_chunk(chunk);
		}
	}
	if (job->input_end && job->ports[PORT_INPUT] >= 0)
		input_finish(job);
}

/*
 * Whoever takes much at a time may be sent more at a time, until its input ends. A promise that was made is kept, so what
 * all jobs may be sent is bounded, not what they were sent.
 */
static void widen(struct job *job)
{
	if (job->ports[PORT_INPUT] < 0 || guest.granted + INPUT_LIMIT - job->window > INPUT_TOTAL)
		return;
	guest.granted += INPUT_LIMIT - job->window;
	job->window = INPUT_LIMIT;
}

/* Says how far the input got, in steps worth a frame. */
void job_window(struct job *job)
{
	uint64_t news = job->input_taken - job->window_sent;

	if (news == 0 || (news < job->window / 4 && job->input.first != NULL))
		return;
	if (news >= INPUT_LEAST / 2)
		widen(job);
	send_window(job);
}

/* A terminal is opened by the child; until then its input waits here. */
static bool terminal_to_come(const struct job *job)
{
	return (job->flags & REQUEST_PTY) != 0 && job->ports[PORT_STATUS] >= 0;
}

void job_input(struct job *job, uint64_t offset, const uint8_t *bytes, uint32_t length, bool end)
{
	uint64_t known = job->input_received;
	uint64_t skip = offset < known ? known - offset : 0;
	struct chunk *chunk;

	if (end && length != 0) {
		channel_refuse(FRAME_STDIN, job->id, EBADMSG, "end of input carries no bytes");
		return;
	}
	if (offset > known) {
		channel_refuse(FRAME_STDIN, job->id, EINVAL, "hole in the input");
		return;
	}
	if (end) {
		job->input_end = true;
		input_flush(job);
		job_update(job);
		return;
	}
	if (skip >= length)
		return; /* all of it came before */
	if (job->input_end || (job->ports[PORT_INPUT] < 0 && !terminal_to_come(job))) {
		channel_refuse(FRAME_STDIN, job->id, EPIPE, "input");
		return;
	}
	length -= (uint32_t)skip;
	if (known + length - job->input_taken > job->window) {
		channel_refuse(FRAME_STDIN, job->id, ENOBUFS, "input beyond the window");
		return;
	}
	chunk = new_chunk(length);
	if (chunk == NULL) {
		channel_refuse(FRAME_STDIN, job->id, ENOMEM, "input");
		return;
	}
	memcpy(chunk->data, bytes + skip, length);
	append(&job->input, chunk);
	job->input_received += length;
	input_flush(job);
	job_window(job);
	job_update(job);
}

/* Output */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * What a job may keep in all. As much as nobody keeps yet: so many that are never acknowledged end up with equal parts and
 * leave one for whoever comes. And never less than a little, with which a job whose own output is taken gets on, whatever
 * the others do.
 */
static size_t share(void)
{
	size_t unused = guest.kept < OUTPUT_TOTAL ? OUTPUT_TOTAL - guest.kept : 0;

	return smaller(OUTPUT_LIMIT, unused > OUTPUT_LEAST ? unused : OUTPUT_LEAST);
}

static size_t room(const struct job *job)
{
	size_t most = share();

	return job->kept + CHUNK_COST < most ? most - CHUNK_COST - job->kept : 0;
}

static void flush_dropped(struct job *job)
{
	uint8_t payload[8];

	if (job->dropped == 0)
		return;
	put64(payload, job->dropped);
	job->dropped = 0;
	keep_event(job, FRAME_TRUNCATED, payload, sizeof payload);
}

static size_t pending(const struct job *job, enum port port)
{
	int count = 0;

	if ((job->flags & REQUEST_PTY) != 0)
		return PTY_READ; /* a terminal hands out at most a page, and its FIONREAD does not count what is on the way */
	if (ioctl(job->ports[port], FIONREAD, &count) < 0 || count <= 0)
		return 1; /* empty or ended: the read will tell */
	return smaller((size_t)count, FRAME_PAYLOAD);
}

/* @return false when nothing more is to be had now */
static bool read_done(struct job *job, enum port port, ssize_t count)
{
	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		if (job->budget[port] != SIZE_MAX)
			close_port(job, port); /* the job is gone and what it had written has been read */
		return false;
	}
	if (count <= 0) { /* end of file; a terminal says EIO (pty(7) has no end of file) */
		close_port(job, port);
		return false;
	}
	guest.last_byte = now_ms();
	if (job->budget[port] != SIZE_MAX)
		job->budget[port] -= (size_t)count;
	if (job->budget[port] == 0)
		close_port(job, port);
	return true;
}

static void drop_output(struct job *job, enum port port)
{
	uint8_t nowhere[4096];
	ssize_t count = read(job->ports[port], nowhere, smaller(sizeof nowhere, job->budget[port]));

	if (read_done(job, port, count))
		job->dropped += (uint64_t)count;
}

static void read_output(struct job *job, enum port port)
{
	size_t want = smaller(smaller(pending(job, port), room(job)), job->budget[port]);
	struct chunk *chunk;
	ssize_t count;

	if (want == 0) {
		if ((job->flags & REQUEST_BOUNDED) != 0)
			drop_output(job, port);
		return;
	}
	chunk = new_chunk(want);
	if (chunk == NULL) {
		nap(); /* the pipe keeps the bytes; the loop comes back */
		return;
	}
	count = read(job->ports[port], chunk->data, want);
	if (!read_done(job, port, count)) {
		free_chunk(chunk);
		return;
	}
	flush_dropped(job);
	chunk->length = (uint32_t)count;
	keep(job, chunk, port == PORT_ERROR ? FRAME_STDERR : FRAME_STDOUT);
}

static bool wants_output(const struct job *job)
{
	if (!job->started)
		return false;
	if ((job->flags & REQUEST_BOUNDED) != 0)
		return true;
	if (room(job) > 0)
		return job->waiting < WAITING_LIMIT;
	guest.held_back = true;
	return false;
}

static void set_watch(struct job *job, enum port port, uint32_t events, bool want)
{
	if (job->ports[port] < 0 || job->watched[port] == want)
		return;
	if (want)
		watch(job->ports[port], events, job->id, port, true);
	else
		unwatch(job->ports[port]); /* not just "no events": a closed pipe reports EPOLLHUP whatever is asked */
	job->watched[port] = want;
}

void job_update(struct job *job)
{
	set_watch(job, PORT_STATUS, EPOLLIN, true);
	set_watch(job, PORT_INPUT, EPOLLOUT, job->input.first != NULL || job->input_end);
	set_watch(job, PORT_OUTPUT, EPOLLIN, wants_output(job));
	set_watch(job, PORT_ERROR, EPOLLIN, wants_output(job));
}

void jobs_share(void)
{
	if (!guest.eased || !guest.held_back)
		return;
	guest.eased = false;
	guest.held_back = false;
	for (unsigned i = 0; i < guest.job_count; i++)
		job_update(guest.jobs[i]);
}

/* Start and end */

static uint64_t micros(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec;
}

static void end(struct job *job)
{
	const char *message = step_name(job->failed_step);
	uint32_t length = (uint32_t)strlen(message) + 1;
	uint8_t payload[64];
	uint32_t kind = EXIT_CODE;
	uint32_t value = (uint32_t)WEXITSTATUS(job->wait_status);
	uint8_t *at;

	if (job->failed_step != STEP_NONE) {
		kind = EXIT_NOT_STARTED;
		value = (uint32_t)job->failed_errno;
	} else if (WIFSIGNALED(job->wait_status)) {
		kind = EXIT_SIGNAL;
		value = (uint32_t)WTERMSIG(job->wait_status);
	}
	at = put32(put32(payload, kind), value);
	at = put64(put64(at, micros(job->usage.ru_utime)), micros(job->usage.ru_stime));
	at = put32(put64(at, (uint64_t)job->usage.ru_maxrss * 1024u), length);
	memcpy(at, message, length);
	for (enum port port = 0; port < PORTS; port++)
		close_port(job, port);
	drop_all(&job->input);
	flush_dropped(job);
	keep_event(job, FRAME_EXIT, payload, (size_t)(at - payload) + length);
	job->ended = true;
	job->deadline = 0;
}

static void fail(struct job *job, enum step step, int error)
{
	job->failed_step = step;
	job->failed_errno = error;
}

void job_resize(struct job *job, uint16_t rows, uint16_t columns)
{
	struct winsize size = {.ws_row = rows, .ws_col = columns};

	job->resized = terminal_to_come(job) && job->ports[PORT_OUTPUT] < 0;
	job->rows = rows;
	job->columns = columns;
	if (job->resized)
		return;
	if ((job->flags & REQUEST_PTY) == 0)
		channel_refuse(FRAME_RESIZE, job->id, ENOTTY, "resize");
	else if (ioctl(job->ports[PORT_OUTPUT], TIOCSWINSZ, &size) < 0)
		channel_refuse(FRAME_RESIZE, job->id, errno, "resize");
}

/* The child's last word before it becomes the job: a failure, or the terminal it opened with its own ids, or nothing. */
static void read_status(struct job *job)
{
	struct status_message status;
	struct iovec part = {.iov_base = &status, .iov_len = sizeof status};
	union {
		struct cmsghdr header;
		uint8_t space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	ssize_t count = recvmsg(job->ports[PORT_STATUS], &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = count > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (header != NULL && header->cmsg_type == SCM_RIGHTS) {
		memcpy(&job->ports[PORT_OUTPUT], CMSG_DATA(header), sizeof(int));
		fcntl(job->ports[PORT_OUTPUT], F_SETFL, O_RDWR | O_NONBLOCK);
		if (job->resized)
			job_resize(job, job->rows, job->columns);
		/* A number of its own, so that reading and writing are watched apart. */
		job->ports[PORT_INPUT] = fcntl(job->ports[PORT_OUTPUT], F_DUPFD_CLOEXEC, 4);
		return;
	}
	if (count == (ssize_t)sizeof status) {
		fail(job, status.step < STEP_LAST ? (enum step)status.step : STEP_EXEC, status.error);
	} else {
		uint8_t pid[4];

		put32(pid, (uint32_t)job->pid);
		keep_event(job, FRAME_STARTED, pid, sizeof pid);
		job->started = true;
	}
	close_port(job, PORT_STATUS);
}

static void settle(struct job *job)
{
	if (job->ended || !job->reaped)
		return;
	while (job->ports[PORT_STATUS] >= 0) {
		int before = job->ports[PORT_OUTPUT];

		read_status(job);
		/* The child is gone, so there is a word or the end of file; anything else means somebody holds the other end. */
		if (job->ports[PORT_STATUS] >= 0 && job->ports[PORT_OUTPUT] == before)
			close_port(job, PORT_STATUS);
	}
	close_port(job, PORT_INPUT);
	if (job->failed_step != STEP_NONE || (job->ports[PORT_OUTPUT] < 0 && job->ports[PORT_ERROR] < 0))
		end(job);
	else if (job->deadline == 0)
		job->deadline = now_ms() + LINGER_MS;
}

/* The job is long gone and somebody it started still holds the pipe: what is in it now is read, later words are not. */
static void give_up(struct job *job, enum port port)
{
	size_t left = (job->flags & REQUEST_PTY) != 0 ? PTY_DRAIN : 0;
	int count = 0;

	if (job->ports[port] < 0 || job->budget[port] != SIZE_MAX)
		return;
	if (left == 0 && ioctl(job->ports[port], FIONREAD, &count) == 0)
		left = (size_t)count;
	job->budget[port] = left;
	if (left == 0)
		close_port(job, port);
}

int64_t jobs_deadline(void)
{
	int64_t first = INT64_MAX;

	for (unsigned i = 0; i < guest.job_count; i++)
		if (guest.jobs[i]->deadline != 0 && guest.jobs[i]->deadline < first)
			first = guest.jobs[i]->deadline;
	return first;
}

void jobs_expire(int64_t now)
{
	for (unsigned i = 0; i < guest.job_count; i++) {
		struct job *job = guest.jobs[i];

		if (job->deadline == 0 || job->deadline > now)
			continue;
		give_up(job, PORT_OUTPUT);
		give_up(job, PORT_ERROR);
		/* A terminal with nothing to say does not wake the loop: read it here. A pipe with bytes left does. */
		if ((job->flags & REQUEST_PTY) != 0 && job->ports[PORT_OUTPUT] >= 0 && wants_output(job))
			read_output(job, PORT_OUTPUT);
		/* From now on the budget decides; a terminal that could not be read for want of room is tried again. */
		job->deadline = (job->flags & REQUEST_PTY) != 0 ? now + LINGER_MS : INT64_MAX;
		settle(job);
		job_update(job);
	}
}

void job_event(struct job *job, enum port port)
{
	if (job->ports[port] < 0)
		return; /* closed earlier in this round */
	if (port == PORT_STATUS)
		read_status(job);
	else if (port == PORT_INPUT)
		input_flush(job);
	else
		read_output(job, port);
	if (port == PORT_INPUT)
		job_window(job);
	settle(job);
	job_update(job);
}

void job_reaped(struct job *job, int status, const struct rusage *usage)
{
	job->reaped = true;
	job->pid = 0;
	job->wait_status = status;
	job->usage = *usage;
	settle(job);
	job_update(job);
}

/* @return false with everything closed again when a descriptor could not be had */
static bool open_pipe(int *guests, int *childs, bool guest_reads)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	*guests = ends[guest_reads ? 0 : 1];
	*childs = ends[guest_reads ? 1 : 0];
	fcntl(*guests, F_SETFL, O_NONBLOCK);
	return true;
}

static bool open_ports(struct job *job, struct stdio *stdio, int *status)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	job->ports[PORT_STATUS] = pair[0];
	*status = pair[1];
	if ((job->flags & REQUEST_PTY) != 0)
		return true; /* the child opens it, so that it is the child's */
	if ((job->flags & REQUEST_LENT) != 0) {
		stdio->in = guest.lent[0];
		stdio->out = guest.lent[1];
		guest.lent_count = 0; /* closed with the child's ends */
	} else if (!open_pipe(&job->ports[PORT_OUTPUT], &stdio->out, true)) {
		return false;
	}
	if ((job->flags & REQUEST_STDIN) != 0 && !open_pipe(&job->ports[PORT_INPUT], &stdio->in, false))
		return false;
	return (job->flags & REQUEST_MERGE) != 0 || open_pipe(&job->ports[PORT_ERROR], &stdio->err, true);
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void job_start(struct job *job, const struct request *request)
{
	struct stdio stdio = {-1, -1, -1};
	int status = -1;
	enum step step = STEP_PIPE;

	job->flags = request->flags;
	if (open_ports(job, &stdio, &status)) {
		step = STEP_FORK;
		job->pid = spawn(request, stdio, status);
		job->forked = job->pid > 0;
	}
	if (!job->forked) {
		fail(job, step, errno);
		job->pid = 0;
		end(job);
	}
	close_if_open(stdio.in);
	close_if_open(stdio.out);
	close_if_open(stdio.err);
	close_if_open(status);
	drop_request(job);
	job_update(job);
}
