package dev.redoubt.node.guest;

import java.util.List;

/** What a job does: run a program, or one operation on a file done with the job's ids, so that the kernel decides. */
public sealed interface Work {
    /** Longest single argument or variable the kernel takes: MAX_ARG_STRLEN with its NUL (execve(2)). */
    int LONGEST_STRING = 131_071;

    /** A program and its arguments; the first is looked up in PATH when there is no slash in it. */
    record Exec(List<Bytes> argv) implements Work {
        public Exec {
            argv = List.copyOf(argv);
            if (argv.isEmpty()) {
                throw new IllegalArgumentException("argv is empty: there is no program to run");
            }
            for (int i = 0; i < argv.size(); i++) {
                RequestTooLargeException.check(
                        "bytes of argument " + i, argv.get(i).length(), LONGEST_STRING);
            }
        }
    }

    /** Prints a part of a file. */
    record ReadFile(Bytes path, long offset, long length) implements Work {
        /** As a length: to the end. */
        public static final long ALL = Long.MAX_VALUE;

        public ReadFile {
            if (offset < 0 || length < 0) {
                throw new IllegalArgumentException(
                        "offset " + offset + " and length " + length + " must not be negative");
            }
        }
    }

    /** Puts the job's input in a file, in the place of what was there. The mode is for a file that this makes. */
    record WriteFile(Bytes path, int mode) implements Work {
        public WriteFile {
            checkMode(mode);
        }
    }

    /** Prints one {@link FileEntry}, of a symbolic link itself. */
    record Stat(Bytes path) implements Work {}

    /** Prints a {@link FileEntry} for everything in a directory but {@code .} and {@code ..}. */
    record ListDirectory(Bytes path) implements Work {}

    /** Makes one directory; its parent must be there. */
    record MakeDirectory(Bytes path, int mode) implements Work {
        public MakeDirectory {
            checkMode(mode);
        }
    }

    /** Removes a file or an empty directory. */
    record Remove(Bytes path) implements Work {}

    /** Gives a file another name, in the place of a file that has it. */
    record Rename(Bytes from, Bytes to) implements Work {}

    /** The protocol's number. */
    default int operation() {
        return switch (this) {
            case Exec exec -> 0;
            case ReadFile read -> 1;
            case WriteFile write -> 2;
            case Stat stat -> 3;
            case ListDirectory list -> 4;
            case MakeDirectory make -> 5;
            case Remove remove -> 6;
            case Rename rename -> 7;
        };
    }

    /** The protocol's argv. */
    default List<Bytes> operands() {
        return switch (this) {
            case Exec exec -> exec.argv();
            case ReadFile read -> List.of(read.path(), number(read.offset()), number(read.length()));
            case WriteFile write -> List.of(write.path(), octal(write.mode()));
            case Stat stat -> List.of(stat.path());
            case ListDirectory list -> List.of(list.path());
            case MakeDirectory make -> List.of(make.path(), octal(make.mode()));
            case Remove remove -> List.of(remove.path());
            case Rename rename -> List.of(rename.from(), rename.to());
        };
    }

    private static void checkMode(int mode) {
        if (mode < 0 || mode > 07777) {
            throw new IllegalArgumentException("not a file mode: " + Integer.toOctalString(mode));
        }
    }

    private static Bytes number(long value) {
        return Bytes.of(Long.toString(value));
    }

    private static Bytes octal(int mode) {
        return Bytes.of(Integer.toOctalString(mode));
    }
}
