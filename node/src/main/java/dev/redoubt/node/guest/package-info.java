/**
 * The node's side of the guest channel: jobs inside a sandbox (native/PROTOCOL.md, section 1).
 *
 * <p>One {@code GuestLoop} per process serves every {@code GuestChannel}; a channel is one sandbox; a {@code GuestJob} is
 * one job. Output comes by a sink on the loop's thread and is acknowledged by whoever has dealt with it: what is not
 * acknowledged stays in the sandbox, so a node that dies loses nothing and its successor resumes.
 */
@NullMarked
package dev.redoubt.node.guest;

import org.jspecify.annotations.NullMarked;
