/** The labels of the host's mandatory access control that every process of a sandbox gets, where the host has any. */
@NullMarked
package dev.redoubt.node.label;

import org.jspecify.annotations.NullMarked;
