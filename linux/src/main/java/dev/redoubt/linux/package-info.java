/** The only native access of the project: Linux system calls through the foreign-function API. */
@NullMarked
package dev.redoubt.linux;

import org.jspecify.annotations.NullMarked;
