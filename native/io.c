#include "io.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox.h"

int send_message(int socket, const struct iovec *parts, int part_count, const int *descriptors, int descriptor_count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * MESSAGE_DESCRIPTORS_MAX)];
	} control;
	struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = part_count};
	if (descriptor_count > MESSAGE_DESCRIPTORS_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	if (descriptor_count > 0) {
		memset(&control, 0, sizeof control);
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptor_count);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int) * descriptor_count);
		memcpy(CMSG_DATA(header), descriptors, sizeof(int) * descriptor_count);
	}
	ssize_t sent;
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0;
}

ssize_t receive_message(int socket, void *buffer, size_t size, int *descriptors, int *descriptor_count, int most)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * MESSAGE_DESCRIPTORS_MAX)];
	} control;
	struct iovec part = {.iov_base = buffer, .iov_len = size};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	ssize_t length;
	do
		length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return -1;

	*descriptor_count = 0;
	int too_many = (message.msg_flags & MSG_CTRUNC) != 0;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		int count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (int i = 0; i < count; i++) {
			int descriptor;
			memcpy(&descriptor, CMSG_DATA(h) + i * sizeof(int), sizeof(int));
			if (*descriptor_count < most)
				descriptors[(*descriptor_count)++] = descriptor;
			else {
				too_many = 1;
				close(descriptor);
			}
		}
	}
	if (too_many || (message.msg_flags & MSG_TRUNC)) {
		close_all(descriptors, *descriptor_count);
		*descriptor_count = 0;
		errno = EMSGSIZE;
		return -1;
	}
	return length;
}

void close_all(const int *descriptors, int count)
{
	for (int i = 0; i < count; i++)
		close(descriptors[i]);
}
