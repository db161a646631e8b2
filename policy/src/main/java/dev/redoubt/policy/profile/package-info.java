/**
 * Profiles as people write them: YAML in, one resolved {@link dev.redoubt.protocol.Profile} out, or complaints with line and
 * column.
 */
@NullMarked
package dev.redoubt.policy.profile;

import org.jspecify.annotations.NullMarked;
