/** The fixed lists: what covers /proc, which devices, tmpfs mounts, limits and capabilities a sandbox has, and why. */
@NullMarked
package dev.redoubt.node.walls;

import org.jspecify.annotations.NullMarked;
