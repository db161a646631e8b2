/* Messages with descriptors over AF_UNIX SOCK_SEQPACKET (unix(7), SCM_RIGHTS). */
#ifndef REDOUBT_IO_H
#define REDOUBT_IO_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Sends one message. Returns 0, or -1 with errno. */
int send_message(int socket, const struct iovec *parts, int part_count, const int *descriptors, int descriptor_count);

/* Receives one message and its descriptors (close-on-exec). A message that does not fit, or brings more descriptors than
 * there is room for, is refused with EMSGSIZE and its descriptors are closed. Returns its length, 0 at the end, -1 with errno. */
ssize_t receive_message(int socket, void *buffer, size_t size, int *descriptors, int *descriptor_count, int most);

void close_all(const int *descriptors, int count);

#endif
