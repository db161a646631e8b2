/** Images: what a sandbox's root is made of. Kept by digest, layers shared, never unpacked by the node's own process. */
@NullMarked
package dev.redoubt.node.image;

import org.jspecify.annotations.NullMarked;
