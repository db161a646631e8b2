/**
 * The system calls of a sandbox: a readable list of what is allowed and why, and what a profile makes of it.
 *
 * <p>{@link dev.redoubt.policy.calls.CallList} is to be read from top to bottom. {@link dev.redoubt.policy.calls.Decisions}
 * is what comes of it for one profile, {@link dev.redoubt.policy.calls.CallNames} what people may name.
 */
@NullMarked
package dev.redoubt.policy.calls;

import org.jspecify.annotations.NullMarked;
