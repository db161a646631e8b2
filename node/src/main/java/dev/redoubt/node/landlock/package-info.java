/** Which files a sandbox may touch and how, as the kernel's Landlock holds it: landlock(7). */
@NullMarked
package dev.redoubt.node.landlock;

import org.jspecify.annotations.NullMarked;
