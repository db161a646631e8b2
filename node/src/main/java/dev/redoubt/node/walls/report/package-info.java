/** The walls report: what the kernel says is in force for a running sandbox, beside what was asked; signed. */
@NullMarked
package dev.redoubt.node.walls.report;

import org.jspecify.annotations.NullMarked;
