package dev.redoubt.linux;

import java.util.Optional;

/**
 * What a tree takes on the disk while a stranger may still be writing it: no link is followed, and what goes away between
 * two looks is not counted.
 *
 * @param bytes allocated to its files and directories; a file with names in other trees too counts in part
 * @param entries names, the tree's own included
 */
public record TreeUse(long bytes, long entries) {
    /**
     * Measures a tree.
     *
     * @param depth levels that are looked at: a descriptor is held for each
     * @return empty when it is deeper
     */
    public static Optional<TreeUse> of(Directory root, int depth) {
        Walk walk = new Walk();
        walk.count(root.status());
        walk.down(root, depth);
        return walk.tooDeep ? Optional.empty() : Optional.of(new TreeUse(walk.bytes, walk.entries));
    }

    private static final class Walk {
        private long bytes;
        private long entries;
        private boolean tooDeep;

        private void count(EntryStatus entry) {
            entries++;
            boolean shared = entry.type() != EntryStatus.Type.DIRECTORY && entry.links() > 1;
            bytes += shared ? Math.ceilDiv(entry.allocated(), entry.links()) : entry.allocated();
        }

        private void down(Directory directory, int depth) {
            directory.eachName(name -> directory.status(name).ifPresent(entry -> {
                count(entry);
                if (entry.type() == EntryStatus.Type.DIRECTORY) {
                    below(directory, name, depth - 1);
                }
            }));
        }

        private void below(Directory parent, byte[] name, int depth) {
            if (depth == 0) {
                tooDeep = true;
                return;
            }
            try (Directory child = parent.child(name)) {
                down(child, depth);
            } catch (LinuxException refused) {
                boolean gone = refused.errno() == Errno.ENOENT
                        || refused.errno() == Errno.ENOTDIR
                        || refused.errno() == Errno.ELOOP;
                if (!gone) {
                    throw refused;
                }
            }
        }
    }
}
