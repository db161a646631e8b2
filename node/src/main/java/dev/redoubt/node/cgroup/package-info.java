/**
 * Limits on memory, processor time, processes and i/o of one sandbox, held by the kernel's control groups (cgroups(7)).
 *
 * <p>Two layouts of one thing: version 1 with a hierarchy per controller, also where an empty version 2 hierarchy is
 * mounted beside it, and version 2. Redoubt writes nothing outside its own directory {@code redoubt}, and that directory
 * is at the top of each hierarchy, not below the caller's own group, so that the limits of whoever started Redoubt and
 * the limits of a sandbox do not mix.
 */
@NullMarked
package dev.redoubt.node.cgroup;

import org.jspecify.annotations.NullMarked;
