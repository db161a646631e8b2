package dev.redoubt.node.daemon;

import dev.redoubt.node.flat.FlatReader;
import dev.redoubt.node.flat.FlatWriter;
import dev.redoubt.node.seccomp.CallReport;
import dev.redoubt.node.walls.report.Verdict;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.SandboxId;
import dev.redoubt.protocol.SandboxSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is said on {@code node.sock}. One message is one request or one answer; an answer follows each request. */
sealed interface Message {
    int MAGIC = 0x314e4452; // "RDN1"
    int MOST_BYTES = 64 * 1024;
    /** Of one answer; with its labels each is less than 2 KiB. */
    int MOST_LISTED = 32;

    /** Make a sandbox and lend its guest channel to this connection. It ends with the connection. */
    record Create(SandboxSpec spec) implements Message {}

    /** This connection takes over a sandbox that was lent through an earlier daemon. */
    record Attach(SandboxId id) implements Message {}

    /** Destroy the sandbox and answer when nothing of it is left. */
    record End(SandboxId id) implements Message {}

    /** End the sandbox, whoever holds it, who is told by its end; answered when nothing in it runs any more. */
    record Kill(SandboxId id) implements Message {}

    /** What has the broker been asked by this sandbox? */
    record Syscalls(SandboxId id) implements Message {}

    /** Which walls of this sandbox are in force? */
    record Walls(SandboxId id) implements Message {}

    /** Which sandboxes are there, in the order of their ids? The first ones, or those that come {@code after} one. */
    record Sandboxes(Optional<SandboxId> after) implements Message {}

    /** The sandbox is there; the descriptors that come along are its guest channel and its pidfd. */
    record Lent(SandboxId id) implements Message {}

    /** Attached; no descriptors, the client has them already. */
    record Attached() implements Message {}

    /** Nothing is left. {@code oomKills}: processes killed at the memory limit. */
    record Ended(long oomKills) implements Message {}

    /** What the broker has been asked. */
    record Told(CallReport calls) implements Message {}

    /** Read back; the descriptor that comes along is a file with the signed report, which may be longer than a message. */
    record WallsRead() implements Message {}

    /** Sandboxes that are there; fewer than {@link #MOST_LISTED} are the last ones. */
    record Listing(List<Listed> sandboxes) implements Message {
        public Listing {
            sandboxes = List.copyOf(sandboxes);
        }
    }

    /** Refused or failed; nothing is half done. */
    record Failed(ProblemCode code, String detail) implements Message {
        Problem problem() {
            return new Problem(code, detail);
        }
    }

    /** The message's bytes, alive as long as {@code arena}. */
    default MemorySegment encode(Arena arena) {
        FlatWriter out = new FlatWriter(arena).u32(MAGIC);
        switch (this) {
            case Create(SandboxSpec spec) -> SpecCodec.write(out.u32(1), spec);
            case Attach(SandboxId id) -> out.u32(2).string(id.value());
            case End(SandboxId id) -> out.u32(3).string(id.value());
            case Lent(SandboxId id) -> out.u32(4).string(id.value());
            case Attached() -> out.u32(5);
            case Ended(long oomKills) -> out.u32(6).u64(oomKills);
            case Failed(ProblemCode code, String detail) ->
                out.u32(7).string(code.name()).string(detail);
            case Syscalls(SandboxId id) -> out.u32(8).string(id.value());
            case Sandboxes(Optional<SandboxId> after) ->
                out.u32(9).string(after.map(SandboxId::value).orElse(""));
            case Told(CallReport calls) -> CallReportCodec.write(out.u32(10), calls);
            case Listing(List<Listed> sandboxes) -> write(out.u32(11), sandboxes);
            case Walls(SandboxId id) -> out.u32(12).string(id.value());
            case WallsRead() -> out.u32(13);
            case Kill(SandboxId id) -> out.u32(14).string(id.value());
        }
        return out.message();
    }

    /**
     * Reads one message.
     *
     * @throws FlatReader.Malformed when it is not exactly one
     * @throws IllegalArgumentException when a value in it is not valid
     */
    static Message decode(MemorySegment bytes) {
        FlatReader in = new FlatReader(bytes);
        if (in.u32() != MAGIC) {
            throw new FlatReader.Malformed("not a message of this version", 0);
        }
        int kind = in.u32();
        Message message = switch (kind) {
            case 1 -> new Create(SpecCodec.read(in));
            case 2 -> new Attach(new SandboxId(in.string()));
            case 3 -> new End(new SandboxId(in.string()));
            case 4 -> new Lent(new SandboxId(in.string()));
            case 5 -> new Attached();
            case 6 -> new Ended(in.u64());
            case 7 -> new Failed(ProblemCode.valueOf(in.string()), in.string());
            case 8 -> new Syscalls(new SandboxId(in.string()));
            case 9 -> new Sandboxes(after(in.string()));
            case 10 -> new Told(CallReportCodec.read(in));
            case 11 -> new Listing(listed(in));
            case 12 -> new Walls(new SandboxId(in.string()));
            case 13 -> new WallsRead();
            case 14 -> new Kill(new SandboxId(in.string()));
            default -> throw new FlatReader.Malformed("an unknown kind " + kind, 4);
        };
        in.end();
        return message;
    }

    private static void write(FlatWriter out, List<Listed> sandboxes) {
        out.u32(sandboxes.size());
        for (Listed sandbox : sandboxes) {
            out.string(sandbox.id().value()).u32(sandbox.network().ordinal());
            out.u64(sandbox.started().toEpochMilli()).u64(sandbox.refusedCalls());
            SpecCodec.write(out, sandbox.labels());
            out.u32(sandbox.walls().map(verdict -> verdict.ordinal() + 1).orElse(0));
        }
    }

    private static List<Listed> listed(FlatReader in) {
        List<Listed> sandboxes = new ArrayList<>();
        for (int left = in.count(MOST_LISTED); left > 0; left--) {
            sandboxes.add(new Listed(
                    new SandboxId(in.string()),
                    NetworkMode.values()[in.count(NetworkMode.values().length - 1)],
                    Instant.ofEpochMilli(in.u64()),
                    in.u64(),
                    SpecCodec.labels(in),
                    verdict(in)));
        }
        return sandboxes;
    }

    private static Optional<SandboxId> after(String id) {
        return id.isEmpty() ? Optional.empty() : Optional.of(new SandboxId(id));
    }

    private static Optional<Verdict> verdict(FlatReader in) {
        int number = in.count(Verdict.values().length);
        return number == 0 ? Optional.empty() : Optional.of(Verdict.values()[number - 1]);
    }
}
