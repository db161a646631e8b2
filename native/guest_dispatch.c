/*
 * What each frame from the node does. Every frame is checked whole before anything happens; what cannot be obeyed is
 * answered with REFUSED and changes nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest.h"

/* Incomplete run requests of all jobs together: a node that dies in the middle of many costs no more than this. */
#define ASSEMBLING_LIMIT (4u * REQUEST_LIMIT)

void drop_lent(void)
{
	while (guest.lent_count > 0)
		close(guest.lent[--guest.lent_count]);
}

static void complete_request(struct job *job, const uint8_t *bytes, size_t length)
{
	struct request request;
	const char *wrong = "run request";

	if (request_read(bytes, length, &request)) {
		if ((request.flags & REQUEST_LENT) == 0 || guest.lent_count == LENT) {
			job_start(job, &request);
			return;
		}
		wrong = "descriptors";
	}
	channel_refuse(FRAME_RUN, job->id, EINVAL, wrong);
	job_forget(job);
}

static void run_piece(const struct frame_header *header, const uint8_t *payload)
{
	struct job *job = job_find(header->job);
	bool more = (header->flags & FRAME_FLAG) != 0;
	uint8_t *grown;

	if (job != NULL && job->request == NULL) {
		channel_refuse(FRAME_RUN, header->job, EEXIST, "job exists");
		return;
	}
	if (job == NULL)
		job = job_new(header->job);
	if (job == NULL) {
		channel_refuse(FRAME_RUN, header->job, EAGAIN, "too many jobs");
		return;
	}
	if (!more && job->request == NULL) {
		complete_request(job, payload, header->length); /* nearly always: the whole request in one frame */
		return;
	}
	if (job->request_length + header->length > REQUEST_LIMIT || guest.assembling + header->length > ASSEMBLING_LIMIT) {
		channel_refuse(FRAME_RUN, header->job, E2BIG, "run request");
		job_forget(job);
		return;
	}
	grown = realloc(job->request, job->request_length + header->length + 1);
	if (grown == NULL) {
		channel_refuse(FRAME_RUN, header->job, ENOMEM, "run request");
		job_forget(job);
		return;
	}
	memcpy(grown + job->request_length, payload, header->length);
	job->request = grown;
	job->request_length += header->length;
	guest.assembling += header->length;
	if (!more)
		complete_request(job, job->request, job->request_length);
}

static void signal_frame(const struct frame_header *header, const uint8_t *payload, struct job *job)
{
	uint32_t number = header->length == 4 ? read32(payload) : 0;

	if (number < 1 || number > 64) {
		channel_refuse(FRAME_SIGNAL, header->job, EINVAL, "signal");
		return;
	}
	if (signal_job(job, (int)number, (header->flags & FRAME_FLAG) != 0) < 0)
		channel_refuse(FRAME_SIGNAL, header->job, errno, "signal");
}

static void resize(const struct frame_header *header, const uint8_t *payload, struct job *job)
{
	uint16_t rows;
	uint16_t columns;

	if (header->length != 4) {
		channel_refuse(FRAME_RESIZE, header->job, EINVAL, "resize");
		return;
	}
	memcpy(&rows, payload, 2);
	memcpy(&columns, payload + 2, 2);
	job_resize(job, rows, columns);
}

static void list_jobs(uint64_t seq)
{
	static uint8_t payload[JOBS_LIMIT * 36];
	uint8_t *at = payload;

	static_assert(sizeof payload <= FRAME_PAYLOAD, "all jobs fit in one frame");
	for (unsigned i = 0; i < guest.job_count; i++) {
		const struct job *job = guest.jobs[i];

		at = put32(at, job->id);
		at = put32(at, (uint32_t)job->pid);
		at = put32(at, job->ended);
		at = put64(at, job->made);
		at = put64(at, job->acked);
		at = put64(at, job->input_taken);
	}
	channel_control(FRAME_JOBS, 0, seq, payload, (uint32_t)(at - payload));
}

static void close_job(struct job *job)
{
	if (job->pid != 0)
		signal_job(job, 9, true);
	job_forget(job);
}

/* The frames that speak about a job which must be there. */
static void job_frame(const struct frame_header *header, const uint8_t *payload)
{
	struct job *job = job_find(header->job);

	if (job == NULL) {
		channel_refuse(header->type, header->job, ESRCH, "no such job");
		return;
	}
	/* The only thing to do with a request whose end never came (its node died) is to drop it. */
	if (!job->forked && !job->ended && header->type != FRAME_CLOSE) {
		channel_refuse(header->type, header->job, EAGAIN, "run request is not complete");
		return;
	}
	switch (header->type) {
	case FRAME_STDIN:
		job_input(job, header->seq, payload, header->length, (header->flags & FRAME_FLAG) != 0);
		break;
	case FRAME_SIGNAL:
		signal_frame(header, payload, job);
		break;
	case FRAME_RESIZE:
		resize(header, payload, job);
		break;
	case FRAME_ACK:
		job_acknowledge(job, header->seq);
		break;
	case FRAME_RESUME:
		job_resume(job, header->seq);
		break;
	case FRAME_CLOSE:
		close_job(job);
		break;
	}
}

static const char *malformed(const struct frame_header *header, size_t length)
{
	uint16_t flags = 0;

	if (header->length != length - FRAME_HEADER)
		return "length";
	if (header->reserved != 0)
		return "reserved";
	switch (header->type) {
	case FRAME_RUN:
	case FRAME_STDIN:
	case FRAME_SIGNAL:
		flags = FRAME_FLAG;
		break;
	case FRAME_RESIZE:
		break;
	case FRAME_LIST:
	case FRAME_PING:
		if (header->job != 0)
			return "job";
		return header->length != 0 || header->flags != 0 ? "payload" : NULL;
	case FRAME_ACK:
	case FRAME_RESUME:
	case FRAME_CLOSE:
		if (header->length != 0)
			return "payload";
		break;
	default:
		return "type";
	}
	if ((header->flags & ~flags) != 0)
		return "flags";
	return header->job == 0 ? "job" : NULL;
}

void dispatch(const uint8_t *frame, size_t length)
{
	struct frame_header header = {0};
	const char *wrong;

	if (length < FRAME_HEADER) {
		channel_refuse(0, 0, EBADMSG, "header");
		return;
	}
	memcpy(&header, frame, sizeof header);
	if (length > FRAME_HEADER + FRAME_PAYLOAD) {
		channel_refuse(header.type, header.job, EMSGSIZE, "frame");
		return;
	}
	wrong = malformed(&header, length);
	if (wrong != NULL) {
		channel_refuse(header.type, header.job, EBADMSG, wrong);
		return;
	}
	if (header.type == FRAME_RUN)
		run_piece(&header, frame + FRAME_HEADER);
	else if (header.type == FRAME_LIST)
		list_jobs(header.seq);
	else if (header.type == FRAME_PING)
		channel_control(FRAME_PONG, 0, header.seq, NULL, 0);
	else
		job_frame(&header, frame + FRAME_HEADER);
}
