/**
 * The writable layer of each sandbox and the limit on it, by the strongest means this host has.
 *
 * <p>In order: project quota on the host's file system; a btrfs file system of our own in a sparse file, a subvolume with
 * a quota group per sandbox; an ext4 image per sandbox; memory. Nothing here ever mounts or parses an image that a guest
 * wrote raw: guests only ever see files.
 */
@NullMarked
package dev.redoubt.node.disk;

import org.jspecify.annotations.NullMarked;
