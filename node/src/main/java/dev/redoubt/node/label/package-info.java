/** The label of the host's mandatory access control that every process of a sandbox gets, where the host has one. */
@NullMarked
package dev.redoubt.node.label;

import org.jspecify.annotations.NullMarked;
