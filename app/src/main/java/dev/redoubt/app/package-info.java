/** Redoubt: app. */
@NullMarked
package dev.redoubt.app;

import org.jspecify.annotations.NullMarked;
