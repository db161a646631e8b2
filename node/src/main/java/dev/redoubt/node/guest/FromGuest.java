package dev.redoubt.node.guest;

import dev.redoubt.node.flat.FlatReader;
import dev.redoubt.node.guest.JobExit.Exited;
import dev.redoubt.node.guest.JobExit.NotStarted;
import dev.redoubt.node.guest.JobExit.Signalled;
import dev.redoubt.node.guest.JobExit.StartStep;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/** Frames from guest to node. The guest lives with the code it runs, so nothing it says is believed unchecked. */
sealed interface FromGuest {
    int MOST_JOBS = 512;

    record Ready(int version, int uid, long capabilities) implements FromGuest {}

    /** Frames of a job's sequence; see {@link GuestJob}. */
    sealed interface Kept extends FromGuest {
        int job();

        long seq();
    }

    record Started(int job, long seq, int pid) implements Kept {}

    record Output(int job, long seq, JobOutput output, int size) implements Kept {}

    record Exit(int job, long seq, JobExit exit) implements Kept {}

    /** @param size bytes that may be sent beyond those taken */
    record Window(int job, long taken, int size) implements FromGuest {}

    record Resumed(int job, long made, long taken, long received) implements FromGuest {}

    record Jobs(long token, List<JobState> jobs) implements FromGuest {}

    record Pong(long token) implements FromGuest {}

    /** The frame type is 0 when the guest could not even read that. */
    record Refused(int job, int frame, int errno, String message) implements FromGuest {}

    /** @throws FlatReader.Malformed when it is no frame of the protocol */
    static FromGuest decode(MemorySegment frame) {
        FlatReader in = new FlatReader(frame);
        int type = in.u16();
        int flags = in.u16();
        int job = in.u32();
        long seq = in.u64();
        int length = in.u32();
        if (in.u32() != 0 || length != frame.byteSize() - Frame.HEADER) {
            throw new FlatReader.Malformed("a wrong header", 16);
        }
        FromGuest decoded = decode(frame, in, type, flags, job, seq);
        if (!(decoded instanceof Output)) {
            in.end();
        }
        return decoded;
    }

    private static FromGuest decode(MemorySegment frame, FlatReader in, int type, int flags, int job, long seq) {
        return switch (type) {
            case Frame.READY -> new Ready(in.u32(), in.u32(), in.u64());
            case Frame.STARTED -> new Started(job, seq, in.u32());
            case Frame.STDOUT -> chunk(frame, job, seq, JobOutput.Source.OUT);
            case Frame.STDERR -> chunk(frame, job, seq, JobOutput.Source.ERR);
            case Frame.TRUNCATED -> new Output(job, seq, new JobOutput.Truncated(seq, truncated(in, frame)), 0);
            case Frame.EXIT -> new Exit(job, seq, exit(in));
            case Frame.WINDOW -> window(in, job, seq);
            case Frame.RESUMED -> resumed(in, job, seq);
            case Frame.JOBS -> new Jobs(seq, jobs(in, frame.byteSize() - Frame.HEADER));
            case Frame.PONG -> new Pong(seq);
            case Frame.REFUSED -> new Refused(job, flags, in.u32(), in.string());
            default -> throw new FlatReader.Malformed("frame type " + type, 0);
        };
    }

    /** Copied: the segment is used again for the next frame. */
    private static Output chunk(MemorySegment frame, int job, long seq, JobOutput.Source source) {
        byte[] bytes = frame.asSlice(Frame.HEADER).toArray(ValueLayout.JAVA_BYTE);
        ByteBuffer view = ByteBuffer.wrap(bytes).asReadOnlyBuffer();
        return new Output(job, seq, new JobOutput.Chunk(seq, source, view), bytes.length);
    }

    private static long truncated(FlatReader in, MemorySegment frame) {
        long bytes = in.u64();
        if (bytes < 0 || frame.byteSize() != Frame.HEADER + Long.BYTES) {
            throw new FlatReader.Malformed("a count of truncated bytes", Frame.HEADER);
        }
        return bytes;
    }

    private static Window window(FlatReader in, int job, long taken) {
        int size = in.u32();
        if (size < JobInput.LEAST || size > Frame.PAYLOAD) {
            throw new FlatReader.Malformed("a window of " + size, Frame.HEADER);
        }
        return new Window(job, taken, size);
    }

    /** What waits in the guest for the job is no more than fits there. */
    private static Resumed resumed(FlatReader in, int job, long made) {
        long taken = in.u64();
        long received = in.u64();
        if (taken < 0 || received < taken || received - taken > Frame.PAYLOAD) {
            throw new FlatReader.Malformed(taken + " bytes of input taken of " + received, Frame.HEADER);
        }
        return new Resumed(job, made, taken, received);
    }

    private static JobExit exit(FlatReader in) {
        int kind = in.u32();
        int value = in.u32();
        JobUsage usage = new JobUsage(micros(in.u64()), micros(in.u64()), in.u64());
        String step = in.string();
        return switch (kind) {
            case 0 -> new Exited(value, usage);
            case 1 -> new Signalled(value, usage);
            case 2 -> new NotStarted(StartStep.of(step), value, usage);
            default -> throw new FlatReader.Malformed("an exit of kind " + kind, Frame.HEADER);
        };
    }

    private static Duration micros(long value) {
        return Duration.of(value, ChronoUnit.MICROS);
    }

    private static List<JobState> jobs(FlatReader in, long length) {
        long count = length / JobState.SIZE;
        if (count > MOST_JOBS) {
            throw new FlatReader.Malformed(count + " jobs", Frame.HEADER);
        }
        List<JobState> jobs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            jobs.add(new JobState(in.u32(), in.u32(), in.u32() != 0, in.u64(), in.u64(), in.u64()));
        }
        return List.copyOf(jobs);
    }
}
