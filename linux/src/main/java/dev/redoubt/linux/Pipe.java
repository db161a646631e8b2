package dev.redoubt.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A pipe, pipe(7): what is written to one end is read from the other, of which one is mostly given away. */
public final class Pipe implements AutoCloseable {
    private static final long SYS_PIPE2 = 293;

    private final Fd reading;
    private final Fd writing;

    private Pipe(Fd reading, Fd writing) {
        this.reading = reading;
        this.writing = writing;
    }

    /** Both ends close on exec. */
    public static Pipe open() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(8, 4);
            Syscall.check("pipe2", "pipe", SYS_PIPE2, ends.address(), Descriptors.O_CLOEXEC);
            return new Pipe(Fd.owned(ends.get(JAVA_INT, 0)), Fd.owned(ends.get(JAVA_INT, 4)));
        }
    }

    public Fd reading() {
        return reading;
    }

    public Fd writing() {
        return writing;
    }

    /** Reads from it and closes that end; a read blocks its thread in the kernel, so only on a platform thread. */
    public InputStream input() {
        return new FileInput(reading, "pipe");
    }

    /** Writes to it and closes that end; a write blocks its thread in the kernel, so only on a platform thread. */
    public OutputStream output() {
        return new PipeOutput(writing);
    }

    /** Closes the ends that are still here. */
    @Override
    public void close() {
        reading.close();
        writing.close();
    }
}
