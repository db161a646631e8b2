package dev.redoubt.node.daemon;

import dev.redoubt.node.flat.FlatReader;
import dev.redoubt.node.flat.FlatWriter;
import dev.redoubt.protocol.Problem;
import dev.redoubt.protocol.ProblemCode;
import dev.redoubt.protocol.SandboxId;
import dev.redoubt.protocol.SandboxSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What is said on {@code node.sock}. One message is one request or one answer; an answer follows each request. */
sealed interface Message {
    int MAGIC = 0x314e4452; // "RDN1"
    int MOST_BYTES = 64 * 1024;

    /** Make a sandbox and lend its guest channel to this connection. It ends with the connection. */
    record Create(SandboxSpec spec) implements Message {}

    /** This connection takes over a sandbox that was lent through an earlier daemon. */
    record Attach(SandboxId id) implements Message {}

    /** Destroy the sandbox and answer when nothing of it is left. */
    record End(SandboxId id) implements Message {}

    /** The sandbox is there; the descriptors that come along are its guest channel and its pidfd. */
    record Lent(SandboxId id) implements Message {}

    /** Attached; no descriptors, the client has them already. */
    record Attached() implements Message {}

    /** Nothing is left. {@code oomKills}: processes killed at the memory limit. */
    record Ended(long oomKills) implements Message {}

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
            default -> throw new FlatReader.Malformed("an unknown kind " + kind, 4);
        };
        in.end();
        return message;
    }
}
