/**
 * The escape battery: attacks on the walls from inside a sandbox, each beside a control that shows it works where the
 * wall is absent, and the verdict which wall held.
 */
@NullMarked
package dev.redoubt.node.escape;

import org.jspecify.annotations.NullMarked;
