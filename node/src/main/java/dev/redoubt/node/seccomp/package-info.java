/**
 * The system call filter of a sandbox: compiled to a BPF program.
 *
 * <p>{@link dev.redoubt.policy.calls.Decisions} is what is allowed and why, {@link dev.redoubt.node.seccomp.Filter} the
 * program that the kernel runs, {@link dev.redoubt.node.seccomp.Broker} answers where the program asks. See seccomp(2) and
 * the kernel's Documentation/userspace-api/seccomp_filter.rst.
 */
@NullMarked
package dev.redoubt.node.seccomp;

import org.jspecify.annotations.NullMarked;
