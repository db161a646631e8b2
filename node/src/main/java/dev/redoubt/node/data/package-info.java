/** The one directory on the host that everything a node keeps is in. */
@NullMarked
package dev.redoubt.node.data;

import org.jspecify.annotations.NullMarked;
